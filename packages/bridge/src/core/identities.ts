/**
 * The port to what the bridge knows of the identities it made or adopted, by their ids in the hub. The hub stays the
 * truth; this saves asking.
 */
/** How the bridge came to an identity. */
export type IdentityOrigin = "made" | "adopted";

export interface KnownIdentity {
  readonly generationId: string;
  /** Whether the bridge made it or found it there; absent: from a time when that was not noted. */
  readonly origin?: IdentityOrigin;
  /** The device name last written to the twin; `null` when none was. */
  readonly nameWritten: string | null;
}

export interface Identities {
  identity(connectionId: string, deviceId: string): Promise<KnownIdentity | null>;
  saveIdentity(connectionId: string, deviceId: string, identity: KnownIdentity): Promise<void>;
  /** The identity has vanished from the hub: forgets it, and returns how often that has happened on this day (UTC). */
  identityLost(connectionId: string, deviceId: string, day: string): Promise<number>;
  /** How often the identity has vanished on this day. */
  identityLosses(connectionId: string, deviceId: string, day: string): Promise<number>;
}
