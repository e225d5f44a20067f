/** Calls of a long command, made again while the hub or the server asks for patience: all wait together. */
import { setTimeout as sleep } from "node:timers/promises";
import { CommandFailure } from "./command-failure.ts";

const ASKED_FOR: ReadonlySet<string> = new Set([
  "throttled",
  "create_throttled",
  "quota_exceeded",
  "rate_limit_exceeded",
  "http_429",
  "http_503",
]);
/** For a server that is away: some minutes. */
const MAX_LOOKS = 10;
const FIRST_WAIT_SECONDS = 2;
const LONGEST_WAIT_SECONDS = 60;
const NONE: ReadonlySet<string> = new Set();

/** The command is to end: what was waited for is not tried again. */
export class NoMorePatience extends Error {}

export class Patience {
  readonly #signal: AbortSignal;
  /** What all wait for. */
  #wait: { readonly code: string; readonly over: Promise<void> } | null = null;
  #waitSeconds = FIRST_WAIT_SECONDS;

  /** `signal`: nothing is waited for any more. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** For a progress line. */
  words(): readonly string[] {
    return this.#wait === null ? [] : [`waits: ${this.#wait.code}`];
  }

  /** `passing`: codes that pass by themselves too, for a time. */
  async with<T>(work: () => Promise<T>, passing: ReadonlySet<string> = NONE): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      if (this.#wait !== null) {
        await this.#wait.over;
        if (this.#signal.aborted) throw new NoMorePatience();
      }
      try {
        const result = await work();
        this.#waitSeconds = FIRST_WAIT_SECONDS;
        return result;
      } catch (error) {
        const failure = failureIn(error);
        const isPassing = tries < MAX_LOOKS && passing.has(failure.code);
        if (!isPassing && !ASKED_FOR.has(failure.code)) throw error;
        if (this.#signal.aborted) throw new NoMorePatience();
        this.#pause(failure);
      }
    }
  }

  #pause({ code, retryAfterSeconds }: CommandFailure): void {
    if (this.#wait !== null) return;
    const seconds = retryAfterSeconds ?? this.#waitSeconds;
    this.#waitSeconds = Math.min(this.#waitSeconds * 2, LONGEST_WAIT_SECONDS);
    const over = sleep(seconds * 1_000, undefined, { signal: this.#signal })
      .catch(() => undefined) // called off: who waits sees that by the signal
      .finally(() => (this.#wait = null));
    this.#wait = { code, over };
  }
}

/** What the server refused; anything else is thrown on. */
export function failureIn(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  throw error;
}
