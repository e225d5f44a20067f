/** What the page shows of a hub, in the form it shows it. */
import type { StoredEvent } from "../../hub/events/event-stream.ts";
import type { Hub } from "../../hub/hub.ts";
import type { DecodeEvent, DecodedMessage } from "../../hub/events/hub-event.ts";
import { NO_DATE } from "../../hub/registry/identity.ts";
import type { Site } from "../site.ts";

const MAX_DEVICES = 100;
const MAX_MESSAGES = 50;
const READ_BYTES = 4 * 1024 * 1024;
const SHOWN_BODY = 4000;
const SHOWN_PAIRS = 30;

export async function viewOf(hub: Hub, { addresses, decodeEvent }: Site): Promise<unknown> {
  const { totalDeviceCount } = hub.registry.statistics();
  const { tier, units } = hub.limits.state();
  return {
    hostName: hub.hostName,
    time: new Date(hub.now()).toISOString(),
    frozen: hub.clock.frozen,
    tier,
    units,
    deviceCount: totalDeviceCount,
    connectedCount: hub.connections.count,
    messageCount: messageCount(hub),
    connectionStrings: [
      ["Hub, policy iothubowner", addresses.connectionString],
      ["Event Hubs-compatible endpoint", addresses.eventHubConnectionString],
      ["Event Hubs-compatible endpoint without TLS", addresses.plainEventHubConnectionString],
      ["Device provisioning, id scope", addresses.idScope],
      ["Device provisioning, its service", addresses.provisioningConnectionString],
    ],
    ports: [
      ["HTTPS", addresses.httpsPort],
      ["MQTT", addresses.mqttsPort],
      ["AMQP", addresses.amqpsPort],
      ["AMQP without TLS", addresses.amqpPort],
    ],
    devices: devicesOf(hub),
    messages: await lastMessages(hub, decodeEvent),
  };
}

function devicesOf(hub: Hub): readonly unknown[] {
  return hub.registry.list(MAX_DEVICES).map((device) => {
    const { connectionState, lastActivityTime, cloudToDeviceMessageCount } = hub.registry.live(device);
    return {
      deviceId: device.deviceId,
      status: device.status,
      connectionState,
      protocol: hub.connections.find(device)?.protocol.toUpperCase(),
      authentication: AUTHENTICATIONS[device.authentication.type],
      lastActivityTime: lastActivityTime === NO_DATE ? null : lastActivityTime,
      waiting: cloudToDeviceMessageCount,
    };
  });
}

const AUTHENTICATIONS: Readonly<Record<string, string>> = {
  sas: "symmetric key",
  selfSigned: "certificate",
  certificateAuthority: "certificate of a CA",
  none: "no authentication",
};

function messageCount({ events }: Hub): number {
  return events.partitionIds.reduce((sum, id) => {
    const { beginSequenceNumber, lastEnqueuedSequenceNumber } = events.properties(id);
    return sum + Math.max(0, lastEnqueuedSequenceNumber - beginSequenceNumber + 1);
  }, 0);
}

interface Placed extends StoredEvent {
  readonly partitionId: string;
}

async function lastMessages(hub: Hub, decode: DecodeEvent): Promise<readonly unknown[]> {
  const byPartition = await Promise.all(hub.events.partitionIds.map((id) => lastOf(hub, id)));
  return byPartition
    .flat()
    .toSorted((a, b) => b.enqueuedTime - a.enqueuedTime || b.sequenceNumber - a.sequenceNumber)
    .slice(0, MAX_MESSAGES)
    .map((event) => messageView(event, decode(event.message)));
}

// Where the last fifty are too large to be read at once, the last few will do.
async function lastOf({ events }: Hub, partitionId: string): Promise<readonly Placed[]> {
  const { lastEnqueuedSequenceNumber: last } = events.properties(partitionId);
  for (const count of [MAX_MESSAGES, 8]) {
    const found = await events.read(partitionId, Math.max(0, last - count + 1), READ_BYTES);
    if ((found.at(-1)?.sequenceNumber ?? last) >= last) return found.map((event) => ({ ...event, partitionId }));
  }
  return [];
}

function messageView({ partitionId, sequenceNumber, enqueuedTime }: Placed, message: DecodedMessage): unknown {
  const { deviceId, moduleId, body, properties, source } = message;
  // Some clients address a message to where it goes anyway.
  const { to: _, ...systemProperties } = message.systemProperties;
  const pairs = [...(source === "Telemetry" ? [] : [["source", source]]), ...entriesOf(systemProperties, properties)];
  return {
    key: `${partitionId}/${sequenceNumber}/${enqueuedTime}`,
    device: moduleId === undefined ? deviceId : `${deviceId} / ${moduleId}`,
    time: new Date(enqueuedTime).toISOString(),
    body: body.toString("utf8", 0, SHOWN_BODY),
    pairs: pairs.slice(0, SHOWN_PAIRS),
  };
}

function entriesOf(...records: readonly Readonly<Record<string, string | number>>[]): (readonly string[])[] {
  return records.flatMap((record) =>
    Object.entries(record).map(([name, value]) => [name, String(value).slice(0, 200)]),
  );
}
