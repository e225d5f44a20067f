import { Alert, Anchor, Button, Group, NativeSelect, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { request } from "../client/request.ts";
import type { DeviceRow } from "../devices/device-rows.ts";
import { CodeBlock } from "../elements/code-block.tsx";
import { ConfirmButton } from "../elements/confirm-button.tsx";
import { announce } from "../elements/announcements.tsx";
import { Section } from "../elements/page.tsx";
import { SecretOnce } from "../elements/secret-once.tsx";
import { Time } from "../elements/time.tsx";
import { ThingKeysOnce } from "../things/thing-keys-once.tsx";
import { thingPath, type ThingKeys, type ThingRow } from "../things/thing-rows.ts";
import { useDoInHub, type DeviceKeys, type InHub } from "./hub-device.ts";
import { HubFailure } from "./missing-note.tsx";
import { NumberField } from "../elements/number-field.tsx";

/** The two keys of the device in its hub, shown when asked for. */
export function KeysTab({ at, device }: { readonly at: InHub; readonly device: DeviceRow }) {
  return device.kind === "thing" ? <KeysOfThing id={device.id} /> : <DeviceKeysSection at={at} />;
}

function DeviceKeysSection({ at }: { readonly at: InHub }) {
  const [keys, setKeys] = useState<DeviceKeys | null>(null);
  const reveal = useDoInHub<DeviceKeys>(at, "keys", { method: "GET" });
  const renew = useDoInHub<DeviceKeys, { readonly key: string }>(at, "keys", { method: "POST" });

  async function change(key: "primary" | "secondary" | "swap", said: string): Promise<void> {
    const changed = await renew.mutateAsync({ key });
    if (keys !== null) setKeys(changed);
    announce(said);
  }

  return (
    <Stack gap="lg">
      <Section
        title="Keys"
        actions={
          keys === null ? (
            <Button
              loading={reveal.isPending}
              onClick={() => reveal.mutate(undefined, { onSuccess: (shown) => setKeys(shown) })}
            >
              Show the keys
            </Button>
          ) : (
            <Button variant="default" onClick={() => setKeys(null)}>
              Hide the keys
            </Button>
          )
        }
      >
        <Text size="sm" c="dimmed">
          With one of them the device can sign in to the hub by itself. Whoever has it is the device: that they were
          shown is written into the{" "}
          <Anchor component={Link} to="/settings/audit" inherit>
            audit log
          </Anchor>
          .
        </Text>
        {reveal.error !== null && <HubFailure failure={reveal.error} />}
        {keys !== null && <Shown keys={keys} />}
        <Group gap="xs">
          {(["primary", "secondary"] as const).map((key) => (
            <ConfirmButton
              key={key}
              title={`Make a new ${key} key?`}
              message="Whatever signs in with the present one is refused from then on. Move it to the other key first."
              confirmLabel={`Make a new ${key} key`}
              onConfirm={() => change(key, `The device has a new ${key} key.`)}
            >
              {`New ${key} key`}
            </ConfirmButton>
          ))}
          <Button
            variant="default"
            loading={renew.isPending}
            onClick={() => void change("swap", "The two keys have changed places.").catch(() => undefined)}
          >
            Swap the keys
          </Button>
        </Group>
        {renew.error !== null && <HubFailure failure={renew.error} />}
      </Section>
      <TokenSection at={at} />
    </Stack>
  );
}

function Shown({ keys }: { readonly keys: DeviceKeys }) {
  const rows: readonly (readonly [string, string])[] = [
    ["Primary key", keys.primary_key],
    ["Secondary key", keys.secondary_key],
    ["Connection string (primary)", keys.primary_connection_string],
    ["Connection string (secondary)", keys.secondary_connection_string],
  ];
  return (
    <Stack gap="xs">
      {rows.map(([name, text]) => (
        <div key={name}>
          <Text size="xs" c="dimmed">
            {name}
          </Text>
          <CodeBlock text={text} what={`the ${name.toLowerCase()}`} />
        </div>
      ))}
    </Stack>
  );
}

function TokenSection({ at }: { readonly at: InHub }) {
  const [key, setKey] = useState("primary");
  const [minutes, setMinutes] = useState<number | string>(60);
  const make = useDoInHub<
    { readonly token: string; readonly expires_at: string },
    { readonly key: string; readonly minutes: number }
  >(at, "sas-tokens", { method: "POST" });
  return (
    <Section title="Token for a while">
      <Text size="sm" c="dimmed">
        A shared access signature stands for the device until it ends, without the key being given away.
      </Text>
      <Group align="flex-end">
        <NativeSelect
          label="Made with"
          data={[
            { value: "primary", label: "the primary key" },
            { value: "secondary", label: "the secondary key" },
          ]}
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
        />
        <NumberField label="Minutes" min={1} max={1_440} value={minutes} onChange={setMinutes} w={120} />
        <Button
          size="sm"
          variant="default"
          loading={make.isPending}
          onClick={() => make.mutate({ key, minutes: Number(minutes) })}
        >
          Make a token
        </Button>
      </Group>
      {make.error !== null && <HubFailure failure={make.error} />}
      {make.data !== undefined && (
        <SecretOnce what="token" secret={make.data.token}>
          It ends <Time at={make.data.expires_at} />.
        </SecretOnce>
      )}
    </Section>
  );
}

/** Of a Thing the keys are shown once, when they are made. */
function KeysOfThing({ id }: { readonly id: string }) {
  const [made, setMade] = useState<ThingKeys | null>(null);

  async function renew(key: "primary" | "secondary"): Promise<void> {
    const path = `${thingPath(id)}/keys`;
    const { thing } = await request<{ thing: ThingRow }>(path, { method: "POST", body: { key } });
    setMade(thing.deviceDetails ?? null);
  }

  return (
    <Section title="Keys of the Thing">
      <Alert color="gray" variant="light">
        <Text size="sm">
          A Thing’s keys are shown once, when it is made. Where they are lost, make a new one: the former one is refused
          from then on.
        </Text>
      </Alert>
      <Group gap="xs">
        {(["primary", "secondary"] as const).map((key) => (
          <ConfirmButton
            key={key}
            title={`Make a new ${key} key?`}
            message="Whatever signs in with the present one is refused from then on."
            confirmLabel={`Make a new ${key} key`}
            onConfirm={() => renew(key)}
          >
            {`New ${key} key`}
          </ConfirmButton>
        ))}
      </Group>
      {made !== null && <ThingKeysOnce keys={made} />}
    </Section>
  );
}
