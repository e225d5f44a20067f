/**
 * AMQP addresses and MQTT topics of a hub. Ids appear as they are in link addresses (the SDKs do not encode them there)
 * and percent-encoded in the `to` of a cloud-to-device message; parsers accept both, and a full `amqps://host:port/` form.
 */
import { withoutOuterSlashes } from "./slashes.ts";

/** What a link address or `to` names. */
export type HubAddress =
  | { readonly kind: "telemetry"; readonly deviceId: string; readonly moduleId?: string }
  | { readonly kind: "deviceBound"; readonly deviceId: string; readonly moduleId?: string }
  | { readonly kind: "twin"; readonly deviceId: string; readonly moduleId?: string }
  | { readonly kind: "methods"; readonly deviceId: string; readonly moduleId?: string }
  | { readonly kind: "serviceDeviceBound" }
  | { readonly kind: "feedback" }
  | { readonly kind: "fileNotifications" }
  | { readonly kind: "events"; readonly rest: string }
  | { readonly kind: "cbs" };

/** Address of a device's telemetry link, and of its HTTPS path. */
export function telemetryAddress(deviceId: string, moduleId?: string): string {
  return moduleId === undefined
    ? `/devices/${deviceId}/messages/events`
    : `/devices/${deviceId}/modules/${moduleId}/messages/events`;
}

/** Topic prefix of a device's device-to-cloud messages; the property bag follows it. */
export function telemetryTopic(deviceId: string, moduleId?: string): string {
  return telemetryAddress(deviceId, moduleId).slice(1) + "/";
}

/** Resource URI that a device's own token signs, e.g. `{hub}/devices/{device}`. */
export function deviceResource(hostName: string, deviceId: string, moduleId?: string): string {
  const device = `${hostName}/devices/${encodeURIComponent(deviceId)}`;
  return moduleId === undefined ? device : `${device}/modules/${encodeURIComponent(moduleId)}`;
}

/** Source address of one partition of the Event Hubs-compatible endpoint. */
export function partitionAddress(entityPath: string, consumerGroup: string, partitionId: string): string {
  return `${entityPath}/ConsumerGroups/${consumerGroup}/Partitions/${partitionId}`;
}

const ENDPOINTS: ReadonlyMap<string, "telemetry" | "deviceBound" | "twin" | "methods"> = new Map<
  string,
  "telemetry" | "deviceBound" | "twin" | "methods"
>([
  ["messages/events", "telemetry"],
  ["messages/devicebound", "deviceBound"],
  ["twin", "twin"],
  ["methods/devicebound", "methods"],
]);

/** Parses an address of the hub's own host (not of the Event Hubs host); `undefined` when it names nothing known. */
export function parseHubAddress(address: string): HubAddress | undefined {
  const path = withoutOuterSlashes(address.replace(/^amqps?:\/\/[^/]*\//i, ""));
  if (path.toLowerCase() === "$cbs") return { kind: "cbs" };
  const device = /^devices\/([^/]+)(?:\/modules\/([^/]+))?\/(.+)$/i.exec(path);
  if (device !== null) {
    const kind = ENDPOINTS.get((device[3] ?? "").toLowerCase());
    const deviceId = decodeId(device[1] ?? "");
    if (kind === undefined) return undefined;
    return device[2] === undefined ? { kind, deviceId } : { kind, deviceId, moduleId: decodeId(device[2]) };
  }
  switch (path.toLowerCase()) {
    case "messages/devicebound":
      return { kind: "serviceDeviceBound" };
    case "messages/servicebound/feedback":
      return { kind: "feedback" };
    case "messages/servicebound/filenotifications":
      return { kind: "fileNotifications" };
  }
  const events = /^messages\/events(?:\/(.*))?$/i.exec(path);
  return events === null ? undefined : { kind: "events", rest: events[1] ?? "" };
}

// A '%' is legal in a device id, so text that does not decode is taken as it is.
function decodeId(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
