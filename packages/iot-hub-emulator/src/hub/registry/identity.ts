/** A device's or a module's entry in the identity registry, as it is stored and as it is shown. */

/** How the hub writes a date that was never set. */
export const NO_DATE: string = "0001-01-01T00:00:00Z";

export type AuthenticationType = "sas" | "selfSigned" | "certificateAuthority" | "none";

export interface DeviceAuthentication {
  readonly type: AuthenticationType;
  readonly symmetricKey: { readonly primaryKey: string | null; readonly secondaryKey: string | null };
  readonly x509Thumbprint: { readonly primaryThumbprint: string | null; readonly secondaryThumbprint: string | null };
}

/** Names a device, or a module of one. */
export interface IdentityRef {
  readonly deviceId: string;
  readonly moduleId?: string;
}

/** A device may be named by its id alone. */
export type IdentityName = string | IdentityRef;

/** What the registry keeps. Modules have no status of their own: a disabled device disables them. */
export interface DeviceIdentity extends IdentityRef {
  /** Made by the hub; tells apart two identities that bore the same id one after the other. */
  readonly generationId: string;
  readonly etag: string;
  readonly status: "enabled" | "disabled";
  readonly statusReason: string | null;
  readonly statusUpdatedTime: string;
  readonly capabilities: { readonly iotEdge: boolean };
  readonly authentication: DeviceAuthentication;
  readonly deviceScope?: string;
  readonly parentScopes?: readonly string[];
  /** Of a module: who changes it, for example `iotEdge`. */
  readonly managedBy?: string;
}

/** What changes while devices talk; joined to an identity or a twin when it is shown. */
export interface LiveState {
  readonly connectionState: "Connected" | "Disconnected";
  readonly connectionStateUpdatedTime: string;
  readonly lastActivityTime: string;
  readonly cloudToDeviceMessageCount: number;
}

/** One string for a device (`d`) or module (`d/m`): no id holds a slash. */
export function identityKey({ deviceId, moduleId }: IdentityRef): string {
  return moduleId === undefined ? deviceId : `${deviceId}/${moduleId}`;
}

/** The names alone: a `moduleId` that is `undefined` is left out. */
export function refOf({
  deviceId,
  moduleId,
}: {
  readonly deviceId: string;
  readonly moduleId?: string | undefined;
}): IdentityRef {
  return moduleId === undefined ? { deviceId } : { deviceId, moduleId };
}

export function identityRef(name: IdentityName): IdentityRef {
  return typeof name === "string" ? { deviceId: name } : name;
}

/** `Device d` or `Module m of device d`, for messages. */
export function identityLabel({ deviceId, moduleId }: IdentityRef): string {
  return moduleId === undefined ? `Device ${deviceId}` : `Module ${moduleId} of device ${deviceId}`;
}

/** An identity as services read it. */
export function formatIdentity(identity: DeviceIdentity, live: LiveState): Readonly<Record<string, unknown>> {
  return identity.moduleId === undefined ? formatDevice(identity, live) : formatModule(identity, live);
}

function formatDevice(identity: DeviceIdentity, live: LiveState): Readonly<Record<string, unknown>> {
  return {
    deviceId: identity.deviceId,
    generationId: identity.generationId,
    etag: identity.etag,
    connectionState: live.connectionState,
    status: identity.status,
    statusReason: identity.statusReason,
    connectionStateUpdatedTime: live.connectionStateUpdatedTime,
    statusUpdatedTime: identity.statusUpdatedTime,
    lastActivityTime: live.lastActivityTime,
    cloudToDeviceMessageCount: live.cloudToDeviceMessageCount,
    capabilities: identity.capabilities,
    authentication: identity.authentication,
    ...(identity.deviceScope === undefined ? {} : { deviceScope: identity.deviceScope }),
    ...(identity.parentScopes === undefined ? {} : { parentScopes: identity.parentScopes }),
  };
}

function formatModule(identity: DeviceIdentity, live: LiveState): Readonly<Record<string, unknown>> {
  return {
    moduleId: identity.moduleId,
    managedBy: identity.managedBy ?? null,
    deviceId: identity.deviceId,
    generationId: identity.generationId,
    etag: identity.etag,
    connectionState: live.connectionState,
    connectionStateUpdatedTime: live.connectionStateUpdatedTime,
    lastActivityTime: live.lastActivityTime,
    cloudToDeviceMessageCount: live.cloudToDeviceMessageCount,
    authentication: identity.authentication,
  };
}
