/** `$management` of the Event Hubs-compatible endpoint: READ of the event hub and of its partitions. */
import type { AmqpMessage } from "../amqp-codec/message.ts";
import type { Writer } from "../amqp-codec/writer.ts";
import type { Hub } from "../hub/hub.ts";
import type { ConnectionContext } from "./context.ts";
import type { IncomingNode, OutgoingNode } from "./link.ts";
import { requestNode, ResponseNode, type Response } from "./request-response.ts";

const ENTITY_TYPE = "com.microsoft:eventhub";
const PARTITION_TYPE = "com.microsoft:partition";

/** Throws `IotHubUnauthorizedAccess` without a token that has ServiceConnect. */
export function openManagementRequests({ hub, credentials, responses }: ConnectionContext): IncomingNode {
  const path = `${hub.eventHubName}/$management`;
  credentials.forEvents(path);
  return requestNode("management", responses, ({ applicationProperties }) => {
    try {
      credentials.forEvents(path);
    } catch {
      return failure(401, "amqp:unauthorized-access", "The token has expired.");
    }
    return read(hub, applicationProperties);
  });
}

export function openManagementResponses(context: ConnectionContext, target: string | undefined): OutgoingNode {
  context.credentials.forEvents(`${context.hub.eventHubName}/$management`);
  return new ResponseNode("management", context.responses, target);
}

function read(hub: Hub, properties: AmqpMessage["applicationProperties"]): Response {
  if (properties.get("operation") !== "READ")
    return failure(400, "amqp:not-implemented", "The operation must be READ.");
  const name = properties.get("name");
  if (typeof name !== "string" || name.toLowerCase() !== hub.eventHubName.toLowerCase()) {
    return failure(404, "amqp:not-found", `This event hub is ${hub.eventHubName}.`);
  }
  const type = properties.get("type");
  if (type === ENTITY_TYPE) return found((writer) => writeEntity(writer, hub));
  if (type === PARTITION_TYPE) return readPartition(hub, properties.get("partition"));
  return failure(400, "amqp:invalid-field", `The type must be ${ENTITY_TYPE} or ${PARTITION_TYPE}.`);
}

function readPartition(hub: Hub, partition: unknown): Response {
  const id = typeof partition === "number" ? String(partition) : partition;
  if (typeof id !== "string" || !hub.events.partitionIds.includes(id)) {
    return failure(404, "com.microsoft:argument-out-of-range", "There is no such partition.");
  }
  return found((writer) => writePartition(writer, hub, id));
}

function writeEntity(writer: Writer, { eventHubName, events }: Hub): void {
  const mark = writer.beginCompound(0xd1);
  writer.string("name");
  writer.string(eventHubName);
  writer.string("type");
  writer.string(ENTITY_TYPE);
  writer.string("partition_count");
  writer.int(events.partitionIds.length);
  writer.string("created_at");
  writer.timestamp(events.createdAt);
  writer.string("partition_ids");
  writer.strings(events.partitionIds);
  writer.string("georeplication_factor");
  writer.int(1);
  writer.endCompound(mark, 12);
}

function writePartition(writer: Writer, { eventHubName, events }: Hub, partitionId: string): void {
  const properties = events.properties(partitionId);
  const mark = writer.beginCompound(0xd1);
  writer.string("name");
  writer.string(eventHubName);
  writer.string("type");
  writer.string(PARTITION_TYPE);
  writer.string("partition");
  writer.string(partitionId);
  writer.string("begin_sequence_number");
  writer.long(properties.beginSequenceNumber);
  writer.string("last_enqueued_sequence_number");
  writer.long(properties.lastEnqueuedSequenceNumber);
  writer.string("last_enqueued_offset");
  writer.string(properties.lastEnqueuedOffset);
  writer.string("last_enqueued_time_utc");
  writer.timestamp(properties.lastEnqueuedTime);
  writer.string("is_partition_empty");
  writer.boolean(properties.isEmpty);
  writer.endCompound(mark, 16);
}

function found(body: (writer: Writer) => void): Response {
  return { status: 200, description: "OK", body };
}

function failure(status: number, condition: string, description: string): Response {
  return { status, description, condition };
}
