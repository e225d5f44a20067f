/** What all questions to a hub's registry have in common: where devices and twins are found, and what answers mean. */
import { isDeviceId } from "iot-hub-protocol";
import { fail, succeed } from "../core/failure.ts";
import type { Failure, Result } from "../core/failure.ts";
import { classifyRefusal } from "./error-classification.ts";
import type { Occasion } from "./error-classification.ts";
import { readHttpRefusal } from "./http-refusal.ts";
import type { HttpAnswer } from "./http-refusal.ts";
import type { RegistryRequest, RegistryTransport } from "./registry-transport.ts";

// What the vendor's SDK sends for a symmetric-key identity: the hub makes the keys.
export const GENERATED_KEYS = { type: "sas", symmetricKey: { primaryKey: "", secondaryKey: "" } } as const;

export interface RegistryOptions {
  readonly transport: RegistryTransport;
  /** Unix milliseconds. */
  readonly now: () => number;
}

type Refused = { readonly ok: false; readonly failure: Failure };

export class RegistryRequests {
  readonly #transport: RegistryTransport;
  readonly #now: () => number;

  constructor({ transport, now }: RegistryOptions) {
    this.#transport = transport;
    this.#now = now;
  }

  /** Gives back whatever was answered. */
  send(request: RegistryRequest): Promise<Result<HttpAnswer>> {
    return this.#transport.request(request);
  }

  /** A device's identity or twin as the hub shows it; `null` when it has no such device. */
  async find(what: "identity" | "twin", deviceId: string): Promise<Result<Record<string, unknown> | null>> {
    if (!isAddressable(deviceId)) return succeed(null);
    const path = what === "identity" ? identityPath(deviceId) : twinPath(deviceId);
    const found = await this.send({ method: "GET", path });
    if (!found.ok) return found;
    if (isMissingDevice(found.value)) return succeed(null);
    return isSuccess(found.value) ? parseObject(found.value.body) : this.refuse(found.value, what, deviceId);
  }

  /** Succeeds too when the device was not there. */
  async delete(deviceId: string): Promise<Result<null>> {
    if (!isAddressable(deviceId)) return succeed(null);
    const gone = await this.send({ method: "DELETE", path: identityPath(deviceId), ifMatch: '"*"' });
    if (!gone.ok) return gone;
    if (isSuccess(gone.value) || isMissingDevice(gone.value)) return succeed(null);
    return this.refuse(gone.value, "identity", deviceId);
  }

  /** What an answer that is no success means. */
  async refuse(answer: HttpAnswer, occasion: Occasion, deviceId: string): Promise<Refused> {
    const failure = classifyRefusal(readHttpRefusal(answer), occasion, this.#now());
    if (answer.status !== 401 || failure.code !== "key_refused") return { ok: false, failure };
    if (!(await this.#keyIsGood(deviceId))) return { ok: false, failure };
    const message = `The policy lacks a permission for this, though its key is right (hub: ${failure.hubCode ?? "401"}).`;
    return { ok: false, failure: { ...failure, code: "permission_missing", message } };
  }

  // The hub answers 401 for a wrong key and for a missing permission alike. Anything but 401 on a call that needs another
  // permission (registry read, service connect) shows that the key is right.
  async #keyIsGood(deviceId: string): Promise<boolean> {
    for (const path of [identityPath(deviceId), twinPath(deviceId)]) {
      const answer = await this.send({ method: "GET", path });
      if (answer.ok && (answer.value.status < 400 || answer.value.status === 404)) return true;
    }
    return false;
  }
}

/** Whether a path can name it. The two dot segments are legal ids, but every URL parser on the way would resolve them. */
export function isAddressable(deviceId: string): boolean {
  return isDeviceId(deviceId) && deviceId !== "." && deviceId !== "..";
}

export function refusedId(deviceId: string): Refused {
  return fail("device_id_refused", `${JSON.stringify(deviceId.slice(0, 140))} is no IoT Hub device id.`);
}

export function identityPath(deviceId: string): string {
  return `/devices/${encodeURIComponent(deviceId)}`;
}

export function twinPath(deviceId: string): string {
  return `/twins/${encodeURIComponent(deviceId)}`;
}

export function isSuccess({ status }: HttpAnswer): boolean {
  return status >= 200 && status < 300;
}

/** A 404 that names something else (the hub itself, a path) is trouble, not an absent device. */
export function isMissingDevice(answer: HttpAnswer): boolean {
  if (answer.status !== 404) return false;
  const { name, text } = readHttpRefusal(answer);
  return name === undefined || name === "DeviceNotFound" || text.includes("404001");
}

export function parseObject(body: string): Result<Record<string, unknown>> {
  const parsed = parseJson(body);
  return isObject(parsed) ? succeed(parsed) : notAHub();
}

export function parseList(body: string): Result<readonly Record<string, unknown>[]> {
  const parsed = parseJson(body);
  return Array.isArray(parsed) && parsed.every(isObject) ? succeed(parsed) : notAHub();
}

function notAHub(): Refused {
  return fail("hub_error", "The answer is not what an IoT Hub answers. Is there a proxy in between?");
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
