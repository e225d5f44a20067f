import { Text } from "@mantine/core";
import { ApiFailure } from "../client/failure.ts";
import { Empty } from "../elements/empty.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Page, Section } from "../elements/page.tsx";
import { ConnectionStrings } from "./connection-strings.tsx";
import { FaultSwitches } from "./fault-switches.tsx";
import { FirstClient } from "./first-client.tsx";
import { useLocalHub, type LocalHub } from "./local-hub.ts";
import { Places } from "./places.tsx";
import { TierForm } from "./tier-form.tsx";
import { TrustCa } from "./trust-ca.tsx";

export function LocalHubPage() {
  const query = useLocalHub();
  const isOff = query.error instanceof ApiFailure && query.error.code === "local_hub_off";
  return (
    <Page
      title="Local Hub"
      about="An Azure IoT Hub on this machine. Microsoft's SDKs connect to it as to a real one."
      parent={{ title: "Hubs", to: "/hubs" }}
    >
      {isOff ? (
        <Empty title="This server runs without the Local Hub" command="ISTHMUS_LOCAL_HUB=on npx isthmus serve">
          With it, events can be sent to a hub, and troubles of a hub tried out, without an Azure account.
        </Empty>
      ) : (
        <Loaded query={query} lines={10}>
          {(hub) => <Everything hub={hub} />}
        </Loaded>
      )}
    </Page>
  );
}

function Everything({ hub }: { readonly hub: LocalHub }) {
  return (
    <>
      <Places hub={hub} />
      <Section title="Connection strings">
        <ConnectionStrings strings={hub.connection_strings} idScope={hub.id_scope} />
      </Section>
      <Section title="Trust its certificate authority">
        <TrustCa hub={hub} />
      </Section>
      <Section title="A first client">
        <FirstClient hub={hub} />
      </Section>
      <Section title="Tier">
        <TierForm key={`${hub.limits.tier} ${hub.limits.units}`} limits={hub.limits} />
      </Section>
      <Section title="Faults">
        <Text size="sm" c="dimmed">
          Troubles that a real hub has now and then. Switch one on, look at what the console says, and switch it off.
        </Text>
        <FaultSwitches faults={hub.faults} />
      </Section>
    </>
  );
}
