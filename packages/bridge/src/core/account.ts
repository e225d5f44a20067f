import type { Permission } from "./permission.ts";

/** A person who signs in; owns devices and integrations in its sandbox. */
export interface Account {
  readonly id: string;
  readonly username: string;
  /** Runs the server: may make further accounts. */
  readonly operator: boolean;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

/** A program that calls the API for one product, with the permissions it was given. Has one token and no password. */
export interface ApiUser {
  readonly id: string;
  readonly productId: number;
  /** Made at creation; ends in `@api.particle.io`, as the clients expect. */
  readonly username: string;
  readonly friendlyName: string;
  readonly scopes: readonly Permission[];
  readonly createdAt: number;
}

/** A token as it is listed: by an id that opens nothing. */
export interface AccessTokenNote {
  /** Stays the same; not the token. */
  readonly id: string;
  readonly client: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
}

/** What an access token stands for. Tokens are kept as SHA-256 only. */
export interface AccessToken {
  /** The account's id, or the API user's. */
  readonly accountId: string;
  /** Set: the token is this API user's. */
  readonly apiUser: ApiUser | null;
  /** OAuth client that asked for it, e.g. `particle-cli`. */
  readonly client: string;
  readonly createdAt: number;
  /** Unix milliseconds; `null` never expires. */
  readonly expiresAt: number | null;
}
