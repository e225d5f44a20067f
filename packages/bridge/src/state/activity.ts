/** When devices were last heard of, gathered: a message that changes no state costs no write. */
import type { StandingSeen } from "./hub-changes.ts";

/** Devices that are gathered before they are written. */
const MANY = 2_000;

export class Activity {
  readonly #latest = new Map<string, number>();

  /** True when it is time to write. */
  note(hubDeviceId: string, at: number): boolean {
    const known = this.#latest.get(hubDeviceId) ?? 0;
    if (at > known) this.#latest.set(hubDeviceId, at);
    return this.#latest.size >= MANY;
  }

  has(hubDeviceId: string): boolean {
    return this.#latest.has(hubDeviceId);
  }

  take(): readonly StandingSeen[] {
    const seen = [...this.#latest].map(([hubDeviceId, lastActivity]) => ({ hubDeviceId, lastActivity }));
    this.#latest.clear();
    return seen;
  }
}
