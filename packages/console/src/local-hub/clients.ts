/** Programs that run against the Local Hub as they stand, given its addresses. */
import type { LocalHub } from "./local-hub.ts";

export interface Client {
  readonly name: string;
  readonly about: string;
  readonly text: (hub: LocalHub) => string;
}

const OWNER = "iothubowner";

function valueOf({ connection_strings }: LocalHub, name: string): string {
  return connection_strings.find((one) => one.name === name)?.value ?? "";
}

function nodeReader(hub: LocalHub): string {
  return `npm install @azure/event-hubs
cat > read.mjs <<'END'
import { EventHubConsumerClient, latestEventPosition } from "@azure/event-hubs";
const reader = new EventHubConsumerClient("$Default", process.env.EVENTS);
reader.subscribe(
  {
    async processEvents(events) {
      for (const { body, systemProperties } of events) {
        console.log(systemProperties["iothub-connection-device-id"], body);
      }
    },
    async processError(error) {
      console.error(error.message);
    },
  },
  { startPosition: latestEventPosition },
);
END
EVENTS='${valueOf(hub, "events_plain")}' node read.mjs`;
}

function curl(hub: LocalHub): string {
  const key = /SharedAccessKey=([^;]+)/.exec(valueOf(hub, OWNER))?.[1] ?? "";
  return `curl --cacert ${hub.ca_file} https://${hub.host_name}:${hub.ports.https}/admin/connections \\
  -H 'x-admin-key: ${key}'`;
}

function cli(): string {
  return `npx isthmus monitor-events --compact`;
}

export const CLIENTS: readonly [Client, ...Client[]] = [
  { name: "isthmus", about: "Messages as they arrive, with the command line of this server.", text: cli },
  {
    name: "Read events",
    about: "Microsoft's Event Hubs client for Node shows each message as it arrives.",
    text: nodeReader,
  },
  { name: "curl", about: "The hub's own admin API: who is connected.", text: curl },
];
