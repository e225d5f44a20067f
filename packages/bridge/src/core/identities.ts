/** The port to what the bridge knows of the identities it made or adopted. The hub stays the truth; this saves asking. */
export interface KnownIdentity {
  readonly generationId: string;
  /** The device name last written to the twin; `null` when none was. */
  readonly nameWritten: string | null;
}

export interface Identities {
  identity(connectionId: string, deviceId: string): Promise<KnownIdentity | null>;
  saveIdentity(connectionId: string, deviceId: string, identity: KnownIdentity): Promise<void>;
  forgetIdentity(connectionId: string, deviceId: string): Promise<void>;
  /** Connections in which the device has an identity. */
  connectionsOf(deviceId: string): Promise<readonly string[]>;
}
