/** Partition receivers of the Event Hubs-compatible endpoints. */
import { SECTION } from "../../amqp-codec/sections.ts";
import { Writer } from "../../amqp-codec/writer.ts";
import { entityNotFound } from "../../hub/events/streams.ts";
import type { StoredEvent } from "../../hub/events/event-stream.ts";
import type { ErrorCondition } from "../../amqp-codec/performatives.ts";
import { AmqpError, errorCondition } from "../amqp-error.ts";
import type { ConnectionContext } from "../context.ts";
import type { Grant } from "../security/credentials.ts";
import { type EventHubAddress, noEventHub } from "./event-hub-address.ts";
import { eventPosition } from "./event-position.ts";
import type { EventReader, ReaderPlace } from "./event-readers.ts";
import type { LinkRequest, OutgoingNode } from "../links/link.ts";
import type { OutgoingLink } from "../links/outgoing-link.ts";

const RUNTIME_METRICS = "com.microsoft:enable-receiver-runtime-metric";
const EPOCH = "com.microsoft:epoch";
/** Bytes read ahead of what was sent, per receiver. */
const READ_BYTES = 64 * 1024;

type PartitionAddress = Omit<Extract<EventHubAddress, { kind: "partition" }>, "kind">;

/** Throws when the event hub, the partition, the group or a token is missing, or another reader owns the partition. */
export function openEventReceiver(
  context: ConnectionContext,
  request: LinkRequest,
  { entity, consumerGroup, partitionId }: PartitionAddress,
): OutgoingNode {
  const { hub, credentials } = context;
  const grant = credentials.forEvents(`${entity}/ConsumerGroups/${consumerGroup}/Partitions/${partitionId}`);
  const stream = hub.streams.find(entity);
  if (stream === undefined) throw noEventHub(hub, entity);
  const group = hub.consumerGroups.find(consumerGroup);
  if (group === undefined) {
    throw entityNotFound(`${entity}/ConsumerGroups/${consumerGroup}`, `there is ${[...hub.consumerGroups].join(", ")}`);
  }
  if (!stream.partitionIds.includes(partitionId)) {
    throw new AmqpError("link", "com.microsoft:argument-out-of-range", `There is no partition ${partitionId}.`);
  }
  return new EventReceiver(context, request, grant, { stream, consumerGroup: group, partitionId });
}

class EventReceiver implements OutgoingNode, EventReader {
  readonly place: ReaderPlace;
  readonly epoch: number | undefined;
  readonly offeredCapabilities: readonly string[];
  readonly #context: ConnectionContext;
  readonly #grant: Grant;
  readonly #metrics: boolean;
  readonly #start: number | Promise<number>;
  #link: OutgoingLink | undefined;
  #unsubscribe: (() => void) | undefined;
  /** Next sequence number to read; `undefined` until the start is found. */
  #next: number | undefined;
  #events: readonly StoredEvent[] = [];
  #sent = 0;
  #reading = false;

  constructor(context: ConnectionContext, { attach }: LinkRequest, grant: Grant, place: ReaderPlace) {
    const epoch = attach.properties.get(EPOCH);
    this.epoch = typeof epoch === "number" || typeof epoch === "bigint" ? Number(epoch) : undefined;
    this.#metrics = attach.desiredCapabilities.includes(RUNTIME_METRICS);
    this.offeredCapabilities = this.#metrics ? [RUNTIME_METRICS] : [];
    this.#context = context;
    this.#grant = grant;
    this.place = place;
    this.#start = place.stream.resolve(place.partitionId, eventPosition(attach.source?.filter));
    context.eventReaders.admit(this);
  }

  get busy(): boolean {
    return this.#reading;
  }

  opened(link: OutgoingLink): void {
    this.#link = link;
    this.#grant.dependents.add(link);
    this.#unsubscribe = this.place.stream.onAppend(this.place.partitionId, () => {
      if (link.credit > 0) link.wake();
    });
    this.#later(this.#start, (start) => (this.#next = start));
  }

  detach(error: ErrorCondition): void {
    this.#link?.detach(error);
  }

  pump(link: OutgoingLink, budget: number): boolean {
    let left = budget;
    while (link.sendable && left > 0) {
      const event = this.#events[this.#sent];
      if (event === undefined) {
        if (!this.#readMore()) return false;
        continue;
      }
      this.#sent++;
      link.send(this.#metrics ? this.#withMetrics(event) : event.message);
      left -= event.message.length;
    }
    return link.sendable;
  }

  // Returns whether there are events at hand now.
  #readMore(): boolean {
    if (this.#reading || this.#next === undefined) return false;
    const read = this.place.stream.read(this.place.partitionId, this.#next, READ_BYTES);
    this.#later(read, (events) => {
      this.#events = events;
      this.#sent = 0;
      const last = events.at(-1);
      if (last !== undefined) this.#next = last.sequenceNumber + 1;
    });
    return !this.#reading && this.#events.length > 0;
  }

  // Goes on at once when the stream answers at once, else wakes the link when it has answered.
  #later<T>(result: T | Promise<T>, use: (value: T) => unknown): void {
    if (!(result instanceof Promise)) {
      use(result);
      return;
    }
    this.#reading = true;
    result.then(
      (value) => {
        this.#reading = false;
        use(value);
        this.#link?.wake();
      },
      (error: unknown) => this.#link?.detach(errorCondition(error)),
    );
  }

  // Receivers that ask for it learn with every event how far the partition has come.
  #withMetrics({ message }: StoredEvent): Buffer {
    const properties = this.place.stream.properties(this.place.partitionId);
    const writer = new Writer(message.length + 256);
    writer.described(SECTION.deliveryAnnotations);
    const mark = writer.beginCompound(0xd1);
    writer.symbol("last_enqueued_sequence_number");
    writer.long(properties.lastEnqueuedSequenceNumber);
    writer.symbol("last_enqueued_offset");
    writer.string(properties.lastEnqueuedOffset);
    writer.symbol("last_enqueued_time_utc");
    writer.timestamp(properties.lastEnqueuedTime);
    writer.symbol("runtime_info_retrieval_time_utc");
    writer.timestamp(this.#context.hub.now());
    writer.endCompound(mark, 8);
    writer.raw(message);
    return writer.written();
  }

  closed(): void {
    this.#unsubscribe?.();
    this.#context.eventReaders.remove(this);
    if (this.#link !== undefined) this.#grant.dependents.delete(this.#link);
    this.#events = [];
  }
}
