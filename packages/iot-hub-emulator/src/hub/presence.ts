/** When each identity last came, went and spoke. Kept beside the registry, because it changes with every message. */
import { NO_DATE, identityKey } from "./identity.ts";
import type { IdentityRef } from "./identity.ts";

/** One identity's state; times are unix milliseconds. Changed in place by the connection it belongs to. */
export interface PresenceRecord {
  isConnected: boolean;
  changedAt: number | undefined;
  activeAt: number | undefined;
}

export interface ShownPresence {
  readonly connectionState: "Connected" | "Disconnected";
  readonly connectionStateUpdatedTime: string;
  readonly lastActivityTime: string;
}

/** Holds at most one record for each identity; `forget` goes with the identity. */
export class Presence {
  readonly #records = new Map<string, PresenceRecord>();

  /** The record of an identity, made when there is none. */
  record(ref: IdentityRef): PresenceRecord {
    const key = identityKey(ref);
    const known = this.#records.get(key);
    if (known !== undefined) return known;
    const record: PresenceRecord = { isConnected: false, changedAt: undefined, activeAt: undefined };
    this.#records.set(key, record);
    return record;
  }

  show(ref: IdentityRef): ShownPresence {
    const record = this.#records.get(identityKey(ref));
    return {
      connectionState: record?.isConnected === true ? "Connected" : "Disconnected",
      connectionStateUpdatedTime: dateOf(record?.changedAt),
      lastActivityTime: dateOf(record?.activeAt),
    };
  }

  forget(ref: IdentityRef): void {
    this.#records.delete(identityKey(ref));
  }
}

function dateOf(unixMs: number | undefined): string {
  return unixMs === undefined ? NO_DATE : new Date(unixMs).toISOString();
}
