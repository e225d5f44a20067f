/**
 * Follows one stream for as long as its source is on. The cloud keeps nothing for those who were away, so every moment in
 * which nothing was received is a gap that is written down: from the last byte whose events are stored to the first byte of
 * the next stream. The stream is read no faster than its events are stored.
 */
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { ParticleCloudSource, Sources, SourceState, SourceStop } from "../../core/source.ts";
import type { CloudEvent, Intake } from "../cloud-intake.ts";
import type { Progresses } from "../source-progress.ts";
import { takeInOrder } from "./ordered-intake.ts";
import type { ParticleClient, StreamAnswer } from "./particle-client.ts";
import { reconnectWait } from "./reconnect.ts";
import type { BreakKind, OpenBudget } from "./reconnect.ts";
import { SseParser } from "./sse-parser.ts";
import { stopFor } from "./stop-reasons.ts";
import { streamEvent } from "./stream-event.ts";

export interface StreamFollowerOptions {
  readonly source: ParticleCloudSource;
  readonly token: string;
  readonly client: Pick<ParticleClient, "openStream">;
  readonly intake: Intake;
  readonly progresses: Progresses;
  readonly store: Pick<Sources, "openGap" | "closeGap">;
  readonly opens: OpenBudget;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
}

/** The cloud says something at least every 13 s; its own client gives a stream up after 15. */
const SILENCE_MS = 15_000;
/** Of that: when this process was paused, what waits in its sockets is read in this time. */
const LAST_LOOK_MS = 1_000;
/** A line that does not end is no event. */
const MAX_SKIPPED_BYTES = 1024 * 1024;
/** A stream that lasted so long was a good one: the next failure is the first. */
const GOOD_MS = 60_000;
/** A source that has just been made begins when it begins: what came before it is no gap. */
const RESTARTED = "This server was not running.";

/** How a stream came to its end. */
interface Break {
  readonly kind: BreakKind;
  readonly reason: string;
  readonly retryAfterMs?: number;
}

export class StreamFollower {
  readonly #options: StreamFollowerOptions;
  readonly #stopping = new AbortController();
  #state: SourceState;
  #run: Promise<void> = Promise.resolve();
  #failures = 0;
  #followingSince = 0;

  constructor(options: StreamFollowerOptions) {
    this.#options = options;
    this.#state = this.#stateNow("connecting");
  }

  get state(): SourceState {
    return this.#state;
  }

  start(): void {
    const { source, log } = this.#options;
    this.#run = this.#follow().catch((error: unknown) => {
      log.error({ sourceId: source.id, err: error }, "source.failed");
      this.#enter("stopped", {
        reason: "This server failed at it.",
        nextStep: "Edit the source, or restart the server, to try again.",
      });
    });
  }

  /** Resolves when the events in hand are stored and nothing is read any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#run;
  }

  async #follow(): Promise<void> {
    const { source, progresses, store, clock } = this.#options;
    const { lastByteAt, stopped } = await progresses.of(source.id);
    if (lastByteAt !== null) await this.#patiently(() => store.openGap(source.id, lastByteAt, RESTARTED));
    if (stopped !== null) return this.#stopped(stopped);
    const begin = clock.now();
    while (!this.#isStopping) {
      const end = await this.#oneStream();
      if (this.#isStopping || end === null) return;
      const from = (await progresses.of(source.id)).lastByteAt ?? begin;
      await this.#patiently(() => store.openGap(source.id, from, end.reason));
      await this.#wait(end);
    }
  }

  /** From opening to the end; `null` when it must not be tried again. */
  async #oneStream(): Promise<Break | null> {
    const { source, token, client, opens, clock } = this.#options;
    const host = new URL(source.baseUrl).host;
    for (;;) {
      const ms = opens.take(host, clock.elapsed());
      if (ms === 0) break;
      this.#enter("waiting", { until: clock.now() + ms, reason: "So many streams were opened that a pause is due." });
      await this.#pause(ms);
      if (this.#isStopping) return null;
    }
    const leaving = new AbortController();
    const leave = (): void => leaving.abort();
    this.#stopping.signal.addEventListener("abort", leave);
    try {
      this.#enter("connecting");
      const answer = await client.openStream(source, token, leaving.signal);
      if (answer.kind !== "open") return await this.#notOpened(answer);
      const begun = clock.elapsed();
      const reason = await this.#read(answer.chunks);
      if (clock.elapsed() - begun >= GOOD_MS) this.#failures = 0;
      return { kind: "closed", reason };
    } finally {
      this.#stopping.signal.removeEventListener("abort", leave);
      leaving.abort();
      opens.release(host);
    }
  }

  async #notOpened(answer: Exclude<StreamAnswer, { kind: "open" }>): Promise<Break | null> {
    if (this.#isStopping) return null;
    const stop = stopFor(answer, this.#options.clock.now());
    if (stop !== null) {
      await this.#stopped(stop);
      return null;
    }
    if (answer.kind === "unreachable") return { kind: "unreachable", reason: answer.message };
    const { status, message, retryAfterMs } = answer;
    return { kind: "overloaded", reason: `Particle's cloud answered ${status} ${message}`.trim(), retryAfterMs };
  }

  /** Reads until the stream ends; says why it did. */
  async #read(chunks: AsyncIterable<Buffer>): Promise<string> {
    const { clock } = this.#options;
    const parser = new SseParser();
    const iterator = chunks[Symbol.asyncIterator]();
    let isFirst = true;
    try {
      for (;;) {
        const next = await this.#within(iterator.next(), SILENCE_MS);
        if (next === "silence") return `Nothing came for ${SILENCE_MS / 1000} seconds.`;
        if (next.done === true) return "Particle's cloud closed the stream.";
        const at = clock.now();
        if (isFirst) await this.#begun(at);
        if (!(await this.#take(parser, next.value, at))) return RESTARTED;
        // From here on a crash leaves a gap whose beginning is known.
        if (isFirst) await this.#options.progresses.write();
        isFirst = false;
        if (parser.skippedBytes > MAX_SKIPPED_BYTES) return "Particle's cloud sent a line without an end.";
      }
    } catch (error) {
      return `The stream broke: ${error instanceof Error ? error.message : String(error)}`.slice(0, 200);
    }
  }

  async #begun(at: number): Promise<void> {
    const { source, store, log } = this.#options;
    this.#followingSince = at;
    this.#enter("following");
    log.info({ sourceId: source.id }, "source.following");
    await this.#patiently(() => store.closeGap(source.id, at));
  }

  /** Stores the events of a chunk; `false` when it could not, because this server stops. */
  async #take(parser: SseParser, chunk: Buffer, at: number): Promise<boolean> {
    const { source, intake, progresses } = this.#options;
    const overlong = parser.overlong;
    const events: CloudEvent[] = [];
    for (const text of parser.push(chunk)) {
      const event = streamEvent(text);
      if (typeof event === "string") await progresses.count(source.id, { kind: "refused", message: event });
      else events.push(event);
    }
    for (let i = overlong; i < parser.overlong; i++) {
      await progresses.count(source.id, { kind: "refused", message: "The stream sent a line over 64 KB." });
    }
    const isTaken = await takeInOrder(source, events, {
      intake,
      onResult: (result) => progresses.count(source.id, result),
      onUnavailable: async (seconds, message) => {
        this.#enter("held", { until: this.#options.clock.now() + seconds * 1000, reason: message });
        await this.#pause(seconds * 1000);
        return !this.#isStopping;
      },
    });
    if (!isTaken) return false;
    if (this.#state.state === "held") this.#enter("following", { since: this.#followingSince });
    // An event that is cut in its midst is lost: the gap begins before it.
    if (parser.isBetweenEvents) await progresses.change(source.id, () => ({ lastByteAt: at }));
    return true;
  }

  async #wait({ kind, reason, retryAfterMs }: Break): Promise<void> {
    const { source, clock, log, random = Math.random } = this.#options;
    this.#failures += 1;
    const failures = this.#failures;
    const ms = reconnectWait(kind, { failures, random, ...(retryAfterMs !== undefined && { retryAfterMs }) });
    this.#enter("waiting", { until: clock.now() + ms, reason });
    log.warn({ sourceId: source.id, reason, waitMs: Math.round(ms) }, "source.waiting");
    await this.#pause(ms);
  }

  async #stopped(stop: SourceStop): Promise<void> {
    const { source, progresses, store, log, clock } = this.#options;
    const { lastByteAt } = await progresses.of(source.id);
    await this.#patiently(() => store.openGap(source.id, lastByteAt ?? clock.now(), stop.message));
    await progresses.change(source.id, () => ({ stopped: stop }));
    this.#enter("stopped", { reason: stop.message, nextStep: stop.nextStep });
    log.error({ sourceId: source.id, code: stop.code, reason: stop.message }, "source.stopped");
  }

  /** A gap is written even when the store takes nothing for a while. */
  async #patiently(write: () => Promise<void>): Promise<void> {
    while (!this.#isStopping) {
      try {
        return await write();
      } catch (error) {
        const { source, log } = this.#options;
        log.warn({ sourceId: source.id, reason: String(error) }, "source.gap_not_written");
        await this.#pause(5_000);
      }
    }
  }

  async #within<T>(promise: Promise<T>, ms: number): Promise<T | "silence"> {
    let callOff = (): void => undefined;
    const silence = new Promise<"silence">((resolve) => {
      const { clock } = this.#options;
      callOff = clock.after(ms - LAST_LOOK_MS, () => {
        callOff = clock.after(LAST_LOOK_MS, () => resolve("silence"));
      });
    });
    try {
      return await Promise.race([promise, silence]);
    } finally {
      callOff();
      // A read that is given up fails when the stream is closed, and nobody is interested any more.
      promise.catch(() => undefined);
    }
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#stopping;
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const end = (): void => {
        callOff();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const callOff = this.#options.clock.after(ms, end);
      signal.addEventListener("abort", end);
    });
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  #enter(state: SourceState["state"], more: Partial<SourceState> = {}): void {
    this.#state = this.#stateNow(state, more);
  }

  #stateNow(state: SourceState["state"], more: Partial<SourceState> = {}): SourceState {
    return { state, since: this.#options.clock.now(), until: null, reason: null, nextStep: null, ...more };
  }
}
