/**
 * Event streams that are open. Nobody who listens can hold up those who publish: a listener that reads too slowly is let go,
 * for there is no replay that could mend what it would miss. Whether a listener still may listen is asked again with every
 * sign of life, and at once when tokens are revoked.
 */
import type { ServerResponse } from "node:http";
import { systemClock } from "../../core/clock.ts";
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { ApiError } from "../api-error.ts";

/** Clients give a stream up after 15 silent seconds. */
const KEEP_ALIVE_SECONDS = 8;
const MAX_UNREAD_BYTES = 1024 * 1024;
const MAX_STREAMS = 10_000;
/** The connection ends with the stream; proxies in between are asked to pass on each event as it comes. */
const STREAM_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  connection: "close",
  "x-accel-buffering": "no",
} as const;

/** What opens one stream. `response` is taken over; its head must not have been sent. */
interface Opening {
  readonly response: ServerResponse;
  readonly headers: Readonly<Record<string, string | number | string[] | undefined>>;
  /** Rejects with an `ApiError` when who listens may not any more. */
  readonly review: () => Promise<unknown>;
  /** Starts the events; returns how to stop them. */
  readonly listen: (write: (chunk: Buffer) => void) => () => void;
}

interface Stream {
  readonly response: ServerResponse;
  readonly review: () => Promise<unknown>;
  suspected: boolean;
}

export interface OpenStreamsOptions {
  readonly log: Log;
  readonly clock?: Clock;
}

export class OpenStreams {
  readonly #log: Log;
  readonly #clock: Clock;
  // One slot has its turn each second, so that thousands of signs of life do not come at once.
  readonly #slots: readonly Set<Stream>[] = Array.from({ length: KEEP_ALIVE_SECONDS }, () => new Set<Stream>());
  #opened = 0;
  #turn = 0;
  #size = 0;
  #stopTimer: (() => void) | null = null;

  constructor({ log, clock = systemClock }: OpenStreamsOptions) {
    this.#log = log;
    this.#clock = clock;
  }

  get size(): number {
    return this.#size;
  }

  /** False when there are too many already; then the response is untouched. */
  open({ response, headers, review, listen }: Opening): boolean {
    if (this.#size >= MAX_STREAMS) return false;
    if (response.destroyed) return true;
    const slot = this.#slots[this.#opened++ % KEEP_ALIVE_SECONDS]!;
    const stream: Stream = { response, review, suspected: false };
    slot.add(stream);
    this.#size += 1;
    this.#stopTimer ??= this.#tick();
    response.writeHead(200, { ...headers, ...STREAM_HEADERS });
    // The blank comment line tells the client at once that it is connected.
    response.write(":ok\n\n");
    const leave = listen((chunk) => this.#write(stream, chunk));
    // The response's close and not the request's, which comes as soon as the request is read.
    response.once("close", () => {
      leave();
      slot.delete(stream);
      this.#size -= 1;
      if (this.#size > 0) return;
      this.#stopTimer?.();
      this.#stopTimer = null;
    });
    return true;
  }

  /** Ends those streams whose listeners may not listen any more. */
  async review(): Promise<void> {
    await Promise.all(this.#slots.flatMap((slot) => Array.from(slot, (stream) => this.#reviewOne(stream))));
  }

  /** Ends all streams; clients connect again by themselves. */
  stop(): void {
    for (const slot of this.#slots) for (const { response } of slot) response.end();
  }

  #tick(): () => void {
    return this.#clock.after(1_000, () => {
      this.#stopTimer = this.#tick();
      this.#turn = (this.#turn + 1) % KEEP_ALIVE_SECONDS;
      for (const stream of this.#slots[this.#turn]!) {
        // Told to go a round ago, and still not read to the end.
        if (stream.response.writableEnded) stream.response.destroy();
        this.#write(stream, "\n");
        void this.#reviewOne(stream);
      }
    });
  }

  #write(stream: Stream, chunk: Buffer | string): void {
    const { response } = stream;
    if (response.writableEnded || response.destroyed) return;
    response.write(chunk);
    if (response.writableLength <= MAX_UNREAD_BYTES || stream.suspected) return;
    stream.suspected = true;
    // A whole group of events may come at once: only what is left when the system had its turn is unread.
    setImmediate(() => {
      stream.suspected = false;
      if (response.destroyed || response.writableLength <= MAX_UNREAD_BYTES) return;
      this.#log.warn({ unread: response.writableLength }, "stream.dropped");
      response.destroy();
    });
  }

  async #reviewOne({ response, review }: Stream): Promise<void> {
    try {
      await review();
    } catch (error) {
      // Trouble with finding out is no reason to end it: the question is asked again.
      if (error instanceof ApiError) response.end();
    }
  }
}
