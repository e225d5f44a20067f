/** The hub's device-to-cloud messages in order of arrival, by partition: what the Event Hubs-compatible endpoint reads. */

export interface StoredEvent {
  readonly sequenceNumber: number;
  readonly offset: string;
  /** Unix milliseconds; never decreases within a partition. */
  readonly enqueuedTime: number;
  /** The complete encoded AMQP message, annotations included. */
  readonly message: Buffer;
}

/** What the stream knows about an event before it is encoded. */
export interface EventStamp {
  readonly sequenceNumber: number;
  readonly offset: string;
  readonly enqueuedTime: number;
}

export interface PartitionProperties {
  readonly partitionId: string;
  readonly beginSequenceNumber: number;
  /** -1 when nothing was ever enqueued. */
  readonly lastEnqueuedSequenceNumber: number;
  readonly lastEnqueuedOffset: string;
  readonly lastEnqueuedTime: number;
  readonly isEmpty: boolean;
}

export type EventPosition =
  | { readonly kind: "earliest" }
  | { readonly kind: "latest" }
  | { readonly kind: "sequenceNumber"; readonly value: number; readonly inclusive: boolean }
  | { readonly kind: "offset"; readonly value: string; readonly inclusive: boolean }
  | { readonly kind: "enqueuedTime"; readonly value: number };

export interface EventStream {
  /** Event Hub-compatible name: the `EntityPath` of its connection string. */
  readonly name: string;
  readonly partitionIds: readonly string[];
  /** Unix milliseconds. */
  readonly createdAt: number;
  /** The partition of a device: always the same one. */
  partitionOf(deviceId: string): string;
  /**
   * Encodes and appends items, all or none; resolves when they are kept (in the file when there is one). `encode` is called
   * once per item, in order, with the place the item gets.
   */
  append<T>(partitionId: string, items: readonly T[], encode: (item: T, stamp: EventStamp) => Buffer): Promise<void>;
  properties(partitionId: string): PartitionProperties;
  /** First sequence number to deliver for a position; may be beyond the end. */
  resolve(partitionId: string, position: EventPosition): number | Promise<number>;
  /**
   * Events from a sequence number on, at most `maxBytes` of messages but at least one if there is any. Skips forward when
   * the start fell out of retention. Answers without waiting when they are in memory.
   */
  read(partitionId: string, from: number, maxBytes: number): readonly StoredEvent[] | Promise<readonly StoredEvent[]>;
  /** Calls back after each append; returns the unsubscribe function. */
  onAppend(partitionId: string, listener: () => void): () => void;
}
