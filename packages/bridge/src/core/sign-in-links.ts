/**
 * Links that sign a person in: good once, for an hour. Kept in memory only, as hashes: a restart of the server ends them.
 * The newest of an account count; how many there are is bounded.
 */
import { hashToken, newToken } from "./ids.ts";
import { Recent } from "./recent.ts";

const LIFETIME_MS = 3_600_000;
const OF_ONE_ACCOUNT = 10;
const OF_ALL = 10_000;

export interface SignInLink {
  /** The secret part. */
  readonly code: string;
  /** Of the console, on this server. */
  readonly path: string;
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

export type Redeemed =
  | { readonly kind: "redeemed"; readonly accountId: string; readonly until: number | null }
  | { readonly kind: "used" | "expired" | "unknown" };

interface Kept {
  readonly accountId: string;
  readonly expiresAt: number;
  /** When the token that made the link ends. */
  readonly until: number | null;
  readonly used: boolean;
}

export class SignInLinks {
  readonly #links = new Recent<string, Kept>(OF_ALL);
  /** By account: hashes of its links, oldest first. */
  readonly #ofAccount = new Recent<string, readonly string[]>(OF_ALL);
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** `until`: what it signs in ends then at the latest. */
  create(accountId: string, until: number | null = null): SignInLink {
    const code = newToken();
    const hash = hashToken(code);
    const expiresAt = this.#now() + LIFETIME_MS;
    const all = [...(this.#ofAccount.get(accountId) ?? []), hash];
    for (const old of all.splice(0, Math.max(0, all.length - OF_ONE_ACCOUNT))) this.#links.delete(old);
    this.#ofAccount.set(accountId, all);
    this.#links.set(hash, { accountId, expiresAt, until, used: false });
    return { code, path: `/console/#sign-in=${code}`, expiresAt };
  }

  /** Whose link this is; from then on it is used. */
  redeem(code: string): Redeemed {
    const hash = hashToken(code);
    const link = this.#links.get(hash);
    if (link === undefined) return { kind: "unknown" };
    if (link.used) return { kind: "used" };
    if (link.expiresAt <= this.#now()) return { kind: "expired" };
    this.#links.set(hash, { ...link, used: true });
    return { kind: "redeemed", accountId: link.accountId, until: link.until };
  }

  /** Who ends an account's tokens ends the links that were made with them. */
  endOf(accountId: string): void {
    for (const hash of this.#ofAccount.get(accountId) ?? []) this.#links.delete(hash);
    this.#ofAccount.delete(accountId);
  }
}
