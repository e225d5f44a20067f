/** A device's entry in the identity registry, as it is stored and as it is shown. */

/** How the hub writes a date that was never set. */
export const NO_DATE: string = "0001-01-01T00:00:00Z";

export type AuthenticationType = "sas" | "selfSigned" | "certificateAuthority" | "none";

export interface DeviceAuthentication {
  readonly type: AuthenticationType;
  readonly symmetricKey: { readonly primaryKey: string | null; readonly secondaryKey: string | null };
  readonly x509Thumbprint: { readonly primaryThumbprint: string | null; readonly secondaryThumbprint: string | null };
}

export interface DeviceIdentity {
  readonly deviceId: string;
  /** Made by the hub; tells apart two identities that bore the same id one after the other. */
  readonly generationId: string;
  readonly etag: string;
  readonly connectionState: "Connected" | "Disconnected";
  readonly status: "enabled" | "disabled";
  readonly statusReason: string | null;
  readonly connectionStateUpdatedTime: string;
  readonly statusUpdatedTime: string;
  readonly lastActivityTime: string;
  readonly cloudToDeviceMessageCount: number;
  readonly capabilities: { readonly iotEdge: boolean };
  readonly authentication: DeviceAuthentication;
  readonly deviceScope?: string;
  readonly parentScopes?: readonly string[];
}
