/** A device in a hub, as the admin face shows it. */
import type { HubIdentity, WholeTwin } from "../../core/device-desk.ts";
import type { IdentityOrigin, KnownIdentity } from "../../core/identities.ts";
import type { HubDeviceWithKeys, TwinSectionView } from "../../core/twin-hub.ts";
import type { KeptTwinChange } from "../../core/twin-history.ts";
import { isoTime } from "../particle/iso-time.ts";
import type { DevicePlace } from "./device-places.ts";

/** `made`: by this server. `adopted`: it was there. `unknown`: none is known of, or nobody remembers whose it is. */
function originOf(known: KnownIdentity | null): IdentityOrigin | "unknown" {
  return known?.origin ?? "unknown";
}

export function placeJson(place: DevicePlace, known: KnownIdentity | null): Record<string, unknown> {
  return {
    connection_id: place.connectionId,
    host_name: place.hostName,
    hub_device_id: place.hubDeviceId,
    integrations: place.integrations.map(({ id, name, event, disabled }) => ({ id, name, event, disabled })),
    mirrors_state: place.isMirrored,
    has_identity: known !== null || place.isMirrored,
    known: originOf(known),
  };
}

export function identityJson(identity: HubIdentity, known: KnownIdentity | null): Record<string, unknown> {
  return {
    device_id: identity.deviceId,
    generation_id: identity.generationId,
    status: identity.status,
    status_reason: identity.statusReason,
    status_updated: isoTime(identity.statusUpdated),
    connection_state: identity.connectionState,
    connection_state_updated: isoTime(identity.connectionStateUpdated),
    last_activity: isoTime(identity.lastActivity),
    authentication: identity.authentication,
    waiting_messages: identity.waitingMessages,
    edge: identity.isEdge,
    known: originOf(known),
  };
}

export function keysJson(device: HubDeviceWithKeys): Record<string, unknown> {
  const { deviceId, primaryKey, secondaryKey, connectionString } = device;
  return {
    device_id: deviceId,
    primary_key: primaryKey,
    secondary_key: secondaryKey,
    primary_connection_string: connectionString,
    // The two differ in the key alone.
    secondary_connection_string: connectionString.replace(primaryKey, secondaryKey),
  };
}

export function twinJson(twin: WholeTwin): Record<string, unknown> {
  const section = ({ properties, version, metadata }: TwinSectionView): object => ({ properties, version, metadata });
  return {
    device_id: twin.deviceId,
    etag: twin.etag,
    version: twin.version,
    status: twin.status,
    connection_state: twin.connectionState,
    last_activity: isoTime(twin.lastActivity),
    tags: twin.tags,
    desired: section(twin.desired),
    reported: section(twin.reported),
  };
}

export function twinChangeJson({ id, at, by, section, patch, version }: KeptTwinChange): Record<string, unknown> {
  return { id, at: isoTime(at), by, section, patch, version };
}
