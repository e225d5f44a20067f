/**
 * Reading all partitions of a stream over one connection, until something is wrong with it. Whatever it is, the session
 * ends and says why; a next one begins where this one came to.
 */
import type {
  EventHubConsumerClient,
  PartitionContext,
  PartitionProperties,
  ReceivedEventData,
} from "@azure/event-hubs";
import { backoffMs } from "../../core/backoff.ts";
import type { Backoff } from "../../core/backoff.ts";
import type { Failure } from "../../core/failure.ts";
import type { Log } from "../../core/log.ts";
import type { StreamEvent, StreamOptions } from "../../core/twin-hub.ts";
import { openEventHubsClient } from "./event-hubs-client.ts";
import type { EventHubTarget } from "./event-hub-target.ts";
import type { PartitionPosition } from "./partition-position.ts";
import { readerFailure } from "./reader-failure.ts";
import { toStreamEvent } from "./stream-event.ts";

/** Up to twice as many of a partition are in memory, each of 256 KB at most. */
const BATCH = 100;
const IDLE_SECONDS = 1;
const CLOSE_TIMEOUT = 3_000;
const LOOKS = 3;
const TAKE_AGAIN: Backoff = { firstMs: 200, maxMs: 10_000 };

export interface SessionOptions {
  readonly stream: Omit<StreamOptions, "onTrouble" | "after" | "since" | "endpoint">;
  readonly target: EventHubTarget;
  readonly positionOf: (partitionId: string) => PartitionPosition;
  /** Every partition is being read. */
  readonly onOpen: () => void;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: Log;
  /** Milliseconds until every partition has to be open. */
  readonly openTimeout: number;
  /** Milliseconds without events after which a partition's end is looked up. */
  readonly lookAfter: number;
  /** Milliseconds until a stream's end is looked up again that seems to be before what was read. */
  readonly confirmAfter: number;
  /** Milliseconds for events that are being taken when nobody wants more of them. */
  readonly stopTimeout: number;
}

/** `null`: nothing is wrong, but a next session has to begin. */
type SessionEnd = Failure | null;

export class StreamSession {
  readonly #options: SessionOptions;
  readonly #ended: Promise<SessionEnd>;
  readonly #taking = new Set<Promise<unknown>>();
  readonly #unopened = new Set<string>();
  readonly #stopping = new AbortController();
  #end: ((end: SessionEnd) => void) | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#ended = new Promise((resolve) => (this.#end = resolve));
  }

  /** Resolves with what ended it, when all that was handed over is taken or given up. */
  async run(): Promise<SessionEnd> {
    const { stream, target, openTimeout, stopTimeout } = this.#options;
    const stop = (): void => this.end(null);
    stream.signal.addEventListener("abort", stop, { once: true });
    if (stream.signal.aborted) stop();
    const patience = setTimeout(() => {
      this.end({ code: "hub_unreachable", message: "The hub's event endpoint did not answer in time." });
    }, openTimeout);
    const client = openEventHubsClient({
      consumerGroup: stream.consumerGroup,
      connectionString: target.connectionString,
      timeout: openTimeout,
      credit: BATCH,
      onDisconnected: (error) =>
        error instanceof Error
          ? this.#fail(error)
          : this.end({ code: "hub_unreachable", message: `The connection to ${target.hostName} was lost.` }),
    });
    this.#open(client, patience).catch((error: unknown) => this.#fail(error));
    const end = await this.#ended;
    clearTimeout(patience);
    stream.signal.removeEventListener("abort", stop);
    this.#stopping.abort();
    const taken = Promise.all(this.#taking);
    await (stream.signal.aborted ? within(stopTimeout, taken) : taken);
    await within(CLOSE_TIMEOUT, client.close());
    return end;
  }

  /** A second end changes nothing. */
  end(end: SessionEnd): void {
    this.#end?.(end);
    this.#end = undefined;
  }

  get #isOver(): boolean {
    return this.#end === undefined;
  }

  async #open(client: EventHubConsumerClient, patience: NodeJS.Timeout): Promise<void> {
    const partitionIds = await client.getPartitionIds();
    if (this.#isOver) return;
    for (const partitionId of partitionIds) this.#unopened.add(partitionId);
    await Promise.all(partitionIds.map((partitionId) => this.#read(client, partitionId, patience)));
  }

  async #read(client: EventHubConsumerClient, partitionId: string, patience: NodeJS.Timeout): Promise<void> {
    const { positionOf, lookAfter } = this.#options;
    const position = positionOf(partitionId);
    if (await this.#endsBefore(client, partitionId, position)) this.#restart(partitionId, position);
    if (this.#isOver) return;
    const startPosition = position.begin();
    let [quietSince, wasBehind] = [performance.now(), false];
    const processEvents = async (received: ReceivedEventData[], context: PartitionContext): Promise<void> => {
      if (this.#isOver) return;
      this.#opened(partitionId, patience);
      if (received.length > 0) {
        [quietSince, wasBehind] = [performance.now(), false];
        await this.#take(partitionId, position, received);
        return this.#tellBehind(partitionId, position, context.lastEnqueuedEventProperties?.sequenceNumber);
      }
      if (performance.now() - quietSince < lookAfter) return;
      quietSince = performance.now();
      const kept = await client.getPartitionProperties(partitionId);
      if (position.isBeyond(kept.lastEnqueuedSequenceNumber)) return this.end(null);
      this.#passOver(partitionId, position, kept);
      // An event may be on its way; one that is not here at the next look is not coming.
      const isBehind = (position.behind(kept.lastEnqueuedSequenceNumber) ?? 0) > 0;
      if (wasBehind && isBehind) return this.end(STUCK);
      wasBehind = isBehind;
    };
    const processError = async (error: unknown): Promise<void> => this.#fail(error);
    client.subscribe(
      partitionId,
      { processEvents, processError },
      {
        startPosition,
        maxBatchSize: BATCH,
        prefetchCount: BATCH,
        maxWaitTimeInSeconds: IDLE_SECONDS,
        skipParsingBodyAsJson: true,
        trackLastEnqueuedEventProperties: true,
      },
    );
  }

  // Reading all of a stream again is not begun on the word of an answer that may be older than what was read.
  async #endsBefore(
    client: EventHubConsumerClient,
    partitionId: string,
    position: PartitionPosition,
  ): Promise<boolean> {
    const { confirmAfter } = this.#options;
    for (let looks = 1; !this.#isOver; looks++) {
      const kept = await client.getPartitionProperties(partitionId);
      if (!position.isBeyond(kept.lastEnqueuedSequenceNumber)) {
        this.#passOver(partitionId, position, kept);
        return false;
      }
      if (looks === LOOKS) return !this.#isOver;
      await pause(confirmAfter, this.#stopping.signal);
    }
    return false;
  }

  #passOver(partitionId: string, position: PartitionPosition, kept: PartitionProperties): void {
    const { stream, log, target } = this.#options;
    const events = position.passOver(kept);
    if (events > 0) {
      log.warn({ hub: target.hostName, partitionId, events }, "stream.events_expired");
      stream.onExpired(partitionId, events);
    }
    this.#tellBehind(partitionId, position, kept.lastEnqueuedSequenceNumber);
  }

  #tellBehind(partitionId: string, position: PartitionPosition, lastEnqueued: number | undefined): void {
    const events = lastEnqueued === undefined ? null : position.behind(lastEnqueued);
    if (events !== null) this.#options.stream.onBehind(partitionId, events);
  }

  #opened(partitionId: string, patience: NodeJS.Timeout): void {
    if (!this.#unopened.delete(partitionId) || this.#unopened.size > 0) return;
    clearTimeout(patience);
    this.#options.onOpen();
  }

  async #take(partitionId: string, position: PartitionPosition, received: readonly ReceivedEventData[]): Promise<void> {
    const events = position.sift(received.map((event) => toStreamEvent(event, partitionId)));
    if (events === "restarted") {
      this.#restart(partitionId, position);
      return this.end(null);
    }
    const last = events.at(-1);
    if (last === undefined) return;
    const taking = this.#hand(events).then((isTaken) => {
      if (isTaken) position.taken(last);
    });
    this.#taking.add(taking);
    await taking;
    this.#taking.delete(taking);
  }

  // Until they are taken, or nobody waits for it any more.
  async #hand(events: readonly StreamEvent[]): Promise<boolean> {
    const { stream, log, target } = this.#options;
    for (let failures = 0; !this.#stopping.signal.aborted;) {
      try {
        await stream.onEvents(events);
        return true;
      } catch (error) {
        failures += 1;
        const reason = error instanceof Error ? error.message : String(error);
        if (failures === 1) log.warn({ hub: target.hostName, reason }, "stream.events_not_taken");
        await pause(backoffMs(TAKE_AGAIN, failures, Math.random), this.#stopping.signal);
      }
    }
    return false;
  }

  #restart(partitionId: string, position: PartitionPosition): void {
    position.restart();
    this.#options.log.warn({ hub: this.#options.target.hostName, partitionId }, "stream.restarted");
    this.#options.stream.onRestarted(partitionId);
  }

  #fail(error: unknown): void {
    if (error instanceof Error && error.name === "AbortError") return;
    this.end(readerFailure(error, this.#options.target.hostName, this.#options.now()));
  }
}

const STUCK: Failure = { code: "hub_unreachable", message: "The hub holds events that it does not hand over." };

// A client whose connection is gone may wait for an answer that cannot come.
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timer);
}

/** Ends early with the signal. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}
