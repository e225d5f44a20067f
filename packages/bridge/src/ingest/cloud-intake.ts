/**
 * Events that another device cloud passes on, by whatever way: which are wanted, whose they are, and which came before.
 * A product's webhook and its stream may both bring an event; it is stored once.
 */
import type { Device } from "../core/device.ts";
import { isCloudDeviceId } from "../core/device.ts";
import type { Directory } from "../core/directory.ts";
import type { Log } from "../core/log.ts";
import type { Accept } from "../core/accept.ts";
import type { Source, Sources, WebhookAnswer } from "../core/source.ts";
import { CreationBudget } from "./creation-budget.ts";

/** An event as a device cloud tells it. */
export interface CloudEvent {
  readonly name: string;
  readonly data: string | null;
  /** Device id, `api`, or `particle-internal`. */
  readonly coreid: string;
  /** Unix milliseconds. */
  readonly publishedAt: number | null;
  /** The cloud's own id for it. */
  readonly eventId: string | null;
  readonly firmwareVersion: number | null;
  readonly contentType?: string;
}

export type IntakeResult = Extract<WebhookAnswer, { kind: "accepted" | "ignored" | "refused" | "unavailable" }>;
export type Intake = (source: Source, event: CloudEvent) => Promise<IntakeResult>;

export interface CloudIntakeOptions {
  readonly accept: Accept;
  readonly directory: Pick<Directory, "device" | "admitToProduct" | "updateDevice" | "setApproval" | "product">;
  readonly sources: Pick<Sources, "sourcesIn" | "toldDevices">;
  /** Told of devices that a source brought: their names are still to be fetched. */
  readonly onNewDevice: (source: Source, deviceId: string) => void;
  readonly now: () => number;
  readonly log: Log;
}

/** What the console's TEST button makes Particle's cloud send. */
const TEST_DATA = "test-event";
const ANSWERS_OF_WEBHOOKS = "hook-";
const SYSTEM = /^(?:spark|particle)/i;

export function createCloudIntake(options: CloudIntakeOptions): Intake {
  const { accept, directory, log } = options;
  const budget = new CreationBudget(options.now);

  async function take(source: Source, event: CloudEvent): Promise<IntakeResult> {
    const unwanted = unwantedEvent(source, event);
    if (unwanted !== null) return unwanted;
    const device = await deviceOf(source, event.coreid.toLowerCase());
    if ("kind" in device) return device;
    const { name, data, contentType, publishedAt, firmwareVersion } = event;
    const taken = await accept({
      name,
      data,
      device,
      productId: source.productId,
      firmwareVersion,
      fromDeviceCloud: true,
      ...(contentType !== undefined && { contentType }),
      ...(publishedAt !== null && { publishedAt }),
      ...dedupeKeyOf(event),
    });
    switch (taken.kind) {
      case "fault":
        return { kind: "refused", message: taken.fault.message };
      case "unavailable":
        return taken;
      case "accepted":
        await noteFirmware(device, firmwareVersion);
        return { kind: "accepted", id: taken.event.id, repeated: taken.repeated === true };
    }
  }

  /** The product's device; made when the source may. */
  async function deviceOf(source: Source, id: string): Promise<Device | IntakeResult> {
    const known = await directory.device(id);
    if (known !== null && known.productId === source.productId) return known;
    if (!source.createDevices || !(await mayJoin(source, known))) {
      return ignored("unknown_device", "The device is not in this product.");
    }
    if (!budget.take(source.id)) {
      return { kind: "unavailable", message: "Too many new devices at once.", retryAfterSeconds: 30 };
    }
    await directory.admitToProduct(source.productId, id);
    const approval = await toldApproval(source, id);
    if (approval !== "approved") await directory.setApproval(id, approval);
    const made = await directory.device(id);
    if (made === null || made.productId !== source.productId) {
      return ignored("unknown_device", "The device is not in this product.");
    }
    log.info({ sourceId: source.id, deviceId: id }, "source.device_added");
    options.onNewDevice(source, id);
    return made;
  }

  /** One that is in another product, or that somebody else has claimed, stays where it is. */
  async function mayJoin({ productId }: Source, device: Device | null): Promise<boolean> {
    if (device === null) return true;
    if (device.productId !== null) return false;
    return device.ownerId === null || device.ownerId === (await directory.product(String(productId)))?.ownerId;
  }

  /** What the device cloud last said of a device, to any of the product's sources. */
  async function toldApproval({ productId }: Source, deviceId: string): Promise<Device["approval"]> {
    for (const { id } of await options.sources.sourcesIn(productId)) {
      const [told] = await options.sources.toldDevices(id, [deviceId]);
      if (told !== undefined) return told.approval;
    }
    return "approved";
  }

  async function noteFirmware(device: Device, version: number | null): Promise<void> {
    if (version === null || device.firmwareVersion === version) return;
    // The event is stored, and the next one brings the version again.
    await directory.updateDevice(device.id, { firmwareVersion: version }).catch((error: unknown) => {
      log.debug({ deviceId: device.id, reason: String(error) }, "source.firmware_not_noted");
    });
  }

  return async (source, event) => {
    try {
      return await take(source, event);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      return { kind: "unavailable", message: "The store cannot take events now.", retryAfterSeconds: 5 };
    }
  };
}

function unwantedEvent(source: Source, { name, data, coreid }: CloudEvent): IntakeResult | null {
  if (coreid === "api" && data === TEST_DATA) return ignored("test", "The test event has arrived. It goes no further.");
  if (name.startsWith(ANSWERS_OF_WEBHOOKS)) return ignored("webhook_event", "Events about webhooks are not passed on.");
  if (SYSTEM.test(name) && !source.systemEvents) {
    return ignored("system_event", "The device cloud's own events are not passed on by this source.");
  }
  if (coreid === "api" || coreid === "particle-internal") {
    return ignored("no_device", "The event is of no device.");
  }
  if (isCloudDeviceId(coreid.toLowerCase())) return null;
  return { kind: "refused", message: "The device id must have 24 hexadecimal digits." };
}

/**
 * By its content an event is known whichever way it comes, because a stream tells no ids; without a time two readings that
 * are equal could not be told apart, so then only the cloud's id counts.
 */
function dedupeKeyOf({ name, data, publishedAt, eventId }: CloudEvent): { dedupeKey?: readonly string[] } {
  const keys = [
    ...(publishedAt === null ? [] : [`particle ${JSON.stringify([name, publishedAt, data ?? ""])}`]),
    ...(eventId === null ? [] : [`particle-id ${eventId}`]),
  ];
  return keys.length === 0 ? {} : { dedupeKey: keys };
}

function ignored(reason: string, message: string): IntakeResult {
  return { kind: "ignored", reason, message };
}

function isUnavailable(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "store_unavailable";
}
