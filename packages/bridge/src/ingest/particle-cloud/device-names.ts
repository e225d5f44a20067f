/**
 * What Particle's cloud says of a product's devices, which no event tells: their names, and which are quarantined or denied.
 * Only its changes are carried over, so that what is changed here stays until it changes there.
 */
import type { Device } from "../../core/device.ts";
import { isCloudDeviceId } from "../../core/device.ts";
import type { Directory } from "../../core/directory.ts";
import type { Log } from "../../core/log.ts";
import type { ParticleCloudSource, Sources, ToldDevice } from "../../core/source.ts";

export interface DeviceNamesOptions {
  readonly directory: Pick<Directory, "device" | "admitToProduct" | "updateDevice" | "setApproval" | "product">;
  readonly sources: Pick<Sources, "toldDevices" | "saveToldDevices">;
  readonly log: Log;
  /** The devices have just come: what was told of them before, when they were not here, has led to nothing. */
  readonly areNew?: boolean;
}

const MAX_NAME_LENGTH = 128;

/** A device object of the cloud's API; `null` when it is none. */
export function toldDevice(value: unknown): ToldDevice | null {
  if (typeof value !== "object" || value === null) return null;
  const { id, name, quarantined, denied } = value as Record<string, unknown>;
  if (typeof id !== "string" || !isCloudDeviceId(id.toLowerCase())) return null;
  return {
    deviceId: id.toLowerCase(),
    name: typeof name === "string" && isName(name) ? name : null,
    approval: denied === true ? "denied" : quarantined === true ? "quarantined" : "approved",
  };
}

function isName(text: string): boolean {
  return text !== "" && text.length <= MAX_NAME_LENGTH && !/\p{Cc}|\p{Surrogate}/u.test(text);
}

/** Carries over what is new in one page of the list. */
export async function applyTold(
  source: ParticleCloudSource,
  told: readonly ToldDevice[],
  options: DeviceNamesOptions,
): Promise<void> {
  const ids = told.map(({ deviceId }) => deviceId);
  const known = options.areNew === true ? [] : await options.sources.toldDevices(source.id, ids);
  const before = new Map(known.map((one) => [one.deviceId, one]));
  const news = told.filter((one) => !isSame(one, before.get(one.deviceId)));
  if (source.createDevices) await addMissing(source, news, options);
  const done: ToldDevice[] = [];
  for (const one of news) {
    const device = await options.directory.device(one.deviceId);
    if (device?.productId === source.productId) await apply(one, before.get(one.deviceId), device, options);
    // Of one that is not here only what would keep it out is remembered, for when it comes.
    else if (one.approval === "approved") continue;
    done.push(one);
  }
  if (done.length > 0) await options.sources.saveToldDevices(source.id, done);
}

/** The fleet is known before its first event, so that an identity in the hub begins with its name. */
async function addMissing(
  { productId }: ParticleCloudSource,
  told: readonly ToldDevice[],
  { directory }: DeviceNamesOptions,
): Promise<void> {
  const owner = (await directory.product(String(productId)))?.ownerId;
  const missing: string[] = [];
  for (const { deviceId, approval } of told) {
    if (approval !== "approved") continue;
    const device = await directory.device(deviceId);
    const isFree = device === null || (device.productId === null && (device.ownerId ?? owner) === owner);
    if (isFree) missing.push(deviceId);
  }
  await Promise.all(missing.map((id) => directory.admitToProduct(productId, id)));
}

async function apply(
  told: ToldDevice,
  before: ToldDevice | undefined,
  device: Device,
  { directory, log }: DeviceNamesOptions,
): Promise<void> {
  const { deviceId, name, approval } = told;
  if (name !== null && name !== device.name && name !== before?.name) {
    const result = await directory.updateDevice(deviceId, { name });
    if (result === "name_taken") log.warn({ deviceId }, "source.name_taken");
  }
  // Who was denied here, whatever was told, stays denied.
  const isFollowing = device.approval === (before?.approval ?? "approved");
  if (isFollowing && device.approval !== approval) {
    await directory.setApproval(deviceId, approval);
    log.info({ deviceId, approval }, "source.approval_followed");
  }
}

function isSame(a: ToldDevice, b: ToldDevice | undefined): boolean {
  return b !== undefined && a.name === b.name && a.approval === b.approval;
}
