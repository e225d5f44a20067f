/** `$management` of the Event Hubs-compatible endpoints: READ of an event hub and of its partitions. */
import type { AmqpMessage } from "../../amqp-codec/message.ts";
import type { Writer } from "../../amqp-codec/writer.ts";
import type { EventStream } from "../../hub/events/event-stream.ts";
import { noEventHub } from "./event-hub-address.ts";
import type { ConnectionContext } from "../context.ts";
import type { IncomingNode, OutgoingNode } from "../links/link.ts";
import { requestNode, ResponseNode, type Response } from "../links/request-response.ts";
import { Credentials } from "../security/credentials.ts";
import { authenticateToken } from "../security/sasl.ts";

const ENTITY_TYPE = "com.microsoft:eventhub";
const PARTITION_TYPE = "com.microsoft:partition";

/**
 * Anyone may open these links: a request says with its own token, or with one of the connection's, what it may read. Java's
 * client puts none on `$cbs` before it asks.
 */
export function openManagementRequests(context: ConnectionContext): IncomingNode {
  return requestNode("management", context.responses, ({ applicationProperties }) =>
    answer(context, applicationProperties),
  );
}

export function openManagementResponses(context: ConnectionContext, target: string | undefined): OutgoingNode {
  return new ResponseNode("management", context.responses, target);
}

function answer(context: ConnectionContext, properties: AmqpMessage["applicationProperties"]): Response {
  if (properties.get("operation") !== "READ")
    return failure(400, "amqp:not-implemented", "The operation must be READ.");
  const { hub } = context;
  const name = properties.get("name");
  if (typeof name !== "string") return failure(400, "amqp:invalid-field", "The name must be that of an event hub.");
  const stream = hub.streams.find(name);
  if (stream === undefined) return failure(404, "amqp:not-found", noEventHub(hub, name).message);
  try {
    credentialsOf(context, properties.get("security_token")).forEvents(`${stream.name}/$management`);
  } catch {
    const text = `Neither the request's security_token nor a token of this connection covers ${stream.name}.`;
    return failure(401, "amqp:unauthorized-access", text);
  }
  const type = properties.get("type");
  if (type === ENTITY_TYPE) return found((writer) => writeEntity(writer, stream));
  if (type === PARTITION_TYPE) return readPartition(stream, properties.get("partition"));
  return failure(400, "amqp:invalid-field", `The type must be ${ENTITY_TYPE} or ${PARTITION_TYPE}.`);
}

// A token of the request stands for this request alone.
function credentialsOf({ hub, credentials }: ConnectionContext, token: unknown): Credentials {
  if (typeof token !== "string") return credentials;
  const own = new Credentials(hub, 1);
  own.add(authenticateToken(hub, token));
  return own;
}

function readPartition(stream: EventStream, partition: unknown): Response {
  const id = typeof partition === "number" ? String(partition) : partition;
  if (typeof id !== "string" || !stream.partitionIds.includes(id)) {
    return failure(404, "com.microsoft:argument-out-of-range", "There is no such partition.");
  }
  return found((writer) => writePartition(writer, stream, id));
}

function writeEntity(writer: Writer, { name, createdAt, partitionIds }: EventStream): void {
  const mark = writer.beginCompound(0xd1);
  writer.string("name");
  writer.string(name);
  writer.string("type");
  writer.string(ENTITY_TYPE);
  writer.string("partition_count");
  writer.int(partitionIds.length);
  writer.string("created_at");
  writer.timestamp(createdAt);
  writer.string("partition_ids");
  writer.strings(partitionIds);
  writer.string("georeplication_factor");
  writer.int(1);
  writer.endCompound(mark, 12);
}

function writePartition(writer: Writer, stream: EventStream, partitionId: string): void {
  const properties = stream.properties(partitionId);
  const mark = writer.beginCompound(0xd1);
  writer.string("name");
  writer.string(stream.name);
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
