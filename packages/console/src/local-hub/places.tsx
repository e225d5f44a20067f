import { Anchor, Group } from "@mantine/core";
import { Count, Tile } from "../elements/count.tsx";
import type { LocalHub } from "./local-hub.ts";

/** Where it listens, and who is there. */
export function Places({ hub: { host_name, ports, connected } }: { readonly hub: LocalHub }) {
  const address = `https://${host_name}:${ports.https}/`;
  return (
    <Group gap="xs" role="group" aria-label="Addresses">
      <Tile
        name="HTTPS"
        note={
          <Anchor href={address} target="_blank" rel="noreferrer" inherit>
            open its own page
          </Anchor>
        }
      >
        {ports.https}
      </Tile>
      <Tile name="AMQP with TLS" note={host_name}>
        {ports.amqps}
      </Tile>
      <Tile name="MQTT with TLS" note={host_name}>
        {ports.mqtts}
      </Tile>
      <Tile name="AMQP, plain" note="for Event Hubs clients">
        {ports.amqp}
      </Tile>
      <Tile name="Connected" note="devices and modules, now">
        <Count value={connected} />
      </Tile>
    </Group>
  );
}
