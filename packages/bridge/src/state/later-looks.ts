/**
 * Looks at devices that are expected to come or go: who may not connect any more is thrown out within a second or so, who
 * may again tries to within some. Each look costs the hub two asks, so only few devices have looks to come; of the others
 * the sweep tells.
 */
import type { Clock } from "../core/clock.ts";

/** One look after the other. */
const AFTER_MS = [1_500, 8_500];
const MANY = 50;

export class LaterLooks {
  readonly #clock: Clock;
  readonly #lookAt: (hubDeviceId: string) => void;
  /** How to call off each one's next look. */
  readonly #next = new Map<string, () => void>();

  constructor(clock: Clock, lookAt: (hubDeviceId: string) => void) {
    this.#clock = clock;
    this.#lookAt = lookAt;
  }

  /** It will come or go soon. */
  expect(hubDeviceId: string): void {
    const known = this.#next.get(hubDeviceId);
    if (known === undefined && this.#next.size >= MANY) return;
    known?.();
    this.#wait(hubDeviceId, AFTER_MS);
  }

  stop(): void {
    for (const callOff of this.#next.values()) callOff();
    this.#next.clear();
  }

  #wait(hubDeviceId: string, [ms, ...later]: readonly number[]): void {
    if (ms === undefined) {
      this.#next.delete(hubDeviceId);
      return;
    }
    const look = (): void => {
      this.#lookAt(hubDeviceId);
      this.#wait(hubDeviceId, later);
    };
    this.#next.set(hubDeviceId, this.#clock.after(ms, look));
  }
}
