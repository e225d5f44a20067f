/** Events to try an integration with: a real one by its id, one that the caller makes up, or the last one that it took. */
import { isCloudDeviceId } from "../core/device.ts";
import type { Device } from "../core/device.ts";
import type { DeviceEvent } from "../core/device-event.ts";
import type { Directory } from "../core/directory.ts";
import type { Integration, Scope } from "../core/integration.ts";
import type { RecentEvents } from "../core/recent-events.ts";
import { madeUpEvent } from "../message/made-up-event.ts";
import { badRequest, notFound } from "./api-error.ts";
import type { AccountCaller } from "./authentication.ts";
import { optionalText } from "./bodies.ts";
import type { Fields } from "./bodies.ts";
import { maySeeDevice, ownDevice, productDevice } from "./ownership.ts";

const DEFAULT_DATA = "test-event";
/** In place of a device's id where there is no device. */
const NO_DEVICE = "0".repeat(24);
const MAX_DATA = 16 * 1024;

export interface SampleDependencies {
  readonly directory: Directory;
  readonly recentEvents: RecentEvents;
  readonly now: () => number;
}

export interface Sample {
  readonly event: DeviceEvent & { readonly deviceId: string };
  readonly device: Device | null;
  /** `given` by the caller, a `recent` real one, or `made_up` because there was none. */
  readonly origin: "given" | "recent" | "made_up";
}

/** Whether a body asks for something that a device has said: by its id, or by naming neither data nor an event's name. */
export function asksForRealEvent({ event_id: id, data, event_name: name }: Fields): boolean {
  return Boolean(id) || ((data ?? null) === null && (name ?? "") === "");
}

/** The event and device to try an integration with, as a body names them. */
export async function sampleOf(
  fields: Fields,
  about: Pick<Integration, "scope" | "event" | "deviceId">,
  caller: AccountCaller,
  dependencies: SampleDependencies,
): Promise<Sample> {
  const { directory, recentEvents } = dependencies;
  const eventId = optionalText(fields, "event_id", 64);
  if (eventId !== null) return named(eventId, caller, dependencies);
  const data = dataIn(fields);
  const name = optionalText(fields, "event_name", 64);
  const asked = await deviceIn(fields, about.scope, caller, directory);
  const deviceId = asked?.id ?? about.deviceId;
  if (data === null && name === null) {
    const query = { limit: 1, prefix: about.event, ...(deviceId !== null && { deviceId }) };
    const [recent] = await recentEvents.recentEvents(about.scope, query);
    if (recent !== undefined && recent.deviceId !== null) {
      return {
        event: { ...recent, deviceId: recent.deviceId },
        device: await directory.device(recent.deviceId),
        origin: "recent",
      };
    }
  }
  const device = deviceId === null ? null : await directory.device(deviceId);
  const event = madeUpEvent({
    name: name ?? about.event,
    data: data ?? DEFAULT_DATA,
    scope: about.scope,
    device,
    deviceId: device?.id ?? NO_DEVICE,
    now: dependencies.now(),
  });
  return { event, device, origin: data === null && name === null ? "made_up" : "given" };
}

/** A real event; one that the caller may not see is not there. */
async function named(id: string, caller: AccountCaller, dependencies: SampleDependencies): Promise<Sample> {
  const { event, device } = await visibleEvent(id, caller, dependencies);
  return { event, device, origin: "recent" };
}

export async function visibleEvent(
  id: string,
  caller: AccountCaller,
  { directory, recentEvents }: Pick<SampleDependencies, "directory" | "recentEvents">,
): Promise<{ readonly event: Sample["event"]; readonly device: Device | null }> {
  const event = await recentEvents.recentEvent(id);
  const deviceId = event?.deviceId ?? null;
  if (event === null || deviceId === null || !(await maySeeDevice(directory, caller, deviceId)))
    throw notFound("Event");
  return { event: { ...event, deviceId }, device: await directory.device(deviceId) };
}

export function dataIn(fields: Fields): string | null {
  const { data } = fields;
  if (data === undefined || data === null) return null;
  if (typeof data !== "string") throw badRequest("data must be a string");
  if (Buffer.byteLength(data) > MAX_DATA) throw badRequest(`data must have at most ${MAX_DATA} bytes`);
  return data;
}

/** A device of the scope, by id; `api`, the clients' default, names none. */
export async function deviceIn(
  fields: Fields,
  scope: Scope,
  caller: AccountCaller,
  directory: Directory,
): Promise<Device | null> {
  const value = fields["device_id"];
  if (value === undefined || value === null || value === "" || value === "api") return null;
  if (typeof value !== "string" || !isCloudDeviceId(value.toLowerCase())) {
    throw badRequest("device_id must be a device's id of 24 hexadecimal digits");
  }
  if (scope.kind === "product") return productDevice(directory, scope.productId, value);
  return ownDevice(directory, caller, value);
}
