/** Waiting for an event: what a test does after it made a device send one. */
import type { EventStream, StoredEvent } from "./event-stream.ts";
import { HubError } from "../errors.ts";
import type { DecodeEvent, DecodedMessage, HubEvent } from "./hub-event.ts";
import type { Hub } from "../hub.ts";

export interface EventWaitOptions {
  /** How long to wait in real time, milliseconds; default 10 seconds. */
  readonly timeoutMs?: number;
  /**
   * Which of the events that are there already may fit: those enqueued at or after this time of the hub's clock (unix
   * milliseconds), or `now` for none. Default: all since the hub was started or reset.
   */
  readonly since?: number | "now";
  /** Event Hub-compatible name of another endpoint; default the built-in one. */
  readonly endpoint?: string;
}

/** No event fitted in time. The message says what came instead. */
export class WaitTimeoutError extends Error {
  readonly code = "wait_timeout";
  /** Events that were looked at. */
  readonly seen: number;

  constructor(message: string, seen: number) {
    super(message);
    this.name = "WaitTimeoutError";
    this.seen = seen;
  }
}

/** A hub, and how to read what it stored. */
export interface WatchedHub {
  readonly hub: Hub;
  readonly decodeEvent: DecodeEvent;
}

const READ_BYTES = 1024 * 1024;
const SHOWN_CHARACTERS = 200;

/** Where the watch is in each partition. */
type Cursors = Map<string, number>;

/** The first event that fits, in the order of each partition. Throws `WaitTimeoutError`, or `ArgumentInvalid` for an unknown endpoint. */
export async function waitForEvent(
  { hub, decodeEvent }: WatchedHub,
  fits: (event: HubEvent) => boolean = () => true,
  { timeoutMs = 10_000, since = hub.openedAt, endpoint }: EventWaitOptions = {},
): Promise<HubEvent> {
  const stream = endpoint === undefined ? hub.events : hub.streams.find(endpoint);
  if (stream === undefined) throw new HubError("ArgumentInvalid", `There is no endpoint ${endpoint}.`);
  let appended: () => void = () => undefined;
  let isOver = false;
  const unlisten = stream.partitionIds.map((id) => stream.onAppend(id, () => appended()));
  const timer = setTimeout(() => {
    isOver = true;
    appended();
  }, timeoutMs);
  let seen = 0;
  let last: HubEvent | undefined;
  try {
    const cursors = await startOf(stream, since);
    for (;;) {
      const more = new Promise<void>((resolve) => (appended = resolve));
      for await (const event of newEvents(decodeEvent, stream, cursors)) {
        if (fits(event)) return event;
        seen++;
        last = event;
      }
      if (isOver) throw new WaitTimeoutError(explain(timeoutMs, seen, last), seen);
      await more;
    }
  } finally {
    clearTimeout(timer);
    for (const stop of unlisten) stop();
  }
}

async function startOf(stream: EventStream, since: number | "now"): Promise<Cursors> {
  const position =
    since === "now" ? ({ kind: "latest" } as const) : ({ kind: "enqueuedTime", value: since - 1 } as const);
  const cursors: Cursors = new Map();
  for (const id of stream.partitionIds) cursors.set(id, await stream.resolve(id, position));
  return cursors;
}

async function* newEvents(decode: DecodeEvent, stream: EventStream, cursors: Cursors): AsyncGenerator<HubEvent> {
  for (const [partitionId, from] of cursors) {
    for (let next = from; ;) {
      const events = await stream.read(partitionId, next, READ_BYTES);
      for (const event of events) yield placed(decode(event.message), partitionId, event);
      next = (events.at(-1)?.sequenceNumber ?? next - 1) + 1;
      cursors.set(partitionId, next);
      if (events.length === 0) break;
    }
  }
}

// Assigned, not spread: the body is parsed as JSON only when somebody asks.
function placed(message: DecodedMessage, partitionId: string, event: StoredEvent): HubEvent {
  const { sequenceNumber, offset, enqueuedTime } = event;
  return Object.assign(message, { partitionId, sequenceNumber, offset, enqueuedTime });
}

function explain(timeoutMs: number, seen: number, last: HubEvent | undefined): string {
  const what = `No event fitted within ${timeoutMs} ms.`;
  if (last === undefined) return `${what} None came at all.`;
  const body = last.body.toString().slice(0, SHOWN_CHARACTERS);
  return `${what} ${seen} did not fit; the last, ${last.source} of ${last.deviceId}, was ${body}`;
}
