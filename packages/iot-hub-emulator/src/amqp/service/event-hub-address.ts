/** Addresses of the Event Hubs-compatible endpoints: `{event hub}[/ConsumerGroups/{group}][/Partitions/{id}]` and `$management`. */
import type { HubError } from "../../hub/errors.ts";
import type { Hub } from "../../hub/hub.ts";
import { entityNotFound } from "../../hub/events/streams.ts";
import { AmqpError } from "../amqp-error.ts";

export type EventHubAddress =
  | { readonly kind: "management"; readonly entity?: string }
  | {
      readonly kind: "partition";
      readonly entity: string;
      readonly consumerGroup: string;
      readonly partitionId: string;
    }
  /** Where a client of Event Hubs would send. */
  | { readonly kind: "eventHub"; readonly entity: string };

/** Reads the path of a link address; `undefined` when it is not of this form. */
export function parseEventHubAddress(path: string): EventHubAddress | undefined {
  const partition = /^([^/]+)\/ConsumerGroups\/([^/]+)\/Partitions\/([^/]+)$/i.exec(path);
  if (partition !== null) {
    const [, entity = "", consumerGroup = "", partitionId = ""] = partition;
    return { kind: "partition", entity, consumerGroup, partitionId };
  }
  const management = /^(?:([^/]+)\/)?\$management$/i.exec(path);
  if (management !== null) {
    return { kind: "management", ...(management[1] === undefined ? {} : { entity: management[1] }) };
  }
  const entity = /^([^/]+)(?:\/Partitions\/[^/]+)?$/i.exec(path)?.[1];
  return entity === undefined ? undefined : { kind: "eventHub", entity };
}

/** Says which event hubs there are. */
export function noEventHub(hub: Hub, name: string): HubError {
  const names = [...hub.streams.values()].map((stream) => stream.name).join(", ");
  return entityNotFound(name, `there is ${names}`);
}

/** Only the hub writes to its event hubs: refuses any link to one as a whole. */
export function refuseSending(hub: Hub, entity: string): never {
  const stream = hub.streams.find(entity);
  if (stream === undefined) throw noEventHub(hub, entity);
  const text = `Nothing can be sent to the event hub ${stream.name}: messages come to it from devices, by way of the hub's routes.`;
  throw new AmqpError("link", "amqp:not-allowed", text);
}
