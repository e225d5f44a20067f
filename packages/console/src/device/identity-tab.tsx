import { Button, Code, Stack, Text } from "@mantine/core";
import { Facts, Fact } from "../elements/facts.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Section } from "../elements/page.tsx";
import { StateBadge } from "../elements/state-badge.tsx";
import { Time } from "../elements/time.tsx";
import { useDoInHub, useInHub, type HubIdentity, type InHub } from "./hub-device.ts";
import { authenticationInWords, originInWords, StatusBadge } from "./identity-words.tsx";
import { LoadedOfHub } from "./in-hub.tsx";

/** The hub's record of the device, and the switch that keeps it from the hub. */
export function IdentityTab({ at }: { readonly at: InHub }) {
  const query = useInHub<HubIdentity>(at, "identity");
  return (
    <LoadedOfHub query={query}>
      {(identity) => (
        <Section title="Identity in the hub" actions={<StatusButton at={at} identity={identity} />}>
          <Identity identity={identity} />
        </Section>
      )}
    </LoadedOfHub>
  );
}

function Identity({ identity }: { readonly identity: HubIdentity }) {
  const connected = identity.connection_state === "connected";
  return (
    <Stack gap="xs">
      <Facts>
        <Fact name="Status">
          <StatusBadge status={identity.status} />
          {identity.status_reason !== null && ` (${identity.status_reason})`}
          {identity.status_updated !== null && (
            <>
              {" "}
              since <Time at={identity.status_updated} />
            </>
          )}
        </Fact>
        <Fact name="Connection">
          <StateBadge tone={connected ? "good" : "quiet"}>{connected ? "Connected" : "Disconnected"}</StateBadge>
          {identity.connection_state_updated !== null && (
            <>
              {" "}
              since <Time at={identity.connection_state_updated} />
            </>
          )}
        </Fact>
        <Fact name="Last activity">
          <Time at={identity.last_activity} />
        </Fact>
        <Fact name="Signs in by">{authenticationInWords(identity.authentication)}</Fact>
        <Fact name="Origin">{originInWords(identity.known)}</Fact>
        <Fact name="Generation id">
          <Code>{identity.generation_id}</Code>
        </Fact>
        <Fact name="Messages waiting">{identity.waiting_messages.toLocaleString()} of 50</Fact>
        {identity.edge && <Fact name="Kind">IoT Edge device</Fact>}
      </Facts>
      <Text size="xs" c="dimmed">
        The generation id changes when an identity is deleted and made again. A device behind the bridge shows as
        connected while the bridge has its link open.
      </Text>
    </Stack>
  );
}

function StatusButton({ at, identity }: { readonly at: InHub; readonly identity: HubIdentity }) {
  const next = identity.status === "enabled" ? "disabled" : "enabled";
  const said = next === "disabled" ? "The device is disabled in the hub." : "The device is enabled in the hub.";
  const change = useDoInHub<HubIdentity, { readonly status: string }>(at, "identity", { method: "PUT", said });
  return (
    <>
      <Button variant="default" loading={change.isPending} onClick={() => change.mutate({ status: next })}>
        {next === "disabled" ? "Disable in the hub" : "Enable in the hub"}
      </Button>
      {change.error !== null && <FailureNote failure={change.error} />}
    </>
  );
}
