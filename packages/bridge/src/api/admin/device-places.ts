/** Where a device has its identities, or would have: the hubs of what takes its events, and the one that mirrors its state. */
import type { Device } from "../../core/device.ts";
import { isThing } from "../../core/device.ts";
import type { Directory } from "../../core/directory.ts";
import type { HubDevices } from "../../core/hub-devices.ts";
import type { Integration } from "../../core/integration.ts";
import { hubDeviceId } from "../../core/integration.ts";
import type { StateControl } from "../../core/state-control.ts";
import type { AccountCaller } from "../authentication.ts";
import { ownIntegrations, ownProducts } from "../ownership.ts";

/** One identity in one hub. */
export interface DevicePlace {
  readonly connectionId: string;
  /** All that lead to it: the identity may have been made through any of them. */
  readonly connectionIds: readonly string[];
  readonly hostName: string;
  readonly hubDeviceId: string;
  /** Of the caller's, those that bring the device's events there. */
  readonly integrations: readonly Integration[];
  /** Its state is mirrored there. */
  readonly isMirrored: boolean;
}

interface Found {
  readonly connectionId: string;
  readonly hubDeviceId: string;
  readonly integration: Integration | null;
}

export interface PlacesOptions {
  readonly directory: Directory;
  readonly states: Pick<StateControl, "state">;
  readonly hubDevices: HubDevices;
}

/** Of a device that the caller may see: nothing of hubs whose key is somebody else's. */
export async function placesOf(
  options: PlacesOptions,
  caller: AccountCaller,
  device: Device,
): Promise<readonly DevicePlace[]> {
  const found = [...(await byIntegrations(options, caller, device)), ...(await byState(options, caller, device))];
  const opened = await Promise.all(found.map((one) => placeOf(options, device, one)));
  const places = new Map<string, DevicePlace>();
  for (const place of opened) {
    if (place === null) continue;
    // Several connections may lead to the same hub.
    const key = JSON.stringify([place.hostName, place.hubDeviceId]);
    const known = places.get(key);
    places.set(key, known === undefined ? place : together(known, place));
  }
  return [...places.values()];
}

function together(known: DevicePlace, more: DevicePlace): DevicePlace {
  return {
    ...known,
    connectionIds: [...new Set([...known.connectionIds, ...more.connectionIds])],
    integrations: [...known.integrations, ...more.integrations],
    isMirrored: known.isMirrored || more.isMirrored,
  };
}

async function byIntegrations(
  { directory }: PlacesOptions,
  caller: AccountCaller,
  device: Device,
): Promise<readonly Found[]> {
  // What reaches its hub by itself publishes nothing here.
  if (isThing(device)) return [];
  const own = await ownIntegrations(directory, caller);
  return own.flatMap((integration) => {
    if (integration.type !== "AzureIotHub" || !isFor(integration, device)) return [];
    const { connectionId } = integration;
    return [{ connectionId, hubDeviceId: hubDeviceId(integration, device.id), integration }];
  });
}

/** Whatever the names of its events are, and whether it is approved yet. */
function isFor({ scope, deviceId }: Integration, device: Device): boolean {
  if (scope.kind === "product") return device.productId === scope.productId;
  return device.ownerId === scope.accountId && (deviceId === null || deviceId === device.id);
}

/** The hub of its state is its product's, else its owner's: of a fleet's device the owner does not hold the key. */
async function byState(
  { directory, states }: PlacesOptions,
  caller: AccountCaller,
  { id, ownerId, productId }: Device,
): Promise<readonly Found[]> {
  const isOwn =
    productId === null
      ? caller.kind === "account" && caller.accountId === ownerId
      : (await ownProducts(directory, caller)).some((product) => product.id === productId);
  const record = isOwn ? await states.state(id) : null;
  if (record === null || record.connectionId === null) return [];
  return [{ connectionId: record.connectionId, hubDeviceId: record.hubDeviceId, integration: null }];
}

async function placeOf(
  { directory, hubDevices }: PlacesOptions,
  device: Device,
  { connectionId, hubDeviceId: id, integration }: Found,
): Promise<DevicePlace | null> {
  const hub = await hubDevices.hub(connectionId);
  if (hub === null) return null;
  // A prefix must not make of it the id of somebody else's device in a hub that all share.
  if (hub.isShared && id !== device.id && (await directory.device(id)) !== null) return null;
  return {
    connectionId,
    connectionIds: [connectionId],
    hostName: hub.hostName,
    hubDeviceId: id,
    integrations: integration === null ? [] : [integration],
    isMirrored: integration === null,
  };
}
