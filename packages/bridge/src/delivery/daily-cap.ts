/**
 * What an integration has sent today (UTC), against its cap. Places are taken before a message leaves, so that many lanes
 * together do not pass the cap; the day's count is the store's, so that a restart does not begin it anew.
 */
import type { Clock } from "../core/clock.ts";
import type { Failure } from "../core/failure.ts";
import { endOfUtcDay, utcDay } from "../core/utc-day.ts";

export interface DailyCapOptions {
  readonly clock: Clock;
  /** Messages delivered on a day, such as `2026-03-01`. */
  readonly deliveredOn: (day: string) => Promise<number>;
}

export class DailyCap {
  readonly #options: DailyCapOptions;
  #day = "";
  #delivered = 0;
  #underWay = 0;

  constructor(options: DailyCapOptions) {
    this.#options = options;
  }

  /** Takes a place for one message, to be given back by `end`. False when the cap is used up. Rejects with the store. */
  async take(cap: number): Promise<boolean> {
    const day = this.#today();
    if (day !== this.#day) {
      const delivered = await this.#options.deliveredOn(day);
      if (day !== this.#day) [this.#day, this.#delivered] = [day, delivered];
    }
    if (!this.hasRoom(cap)) return false;
    this.#underWay += 1;
    return true;
  }

  end(isDelivered: boolean): void {
    this.#underWay -= 1;
    if (isDelivered) this.#delivered += 1;
  }

  /** Whether a message may leave now, as far as is known. */
  hasRoom(cap: number): boolean {
    return this.#day !== this.#today() || this.#delivered + this.#underWay < cap;
  }

  /** Why the integration's events wait. */
  failure(cap: number): Failure {
    const notBefore = endOfUtcDay(this.#options.clock.now());
    return { code: "daily_cap_reached", message: `The integration has sent its ${cap} messages of today.`, notBefore };
  }

  #today(): string {
    return utcDay(this.#options.clock.now());
  }
}
