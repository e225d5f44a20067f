/** Cloud-to-device messages: a bounded queue per device, kept in the journal until each message has ended. */
import { messageSize } from "iot-hub-protocol";
import type { DeviceMessage } from "iot-hub-protocol";
import type { HubClock } from "../clock/clock.ts";
import { HubError } from "../errors.ts";
import { ACKS } from "./feedback.ts";
import type { Feedback } from "./feedback.ts";
import type { Journal } from "../journal/journal.ts";
import type { Limits } from "../limits/limits.ts";
import { LockQueue } from "./lock-queue.ts";
import type { LockedItem, Outcome, QueueItem } from "./lock-queue.ts";
import { messageOfRecord, messageRecord } from "./message-record.ts";
import type { MessageRecord } from "./message-record.ts";
import type { Registry } from "../registry/registry.ts";
import type { Change, Sequence } from "./sequence.ts";
import { LOCK_MS, MAX_DELIVERY_COUNT, TTL_MS } from "./service-queue.ts";
import type { LockTime } from "./service-queue.ts";

export interface QueuedMessage {
  readonly lockToken: string;
  readonly sequenceNumber: number;
  /** Unix milliseconds. */
  readonly enqueuedTime: number;
  /** How often it was abandoned, or its lock ran out. */
  readonly deliveryCount: number;
  readonly message: DeviceMessage;
}

export interface DeviceQueueOptions {
  readonly journal: Journal;
  readonly sequence: Sequence;
  readonly clock: HubClock;
  readonly registry: Registry;
  readonly feedback: Feedback;
  readonly limits: Limits;
  /** Deliveries after which a message is given up; default 10. */
  readonly maxDeliveryCount?: number;
}

const MAX_DEPTH = 50;
const MAX_BYTES: number = 64 * 1024;
const MAX_MESSAGE_ID = 128;
const MAX_TTL_MS: number = 2 * 24 * 3_600_000;
const PREFIX = "cloud-to-device/";

/** A message and the identity it is for: one created again under the same id is another one. */
interface AddressedMessage {
  readonly deviceId: string;
  readonly generationId: string;
  readonly message: DeviceMessage;
}

interface MessageQueueRecord {
  readonly deviceId: string;
  readonly generationId: string;
  readonly enqueuedTime: number;
  readonly expiresAt: number;
  readonly deliveryCount: number;
  readonly message: MessageRecord;
}

interface DeviceQueue {
  readonly queue: LockQueue<AddressedMessage>;
  readonly listeners: Set<() => void>;
}

export class DeviceQueues {
  readonly #options: DeviceQueueOptions;
  // Those of devices with messages or listeners.
  readonly #queues = new Map<string, DeviceQueue>();

  constructor(options: DeviceQueueOptions) {
    this.#options = options;
    for (const [key, value] of options.journal.entries) {
      if (key.startsWith(PREFIX)) this.#load(Number(key.slice(PREFIX.length)), value as MessageQueueRecord);
    }
    options.registry.onChange(({ kind, identity }) => {
      if (kind === "deleted" && identity.moduleId === undefined) this.#drop(identity.deviceId);
    });
  }

  /**
   * Resolves when the message is written. Throws `DeviceNotFound`, `DeviceMaximumQueueDepthExceeded`, `MessageTooLarge`,
   * `InvalidMessageExpiryTime`, `ArgumentInvalid`, or what `Limits.spend` throws.
   */
  async enqueue(deviceId: string, message: DeviceMessage): Promise<void> {
    const { registry, clock, sequence, journal, limits } = this.#options;
    registry.get(deviceId);
    requireSendable(message);
    await limits.spend("cloudToDeviceSend", { messages: limits.blocks(messageSize(message)) });
    const { generationId } = registry.get(deviceId);
    const enqueuedTime = clock.now();
    const expiresAt = expiryOf(message, enqueuedTime);
    if (this.count(deviceId) >= MAX_DEPTH) {
      throw new HubError(
        "DeviceMaximumQueueDepthExceeded",
        `The queue of device ${deviceId} holds ${MAX_DEPTH} messages, no more until the device settles some.`,
      );
    }
    const { number, change } = sequence.next();
    const content = { deviceId, generationId, message };
    const item = { sequenceNumber: number, enqueuedTime, expiresAt, deliveryCount: 0, content };
    const written = journal.commit([change, [PREFIX + number, recordOf(item)]]);
    this.#open(deviceId).queue.add(item);
    try {
      await written;
    } catch (error) {
      this.#queues.get(deviceId)?.queue.remove(number);
      this.#closeIdle(deviceId);
      throw error;
    }
  }

  /** Locks the oldest available message, by default for a minute. */
  receive(deviceId: string, { lockMs = LOCK_MS }: { readonly lockMs?: LockTime } = {}): QueuedMessage | undefined {
    const item = this.#queues.get(deviceId)?.queue.receive(lockMs === "connection" ? Infinity : lockMs);
    return item === undefined ? undefined : queuedMessage(item);
  }

  /** The device has done what was asked. Throws `DeviceMessageLockLost`, as `reject` and `abandon` do. */
  complete(deviceId: string, lockToken: string): Promise<void> {
    return this.#withLock(deviceId, (queue) => queue.end(lockToken, "Success"));
  }

  /** The device will not do it. */
  reject(deviceId: string, lockToken: string): Promise<void> {
    return this.#withLock(deviceId, (queue) => queue.end(lockToken, "Rejected"));
  }

  /** The device cannot do it now: the message comes again, until its deliveries are used up. */
  abandon(deviceId: string, lockToken: string): Promise<void> {
    return this.#withLock(deviceId, (queue) => queue.abandon(lockToken));
  }

  /** Gives messages back without counting a delivery: their connection died. Unknown locks are passed over. */
  release(deviceId: string, lockTokens: Iterable<string>): void {
    this.#queues.get(deviceId)?.queue.release(lockTokens);
  }

  /** Calls back when a message can be received, also one that came back; returns what ends that. */
  onAvailable(deviceId: string, listener: () => void): () => void {
    const { listeners } = this.#open(deviceId);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      this.#closeIdle(deviceId);
    };
  }

  /** Ends all messages of a device; tells how many. Throws `DeviceNotFound`. */
  async purge(deviceId: string): Promise<number> {
    this.#options.registry.get(deviceId);
    const purged = (await this.#queues.get(deviceId)?.queue.purge()) ?? 0;
    this.#closeIdle(deviceId);
    return purged;
  }

  /** Messages that have not ended, locked ones included. */
  count(deviceId: string): number {
    return this.#queues.get(deviceId)?.queue.count ?? 0;
  }

  #open(deviceId: string): DeviceQueue {
    const known = this.#queues.get(deviceId);
    if (known !== undefined) return known;
    const { clock, journal, maxDeliveryCount = MAX_DELIVERY_COUNT } = this.#options;
    const listeners = new Set<() => void>();
    const queue = new LockQueue<AddressedMessage>({
      clock,
      maxDeliveryCount,
      ended: (items, outcome) => this.#end(deviceId, items, outcome),
      counted: (item) => journal.commit([[PREFIX + item.sequenceNumber, recordOf(item)]]),
      available: () => listeners.forEach((listener) => listener()),
    });
    const opened = { queue, listeners };
    this.#queues.set(deviceId, opened);
    return opened;
  }

  #closeIdle(deviceId: string): void {
    const opened = this.#queues.get(deviceId);
    if (opened === undefined || opened.queue.count > 0 || opened.listeners.size > 0) return;
    // It may still wait for a time that no longer matters.
    opened.queue.clear();
    this.#queues.delete(deviceId);
  }

  // A message and what is told of it change together or not at all.
  #end(deviceId: string, items: readonly QueueItem<AddressedMessage>[], outcome: Outcome): Promise<void> {
    const { feedback, journal } = this.#options;
    const changes = items.flatMap(({ sequenceNumber, content }): Change[] => {
      const { generationId, message } = content;
      const told = feedback.record({ deviceId, generationId, messageId: message.messageId, ack: message.ack }, outcome);
      return [[PREFIX + sequenceNumber, undefined], ...told];
    });
    this.#closeIdle(deviceId);
    return journal.commit(changes);
  }

  async #withLock(deviceId: string, settle: (queue: LockQueue<AddressedMessage>) => Promise<void>): Promise<void> {
    const opened = this.#queues.get(deviceId);
    if (opened === undefined) {
      throw new HubError("DeviceMessageLockLost", "The message's lock ran out or it was settled before.");
    }
    await settle(opened.queue);
  }

  // Whoever listens stays: the device may be created again under its id.
  #drop(deviceId: string): void {
    const items = this.#queues.get(deviceId)?.queue.clear() ?? [];
    this.#closeIdle(deviceId);
    if (items.length > 0) this.#remove(items.map(({ sequenceNumber }) => sequenceNumber));
  }

  #load(sequenceNumber: number, record: MessageQueueRecord): void {
    const { deviceId, generationId, message, ...times } = record;
    if (this.#options.registry.find(deviceId)?.generationId !== generationId) {
      this.#remove([sequenceNumber]);
      return;
    }
    const content = { deviceId, generationId, message: messageOfRecord(message) };
    this.#open(deviceId).queue.add({ sequenceNumber, ...times, content });
  }

  // Messages of a device that is gone. Should the write fail, the next start finds and removes them again.
  #remove(sequenceNumbers: readonly number[]): void {
    this.#options.journal.commit(sequenceNumbers.map((number) => [PREFIX + number, undefined])).catch(() => undefined);
  }
}

function queuedMessage(item: LockedItem<AddressedMessage>): QueuedMessage {
  const { lockToken, sequenceNumber, enqueuedTime, deliveryCount, content } = item;
  return { lockToken, sequenceNumber, enqueuedTime, deliveryCount, message: content.message };
}

function recordOf({
  enqueuedTime,
  expiresAt,
  deliveryCount,
  content,
}: QueueItem<AddressedMessage>): MessageQueueRecord {
  const { deviceId, generationId, message } = content;
  return { deviceId, generationId, enqueuedTime, expiresAt, deliveryCount, message: messageRecord(message) };
}

function requireSendable(message: DeviceMessage): void {
  const size = messageSize(message);
  if (size > MAX_BYTES) {
    throw new HubError("MessageTooLarge", `The message has ${size} bytes; ${MAX_BYTES} are allowed.`);
  }
  if ((message.messageId?.length ?? 0) > MAX_MESSAGE_ID) {
    throw new HubError("ArgumentInvalid", `A message id has at most ${MAX_MESSAGE_ID} characters.`);
  }
  if (message.ack !== undefined && !Object.hasOwn(ACKS, message.ack.toLowerCase())) {
    throw new HubError("ArgumentInvalid", `iothub-ack must be one of ${Object.keys(ACKS).join(", ")}.`);
  }
}

// A date before 1970 is how some clients write none. That the service refuses a longer life than its own setting can
// give is inferred from the name of the error.
function expiryOf({ absoluteExpiryTime = 0 }: DeviceMessage, now: number): number {
  if (absoluteExpiryTime <= 0) return now + TTL_MS;
  if (absoluteExpiryTime > now + MAX_TTL_MS) {
    throw new HubError("InvalidMessageExpiryTime", "The message's expiry time is more than two days ahead.");
  }
  return absoluteExpiryTime;
}
