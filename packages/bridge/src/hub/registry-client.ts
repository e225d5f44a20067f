/** Device identities and twins over the hub's service REST interface. */
import { isDeviceId } from "iot-hub-protocol";
import { fail, succeed } from "../core/failure.ts";
import type { Failure, Result } from "../core/failure.ts";
import type { DeviceIdentity } from "../core/hub-client.ts";
import { classifyRefusal } from "./error-classification.ts";
import type { Occasion } from "./error-classification.ts";
import { readHttpRefusal } from "./http-refusal.ts";
import type { HttpAnswer } from "./http-refusal.ts";
import type { RegistryTransport } from "./registry-transport.ts";

// What the vendor's SDK sends for a symmetric-key identity: the hub makes the keys.
const GENERATED_KEYS = { type: "sas", symmetricKey: { primaryKey: "", secondaryKey: "" } } as const;

export interface RegistryClientOptions {
  readonly transport: RegistryTransport;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export class RegistryClient {
  readonly #transport: RegistryTransport;
  readonly #now: () => number;

  constructor({ transport, now }: RegistryClientOptions) {
    this.#transport = transport;
    this.#now = now;
  }

  /** Without a precondition, so that the hub answers 409 for an existing identity, which is then adopted. */
  async createIdentity(
    deviceId: string,
  ): Promise<Result<{ readonly identity: DeviceIdentity; readonly created: boolean }>> {
    if (!isAddressable(deviceId)) return refusedId(deviceId);
    const body = { deviceId, status: "enabled", authentication: GENERATED_KEYS };
    const made = await this.#transport.request({ method: "PUT", path: identityPath(deviceId), body });
    if (!made.ok) return made;
    if (made.value.status === 409) return this.#adopt(deviceId);
    if (!isSuccess(made.value)) return this.#refuse(made.value, "identity", deviceId);
    const identity = parseIdentity(made.value.body, deviceId);
    return identity.ok ? succeed({ identity: identity.value, created: true }) : identity;
  }

  async getIdentity(deviceId: string): Promise<Result<DeviceIdentity | null>> {
    if (!isAddressable(deviceId)) return succeed(null);
    const found = await this.#transport.request({ method: "GET", path: identityPath(deviceId) });
    if (!found.ok) return found;
    if (isMissingDevice(found.value)) return succeed(null);
    return isSuccess(found.value)
      ? parseIdentity(found.value.body, deviceId)
      : this.#refuse(found.value, "identity", deviceId);
  }

  async deleteIdentity(deviceId: string): Promise<Result<null>> {
    if (!isAddressable(deviceId)) return succeed(null);
    const path = identityPath(deviceId);
    const gone = await this.#transport.request({ method: "DELETE", path, ifMatch: '"*"' });
    if (!gone.ok) return gone;
    if (isSuccess(gone.value) || isMissingDevice(gone.value)) return succeed(null);
    return this.#refuse(gone.value, "identity", deviceId);
  }

  async getTwin(deviceId: string): Promise<Result<Record<string, unknown> | null>> {
    if (!isAddressable(deviceId)) return succeed(null);
    const found = await this.#transport.request({ method: "GET", path: twinPath(deviceId) });
    if (!found.ok) return found;
    if (isMissingDevice(found.value)) return succeed(null);
    return isSuccess(found.value) ? parseObject(found.value.body) : this.#refuse(found.value, "twin", deviceId);
  }

  async patchDesired(deviceId: string, patch: Readonly<Record<string, unknown>>): Promise<Result<null>> {
    if (!isAddressable(deviceId)) return refusedId(deviceId);
    const body = { properties: { desired: patch } };
    const path = twinPath(deviceId);
    const patched = await this.#transport.request({ method: "PATCH", path, ifMatch: '"*"', body });
    if (!patched.ok) return patched;
    return isSuccess(patched.value) ? succeed(null) : this.#refuse(patched.value, "twin", deviceId);
  }

  async #adopt(deviceId: string): Promise<Result<{ readonly identity: DeviceIdentity; readonly created: boolean }>> {
    const found = await this.getIdentity(deviceId);
    if (!found.ok) return found;
    if (found.value === null)
      return fail("identity_missing", "The hub said that the identity exists, and then that it does not.");
    return succeed({ identity: found.value, created: false });
  }

  async #refuse(
    answer: HttpAnswer,
    occasion: Occasion,
    deviceId: string,
  ): Promise<{ readonly ok: false; readonly failure: Failure }> {
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
      const answer = await this.#transport.request({ method: "GET", path });
      if (answer.ok && (answer.value.status < 400 || answer.value.status === 404)) return true;
    }
    return false;
  }
}

// The two dot segments are legal ids, but in a path every URL parser on the way would resolve them.
function isAddressable(deviceId: string): boolean {
  return isDeviceId(deviceId) && deviceId !== "." && deviceId !== "..";
}

function identityPath(deviceId: string): string {
  return `/devices/${encodeURIComponent(deviceId)}`;
}

function twinPath(deviceId: string): string {
  return `/twins/${encodeURIComponent(deviceId)}`;
}

function isSuccess({ status }: HttpAnswer): boolean {
  return status >= 200 && status < 300;
}

// A 404 that names something else (the hub itself, a path) is trouble, not an absent device.
function isMissingDevice(answer: HttpAnswer): boolean {
  if (answer.status !== 404) return false;
  const { name, text } = readHttpRefusal(answer);
  return name === undefined || name === "DeviceNotFound" || text.includes("404001");
}

function refusedId(deviceId: string): { readonly ok: false; readonly failure: Failure } {
  return fail("device_id_refused", `${JSON.stringify(deviceId.slice(0, 140))} is no IoT Hub device id.`);
}

function parseIdentity(body: string, deviceId: string): Result<DeviceIdentity> {
  const parsed = parseObject(body);
  if (!parsed.ok) return parsed;
  const generationId = parsed.value["generationId"];
  return succeed({
    deviceId,
    generationId: typeof generationId === "string" ? generationId : "",
    status: parsed.value["status"] === "disabled" ? "disabled" : "enabled",
  });
}

function parseObject(body: string): Result<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return succeed(value as Record<string, unknown>);
  } catch {
    // Falls through: what is no JSON is no answer of a hub.
  }
  return fail("hub_error", "The answer is not what an IoT Hub answers. Is there a proxy in between?");
}
