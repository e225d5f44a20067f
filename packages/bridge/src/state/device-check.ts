/** Looks at one device in its hub, as the registry and the twin have it, and tells the engine. */
import { succeed, type Failure, type Result } from "../core/failure.ts";
import type { TwinView } from "../core/twin-hub.ts";
import type { HubChanges } from "./hub-changes.ts";
import type { MirrorHub } from "./mirror-hub.ts";

/** Nobody waits for the answer but a sweep or a reader, which have nothing better to do. */
const PATIENCE_MS = 5 * 60_000;

/** Asks the registry, which knows whether a device is there and whether it is the same as before, and reads its twin. */
export async function checkDevice(hub: MirrorHub, changes: HubChanges, hubDeviceId: string): Promise<Failure | null> {
  const { connectionId, registry, twins } = hub;
  const generationId = await changes.generationOf(connectionId, hubDeviceId);
  const device = await registry.run(() => twins.device(hubDeviceId), PATIENCE_MS);
  if (!device.ok) return device.failure;
  if (device.value === null) {
    await changes.takeMissing(connectionId, [{ hubDeviceId, generationId }]);
    return null;
  }
  await changes.takeDevices(connectionId, [device.value]);
  const twin = await readTwin(hub, hubDeviceId);
  if (!twin.ok) return twin.failure;
  if (twin.value !== null) await changes.takeTwins(connectionId, [twin.value]);
  return null;
}

/** `null`: the hub has no such device. */
export async function readTwin({ reads, twins }: MirrorHub, hubDeviceId: string): Promise<Result<TwinView | null>> {
  const twin = await reads.run(() => twins.twin(hubDeviceId), PATIENCE_MS);
  return !twin.ok && twin.failure.code === "identity_missing" ? succeed(null) : twin;
}
