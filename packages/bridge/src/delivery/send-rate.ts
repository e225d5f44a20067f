/**
 * How fast a target lets itself be sent to, learned from its answers. Without a refusal there is no limit. A refusal that
 * speaks of the rate halves it; what the target took just before is remembered as the rate that it bears. From the half
 * it comes back to nearly that within seconds, creeps past it to find out whether more is borne by now, and then grows
 * ever faster until the limit is gone: the trouble ends by itself when its cause has ended.
 */
import type { Clock } from "../core/clock.ts";

/** Accepted messages are counted in so many slots of so many milliseconds. */
const SLOTS = 4;
const SLOT_MS = 500;
/** Counts over less time than this after a change tell nothing. */
const TELLING_MS = 250;
/** Counts over less time than this are taken as if over this. */
const SHORTEST_MS = 50;
/** Messages per second, however little was taken. */
const SLOWEST = 1;
/** Where a target that took nothing at all is begun anew: who knows what it bears. */
const UNKNOWN = 10;
/** Seconds after a refusal at which each part of the way back begins. */
const CREEP_FROM = 4;
const GROW_FROM = 24;
const GONE_FROM = 42;
const DOUBLES_EVERY = 6;
/** Share of the borne rate between which it creeps. */
const CREEP = { from: 0.97, to: 1.03 };
/** So much of a second's messages may leave at once; timers are no finer. */
const BURST_SECONDS = 0.02;

export class SendRate {
  readonly #clock: Clock;
  readonly #slots: number[] = Array.from({ length: SLOTS }, () => 0);
  #slot = 0;
  /** The rate that the target bears, as far as is known; `null` without a limit. */
  #borne: number | null = null;
  /** On the growing clock: when the way back began. */
  #since = 0;
  #acceptedSince = 0;
  /** On the growing clock: when messages were taken again after a rest. */
  #busySince = 0;
  #tokens = 0;
  #filledAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Messages per second; `null` when nothing limits. */
  get limit(): number | null {
    if (this.#borne === null) return null;
    const share = shareAt((this.#clock.elapsed() - this.#since) / 1_000);
    if (share === null) this.#borne = null;
    return this.#borne === null || share === null ? null : Math.max(SLOWEST, this.#borne * share);
  }

  /** Messages that were taken per second, lately. */
  get perSecond(): number {
    return this.#counted() / ((SLOTS * SLOT_MS) / 1_000);
  }

  /** Leave to send one message now (0), or the milliseconds after which to ask again. */
  take(): number {
    const limit = this.#borne === null ? null : this.limit;
    if (limit === null) return 0;
    const now = this.#clock.elapsed();
    const room = Math.max(1, limit * BURST_SECONDS);
    this.#tokens = Math.min(room, this.#tokens + ((now - this.#filledAt) * limit) / 1_000);
    this.#filledAt = now;
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return 0;
    }
    return Math.max(1, ((1 - this.#tokens) * 1_000) / limit);
  }

  accepted(): void {
    if (this.#turn() && this.#counted() === 0) this.#busySince = this.#clock.elapsed();
    this.#slots[this.#slot % SLOTS]! += 1;
    this.#acceptedSince += 1;
  }

  /**
   * The target refused a message for its rate. `startedAt`: when that was sent, on the growing clock. `slower`: it is sent
   * to at half the rate now; `known`: that was so already when the answer came; `stop`: it takes nothing at all.
   */
  refused(startedAt: number): "slower" | "known" | "stop" {
    const limit = this.limit;
    if (limit !== null && startedAt < this.#since) return "known";
    if (this.#counted() === 0) return "stop";
    this.#borne = Math.max(SLOWEST, limit === null ? this.#takenLately() : Math.min(limit, this.#takenSince()));
    this.#begin(0);
    return "slower";
  }

  /** After a stop: what was borne before is taken up again from its half. */
  resumed(): void {
    if (this.limit !== null) return this.#begin(0);
    this.#borne = UNKNOWN;
    this.#begin(GROW_FROM);
  }

  /** The limit was another one's: a changed key or address is begun anew. */
  forget(): void {
    this.#borne = null;
  }

  #begin(atSecond: number): void {
    const now = this.#clock.elapsed();
    this.#since = now - atSecond * 1_000;
    this.#filledAt = now;
    this.#tokens = 0;
    this.#acceptedSince = 0;
  }

  /** Messages per second of the time in which any were sent. */
  #takenLately(): number {
    const ms = this.#clock.elapsed() - this.#busySince;
    return ms >= (SLOTS - 1) * SLOT_MS ? this.perSecond : this.#counted() / (Math.max(ms, SHORTEST_MS) / 1_000);
  }

  /** Messages per second since the last change. */
  #takenSince(): number {
    const ms = this.#clock.elapsed() - this.#since;
    if (ms >= SLOTS * SLOT_MS) return this.perSecond;
    // Refused again at once: nothing is known but that it was still too fast.
    return ms < TELLING_MS ? Infinity : this.#acceptedSince / (ms / 1_000);
  }

  #counted(): number {
    this.#turn();
    return this.#slots.reduce((sum, count) => sum + count, 0);
  }

  /** Whether another slot has begun. */
  #turn(): boolean {
    const slot = Math.floor(this.#clock.elapsed() / SLOT_MS);
    if (slot === this.#slot) return false;
    for (let past = Math.max(this.#slot + 1, slot - SLOTS + 1); past <= slot; past += 1) this.#slots[past % SLOTS] = 0;
    this.#slot = slot;
    return true;
  }
}

/** The part of the borne rate that is sent at so many seconds after the refusal; `null` when the limit is gone. */
function shareAt(seconds: number): number | null {
  if (seconds < CREEP_FROM) return CREEP.from - (CREEP.from - 0.5) * (1 - Math.max(0, seconds) / CREEP_FROM) ** 3;
  if (seconds < GROW_FROM) {
    return CREEP.from + ((CREEP.to - CREEP.from) * (seconds - CREEP_FROM)) / (GROW_FROM - CREEP_FROM);
  }
  return seconds < GONE_FROM ? CREEP.to * 2 ** ((seconds - GROW_FROM) / DOUBLES_EVERY) : null;
}
