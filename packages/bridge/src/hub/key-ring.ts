/**
 * The two keys of a policy, and which of them the hub takes. A key that is refused makes place for the other one at once;
 * the first key is used again as soon as it works again, because the second is there for the time of a rotation.
 */
import type { KeyName } from "../core/hub-client.ts";
import type { HubConnection } from "../core/integration.ts";
import { hubTokens } from "./access-token.ts";
import type { AccessToken } from "./access-token.ts";

/** A key that was refused this long ago may have been mended since. */
const REFUSED_FOR_MS = 5_000;

/** A policy's token that says which key signed it. */
export interface KeyToken extends AccessToken {
  readonly key: KeyName;
  /** Counts the times that the keys were replaced. */
  readonly round: number;
}

export interface KeyRingOptions {
  readonly connection: HubConnection;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Another key, or a new one, is in use from now on. */
  readonly onChange?: (inUse: KeyName) => void;
}

export class KeyRing {
  readonly #now: () => number;
  readonly #onChange: (inUse: KeyName) => void;
  #tokens: Readonly<Partial<Record<KeyName, (hostName: string) => AccessToken>>> = {};
  #inUse: KeyName = "primary";
  #round = 0;
  readonly #refusedAt = new Map<KeyName, number>();

  constructor({ connection, now, onChange = () => undefined }: KeyRingOptions) {
    this.#now = now;
    this.#onChange = onChange;
    this.#take(connection);
  }

  get inUse(): KeyName {
    return this.#inUse;
  }

  token(hostName: string): KeyToken {
    return this.#tokenOf(this.#inUse, hostName);
  }

  /** Of the key that is not in use; `null` where there is only one. */
  otherToken(hostName: string): KeyToken | null {
    const other = this.#other;
    return other === null ? null : this.#tokenOf(other, hostName);
  }

  /** The hub refused this token. Whether `token` now gives another one that is worth a try at once. */
  refused(token: KeyToken): boolean {
    if (!this.isCurrent(token)) return true;
    this.#refusedAt.set(token.key, this.#now());
    const other = this.#other;
    if (other === null || this.#now() - (this.#refusedAt.get(other) ?? -Infinity) < REFUSED_FOR_MS) return false;
    this.#use(other);
    return true;
  }

  /** Whether `token` would give one of the same key. */
  isCurrent({ key, round }: KeyToken): boolean {
    return round === this.#round && key === this.#inUse;
  }

  /** The hub takes this key's tokens: it is used from now on. */
  prefer({ key, round }: KeyToken): void {
    if (round !== this.#round) return;
    this.#refusedAt.delete(key);
    if (key !== this.#inUse) this.#use(key);
  }

  /** The connection has new keys. */
  replace(connection: HubConnection): void {
    this.#round += 1;
    this.#refusedAt.clear();
    this.#take(connection);
    this.#use("primary");
  }

  get #other(): KeyName | null {
    const other = this.#inUse === "primary" ? "secondary" : "primary";
    return this.#tokens[other] === undefined ? null : other;
  }

  #take(connection: HubConnection): void {
    const { secondaryKey } = connection;
    this.#tokens = {
      primary: hubTokens(connection, this.#now),
      ...(secondaryKey !== null && { secondary: hubTokens({ ...connection, policyKey: secondaryKey }, this.#now) }),
    };
  }

  #use(key: KeyName): void {
    this.#inUse = key;
    this.#onChange(key);
  }

  #tokenOf(key: KeyName, hostName: string): KeyToken {
    return { ...this.#tokens[key]!(hostName), key, round: this.#round };
  }
}
