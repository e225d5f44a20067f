/**
 * Connection state as the service tells it: not every connect and disconnect, but the state that holds a minute after the
 * first change, so that a device which comes and goes makes one event a minute. The sequence number in the body tells which
 * of two events is the later one.
 */
import type { HubClock } from "../clock/clock.ts";
import type { ConnectionState } from "../connections/connections.ts";
import { identityKey } from "../registry/identity.ts";
import type { IdentityRef } from "../registry/identity.ts";
import type { HubNotification } from "./notifications.ts";

const SNAPSHOT_MS = 60_000;
/** Windows counts hundreds of nanoseconds from the year 1601. */
const UNIX_IN_1601 = 11_644_473_600_000;

interface Change {
  readonly ref: IdentityRef;
  readonly state: ConnectionState;
  readonly at: number;
}

export class ConnectionStateEvents {
  readonly #clock: HubClock;
  readonly #announce: (notification: HubNotification) => void;
  /** By identity, until the next snapshot. */
  readonly #changes = new Map<string, Change>();
  #sequence = 0;

  constructor(clock: HubClock, announce: (notification: HubNotification) => void) {
    this.#clock = clock;
    this.#announce = announce;
  }

  note(ref: IdentityRef, state: ConnectionState): void {
    const at = this.#clock.now();
    if (this.#changes.size === 0) this.#clock.at(at + SNAPSHOT_MS, () => this.#snapshot());
    this.#changes.set(identityKey(ref), { ref, state, at });
  }

  #snapshot(): void {
    const changes = [...this.#changes.values()];
    this.#changes.clear();
    for (const { ref, state, at } of changes) {
      this.#announce({
        ref,
        opType: `${ref.moduleId === undefined ? "device" : "module"}${state}`,
        schema: `${ref.moduleId === undefined ? "device" : "module"}ConnectionStateNotification`,
        body: { sequenceNumber: this.#nextSequenceNumber() },
        at,
      });
    }
  }

  // 64 hexadecimal digits that grow, also over a restart: the time leads. Only their order is documented.
  #nextSequenceNumber(): string {
    const ticks = BigInt(Math.floor(this.#clock.now()) + UNIX_IN_1601) * 10_000n;
    return `${ticks.toString(16).padStart(32, "0")}${(++this.#sequence).toString(16).padStart(32, "0")}`.toUpperCase();
  }
}
