/** A person who signs in; owns devices and integrations in its sandbox. */
export interface Account {
  readonly id: string;
  readonly username: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

/** What an access token stands for. Tokens are kept as SHA-256 only. */
export interface AccessToken {
  readonly accountId: string;
  /** OAuth client that asked for it, e.g. `particle-cli`. */
  readonly client: string;
  readonly createdAt: number;
  /** Unix milliseconds; `null` never expires. */
  readonly expiresAt: number | null;
}
