/** The hub's JSON of devices and twins as the views of the port. What a hub leaves out has its plainest value. */
import { fail, succeed } from "../../core/failure.ts";
import type { Result } from "../../core/failure.ts";
import type { JsonObject } from "../../core/json.ts";
import { isWithinBounds, TWIN_BOUNDS } from "../../core/json-bounds.ts";
import type { DeviceAuthentication, HubIdentity, WholeTwin } from "../../core/device-desk.ts";
import type { HubDevice, TwinGlance, TwinSectionView, TwinView } from "../../core/twin-hub.ts";
import { isObject } from "../registry-requests.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The answer of `/devices/{id}`. */
export function hubDevice(identity: Fields): HubDevice {
  return { ...standingOf(identity), generationId: text(identity["generationId"]) };
}

const AUTHENTICATIONS: readonly DeviceAuthentication[] = ["sas", "selfSigned", "certificateAuthority", "none"];

/** The same with all that is shown of it. */
export function hubIdentity(identity: Fields): HubIdentity {
  const type = text(fieldsOf(identity["authentication"])["type"]);
  const reason = text(identity["statusReason"]);
  return {
    ...hubDevice(identity),
    authentication: AUTHENTICATIONS.find((known) => known.toLowerCase() === type.toLowerCase()) ?? "none",
    statusReason: reason === "" ? null : reason,
    statusUpdated: timeOf(identity["statusUpdatedTime"]),
    connectionStateUpdated: timeOf(identity["connectionStateUpdatedTime"]),
    waitingMessages: count(identity["cloudToDeviceMessageCount"]),
    isEdge: fieldsOf(identity["capabilities"])["iotEdge"] === true,
  };
}

/** The primary and secondary key of an answer of `/devices/{id}`; `null` when it signs in by a certificate. */
export function keysOf(identity: Fields): { readonly primaryKey: string; readonly secondaryKey: string } | null {
  const keys = fieldsOf(fieldsOf(identity["authentication"])["symmetricKey"]);
  const [primaryKey, secondaryKey] = [text(keys["primaryKey"]), text(keys["secondaryKey"])];
  return primaryKey === "" && secondaryKey === "" ? null : { primaryKey, secondaryKey };
}

/** The answer of `/twins/{id}`, or a row of a query of whole twins. Fails for what is no twin. */
export function twinView(twin: Fields): Result<TwinView> {
  const properties = twin["properties"];
  if (!isObject(properties) || text(twin["deviceId"]) === "")
    return fail("hub_error", "The answer is no twin. Is there a proxy in between?");
  const [desired, reported] = [sectionOf(properties["desired"]), sectionOf(properties["reported"])];
  if (![desired, reported].every((section) => isWithinBounds(section.properties, TWIN_BOUNDS)))
    return fail("hub_error", "The twin holds more than any twin can. Is that an IoT Hub?");
  return succeed({ ...twinGlance(twin), desired, reported });
}

/** As `twinView`, with the tags. */
export function wholeTwin(twin: Fields): Result<WholeTwin> {
  const view = twinView(twin);
  if (!view.ok) return view;
  const tags = fieldsOf(twin["tags"]) as JsonObject;
  if (!isWithinBounds(tags, TWIN_BOUNDS))
    return fail("hub_error", "The twin's tags hold more than any twin can. Is that an IoT Hub?");
  return succeed({ ...view.value, tags });
}

/** A row of a query that selects as much as a glance needs. */
export function twinGlance(row: Fields): TwinGlance {
  return { ...standingOf(row), etag: text(row["etag"]), version: count(row["version"]) };
}

function standingOf(fields: Fields): Omit<HubDevice, "generationId"> {
  return {
    deviceId: text(fields["deviceId"]),
    status: text(fields["status"]).toLowerCase() === "disabled" ? "disabled" : "enabled",
    connectionState: text(fields["connectionState"]).toLowerCase() === "connected" ? "connected" : "disconnected",
    lastActivity: timeOf(fields["lastActivityTime"]),
  };
}

function sectionOf(value: unknown): TwinSectionView {
  const section = fieldsOf(value);
  const properties = Object.fromEntries(Object.entries(section).filter(([key]) => !key.startsWith("$")));
  return {
    properties: properties as JsonObject,
    version: count(section["$version"]),
    metadata: fieldsOf(section["$metadata"]) as JsonObject,
  };
}

// A hub's word for never is the year 1.
function timeOf(value: unknown): number | null {
  const written = text(value);
  // Without a zone it is UTC all the same.
  const time = Date.parse(/(?:z|[+-]\d\d:?\d\d)$/i.test(written) ? written : `${written}Z`);
  return Number.isFinite(time) && time > 0 ? time : null;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

function fieldsOf(value: unknown): Fields {
  return isObject(value) ? value : {};
}
