import { Anchor, Button, Stack } from "@mantine/core";
import { Link } from "wouter";
import { Empty } from "../elements/empty.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Page, Section } from "../elements/page.tsx";
import { useConnections } from "./connection.ts";
import { HubCard } from "./hub-card.tsx";
import { StateHubs } from "./state-hubs.tsx";

/** The hubs that events and states go to: do they take them, and for how long today? */
export function HubsPage() {
  const connections = useConnections();
  return (
    <Page
      title="Hubs"
      about="Integrations with the same hub, policy and key share a connection."
      actions={
        <Button component={Link} to="/hubs/local" variant="default">
          Local Hub
        </Button>
      }
    >
      <Loaded query={connections} lines={8}>
        {(hubs) =>
          hubs.length === 0 ? (
            <Empty title="No integration sends to a hub yet">
              A hub shows up here with the first integration that names it.{" "}
              <Anchor component={Link} to="/integrations/new/azure" inherit>
                Set up Azure IoT Hub
              </Anchor>
              , or look at the Local Hub, which needs no Azure account.
            </Empty>
          ) : (
            <Stack gap="sm">
              {hubs.map((connection) => (
                <HubCard key={connection.id} connection={connection} />
              ))}
            </Stack>
          )
        }
      </Loaded>
      <Section title="Hubs that mirror states">
        <StateHubs />
      </Section>
    </Page>
  );
}
