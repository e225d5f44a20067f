/**
 * When each identity last came, went and spoke. Kept beside the registry, because it changes with every message, and
 * written only when a connection ends: what a crash loses is the last activity of those who were connected.
 */
import { NO_DATE, identityKey } from "../registry/identity.ts";
import type { IdentityRef } from "../registry/identity.ts";
import type { Journal } from "../journal/journal.ts";

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

const PREFIX = "presence/";

/** Holds at most one record for each identity; `forget` goes with the identity. */
export class Presence {
  readonly #records = new Map<string, PresenceRecord>();
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
    for (const [key, value] of journal.entries) {
      if (!key.startsWith(PREFIX)) continue;
      const { changedAt, activeAt } = value as Partial<PresenceRecord>;
      this.#records.set(key.slice(PREFIX.length), { isConnected: false, changedAt, activeAt });
    }
  }

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

  /** Writes what is known of an identity that is not connected any more. */
  keep(ref: IdentityRef): void {
    const key = identityKey(ref);
    const record = this.#records.get(key);
    if (record !== undefined) this.#commit(key, { changedAt: record.changedAt, activeAt: record.activeAt });
  }

  forget(ref: IdentityRef): void {
    const key = identityKey(ref);
    if (this.#records.delete(key)) this.#commit(key, undefined);
  }

  // No caller waits for this write; a journal that cannot write makes the next awaited one fail.
  #commit(key: string, value: unknown): void {
    this.#journal.commit([[PREFIX + key, value]]).catch(() => undefined);
  }
}

function dateOf(unixMs: number | undefined): string {
  return unixMs === undefined ? NO_DATE : new Date(unixMs).toISOString();
}
