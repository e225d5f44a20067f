/** Partition receivers of the Event Hubs-compatible endpoint. */
import { SECTION } from "../amqp-codec/sections.ts";
import { Writer } from "../amqp-codec/writer.ts";
import { HubError } from "../hub/errors.ts";
import type { EventStream, StoredEvent } from "../hub/event-stream.ts";
import type { ErrorCondition } from "../amqp-codec/performatives.ts";
import { AmqpError, errorCondition } from "./amqp-error.ts";
import type { ConnectionContext } from "./context.ts";
import type { Grant } from "./credentials.ts";
import { eventPosition } from "./event-position.ts";
import type { EventReader } from "./event-readers.ts";
import type { LinkRequest, OutgoingNode } from "./link.ts";
import type { OutgoingLink } from "./outgoing-link.ts";

const RUNTIME_METRICS = "com.microsoft:enable-receiver-runtime-metric";
const EPOCH = "com.microsoft:epoch";
/** Bytes read ahead of what was sent, per receiver. */
const READ_BYTES = 64 * 1024;

/** The part of an address after the entity. */
export interface PartitionAddress {
  readonly entity: string;
  readonly consumerGroup: string;
  readonly partitionId: string;
}

/** Throws when the partition, the group or a token is missing, or another reader owns the partition. */
export function openEventReceiver(
  context: ConnectionContext,
  request: LinkRequest,
  at: PartitionAddress,
): OutgoingNode {
  const { hub, credentials, limits } = context;
  const grant = credentials.forEvents(`${at.entity}/ConsumerGroups/${at.consumerGroup}/Partitions/${at.partitionId}`);
  const group = limits.consumerGroups.find((name) => name.toLowerCase() === at.consumerGroup.toLowerCase());
  if (at.entity.toLowerCase() !== hub.eventHubName.toLowerCase()) {
    throw new HubError("AmqpAddressNotFound", `There is no event hub ${at.entity}; this one is ${hub.eventHubName}.`);
  }
  if (group === undefined) throw new HubError("AmqpAddressNotFound", `There is no consumer group ${at.consumerGroup}.`);
  if (!hub.events.partitionIds.includes(at.partitionId)) {
    throw new AmqpError("link", "com.microsoft:argument-out-of-range", `There is no partition ${at.partitionId}.`);
  }
  return new EventReceiver(context, request, grant, { ...at, consumerGroup: group });
}

class EventReceiver implements OutgoingNode, EventReader {
  readonly epoch: number | undefined;
  readonly offeredCapabilities: readonly string[];
  readonly #context: ConnectionContext;
  readonly #stream: EventStream;
  readonly #grant: Grant;
  readonly #at: PartitionAddress;
  readonly #metrics: boolean;
  readonly #start: number | Promise<number>;
  #link: OutgoingLink | undefined;
  #unsubscribe: (() => void) | undefined;
  /** Next sequence number to read; `undefined` until the start is found. */
  #next: number | undefined;
  #events: readonly StoredEvent[] = [];
  #sent = 0;
  #reading = false;

  constructor(context: ConnectionContext, { attach }: LinkRequest, grant: Grant, at: PartitionAddress) {
    const epoch = attach.properties.get(EPOCH);
    this.epoch = typeof epoch === "number" || typeof epoch === "bigint" ? Number(epoch) : undefined;
    this.#metrics = attach.desiredCapabilities.includes(RUNTIME_METRICS);
    this.offeredCapabilities = this.#metrics ? [RUNTIME_METRICS] : [];
    this.#context = context;
    this.#stream = context.hub.events;
    this.#grant = grant;
    this.#at = at;
    this.#start = this.#stream.resolve(at.partitionId, eventPosition(attach.source?.filter));
    context.eventReaders.admit(at.consumerGroup, at.partitionId, this);
  }

  get busy(): boolean {
    return this.#reading;
  }

  opened(link: OutgoingLink): void {
    this.#link = link;
    this.#grant.dependents.add(link);
    this.#unsubscribe = this.#stream.onAppend(this.#at.partitionId, () => {
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
    const read = this.#stream.read(this.#at.partitionId, this.#next, READ_BYTES);
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
    const properties = this.#stream.properties(this.#at.partitionId);
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
    this.#context.eventReaders.remove(this.#at.consumerGroup, this.#at.partitionId, this);
    if (this.#link !== undefined) this.#grant.dependents.delete(this.#link);
    this.#events = [];
  }
}
