/** What outlives a connection: a device's subscriptions, and which of its QoS 2 messages were taken. In memory, for an hour at most. */
import { Recent } from "../../core/recent.ts";
import type { Verdict } from "./incoming.ts";
import type { MqttLimits } from "./limits.ts";

export interface Session {
  readonly clientId: string;
  /** Topic filters with the QoS that was granted. */
  readonly subscriptions: Map<string, 0 | 1>;
  /** By packet identifier: messages of QoS 2 that are taken or being taken, until the device releases the identifier. */
  readonly received: Map<number, Promise<Verdict>>;
}

interface Kept {
  readonly session: Session;
  readonly expiresAt: number;
}

/** Sessions of devices that are away. A device has one, whatever its client calls itself. */
export class Sessions {
  readonly #limits: Pick<MqttLimits, "longestSession" | "maxSessions">;
  readonly #kept: Recent<string, Kept>;

  constructor(limits: Pick<MqttLimits, "longestSession" | "maxSessions">) {
    this.#limits = limits;
    this.#kept = new Recent(limits.maxSessions);
  }

  get size(): number {
    return this.#kept.size;
  }

  /** The session to go on with, and whether it was there before. `elapsed` as the clock says. */
  resume(
    deviceId: string,
    { clientId, isClean, elapsed }: { readonly clientId: string; readonly isClean: boolean; readonly elapsed: number },
  ): { readonly session: Session; readonly isPresent: boolean } {
    const kept = this.#kept.get(deviceId);
    this.#kept.delete(deviceId);
    if (kept !== undefined && !isClean && kept.session.clientId === clientId && kept.expiresAt > elapsed) {
      return { session: kept.session, isPresent: true };
    }
    return { session: { clientId, subscriptions: new Map(), received: new Map() }, isPresent: false };
  }

  /** Keeps a session for `expiry` milliseconds. When there are too many, the one kept longest goes. */
  keep(
    deviceId: string,
    session: Session,
    { expiry, elapsed }: { readonly expiry: number; readonly elapsed: number },
  ): void {
    if (expiry <= 0) return;
    this.#kept.set(deviceId, { session, expiresAt: elapsed + Math.min(expiry, this.#limits.longestSession) });
  }

  forget(deviceId: string): void {
    this.#kept.delete(deviceId);
  }

  removeExpired(elapsed: number): void {
    this.#kept.deleteWhere(({ expiresAt }) => expiresAt <= elapsed);
  }
}
