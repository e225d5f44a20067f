/** Connection strings as Azure writes them: `Key=value` pairs joined by `;`, each split at its first `=` (keys end in `=`). */

/** A service connection string: one hub as one shared access policy. */
export interface HubConnectionString {
  readonly hostName: string;
  readonly sharedAccessKeyName: string;
  readonly sharedAccessKey: string;
}

/** A device's (or module's) own connection string. */
export interface DeviceConnectionString {
  readonly hostName: string;
  readonly deviceId: string;
  readonly moduleId?: string;
  readonly sharedAccessKey?: string;
  readonly gatewayHostName?: string;
}

/** An Event Hubs-compatible connection string, as a hub shows it for its built-in endpoint. */
export interface EventHubConnectionString {
  /** Host with optional port, without scheme or slash. */
  readonly endpoint: string;
  readonly sharedAccessKeyName: string;
  readonly sharedAccessKey: string;
  readonly entityPath: string;
  /** Plain TCP, as Microsoft's clients do when `UseDevelopmentEmulator=true`. */
  readonly developmentEmulator: boolean;
}

/** Says which part of a connection string is missing or malformed; never contains the key. */
export class ConnectionStringError extends Error {
  readonly code = "connection_string_invalid";
}

/** Splits a connection string into its fields; a duplicate keeps the last value, as the Node SDK does. */
export function parseConnectionString(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const part of text.trim().split(";")) {
    if (part === "") continue;
    const split = part.indexOf("=");
    if (split < 1) throw new ConnectionStringError("A connection string is made of Name=value parts joined by ';'.");
    fields.set(part.slice(0, split).trim(), part.slice(split + 1).trim());
  }
  return fields;
}

export function parseHubConnectionString(text: string): HubConnectionString {
  const fields = parseConnectionString(text);
  return {
    hostName: required(fields, "HostName"),
    sharedAccessKeyName: required(fields, "SharedAccessKeyName"),
    sharedAccessKey: required(fields, "SharedAccessKey"),
  };
}

export function formatHubConnectionString(parts: HubConnectionString): string {
  return `HostName=${parts.hostName};SharedAccessKeyName=${parts.sharedAccessKeyName};SharedAccessKey=${parts.sharedAccessKey}`;
}

export function parseDeviceConnectionString(text: string): DeviceConnectionString {
  const fields = parseConnectionString(text);
  const moduleId = fields.get("ModuleId");
  const sharedAccessKey = fields.get("SharedAccessKey");
  const gatewayHostName = fields.get("GatewayHostName");
  return {
    hostName: required(fields, "HostName"),
    deviceId: required(fields, "DeviceId"),
    ...(moduleId === undefined ? {} : { moduleId }),
    ...(sharedAccessKey === undefined ? {} : { sharedAccessKey }),
    ...(gatewayHostName === undefined ? {} : { gatewayHostName }),
  };
}

export function formatDeviceConnectionString(parts: DeviceConnectionString): string {
  const fields = [`HostName=${parts.hostName}`, `DeviceId=${parts.deviceId}`];
  if (parts.moduleId !== undefined) fields.push(`ModuleId=${parts.moduleId}`);
  if (parts.sharedAccessKey !== undefined) fields.push(`SharedAccessKey=${parts.sharedAccessKey}`);
  if (parts.gatewayHostName !== undefined) fields.push(`GatewayHostName=${parts.gatewayHostName}`);
  return fields.join(";");
}

export function parseEventHubConnectionString(text: string): EventHubConnectionString {
  const fields = parseConnectionString(text);
  const endpoint = required(fields, "Endpoint");
  const host = /^sb:\/\/([^/;]+)\/?$/.exec(endpoint)?.[1];
  if (host === undefined) throw new ConnectionStringError("Endpoint must look like sb://host/.");
  return {
    endpoint: host,
    sharedAccessKeyName: required(fields, "SharedAccessKeyName"),
    sharedAccessKey: required(fields, "SharedAccessKey"),
    entityPath: required(fields, "EntityPath"),
    developmentEmulator: fields.get("UseDevelopmentEmulator")?.toLowerCase() === "true",
  };
}

export function formatEventHubConnectionString(parts: EventHubConnectionString): string {
  const text =
    `Endpoint=sb://${parts.endpoint}/;SharedAccessKeyName=${parts.sharedAccessKeyName};` +
    `SharedAccessKey=${parts.sharedAccessKey};EntityPath=${parts.entityPath}`;
  return parts.developmentEmulator ? `${text};UseDevelopmentEmulator=true` : text;
}

function required(fields: Map<string, string>, name: string): string {
  const value = fields.get(name);
  if (value === undefined || value === "") throw new ConnectionStringError(`The connection string has no ${name}.`);
  return value;
}
