/** Devices with keys of their own, in the hub's identity registry. */
import { randomBytes } from "node:crypto";
import { deviceResource, formatDeviceConnectionString, makeSharedAccessSignature } from "iot-hub-protocol";
import { fail, succeed } from "../../core/failure.ts";
import type { Result } from "../../core/failure.ts";
import type { HubEndpoint, KeyName } from "../../core/hub-client.ts";
import type { HubIdentity } from "../../core/device-desk.ts";
import type { HubDevice, HubDeviceWithKeys } from "../../core/twin-hub.ts";
import type { HttpAnswer } from "../http-refusal.ts";
import {
  identityPath,
  isAddressable,
  isMissingDevice,
  isSuccess,
  parseList,
  parseObject,
  refusedId,
} from "../registry-requests.ts";
import type { RegistryRequests } from "../registry-requests.ts";
import { hubDevice, hubIdentity, keysOf } from "./twin-views.ts";

const KEY_BYTES = 32;
/** As many as a registry lists at once. */
const MOST_LISTED = 1_000;
/** Named where the registry is asked whether the key is right; nobody has it. */
const NO_DEVICE = "isthmus-none";
/** Somebody else changes the same device at the same moment: not for long. */
const UPDATE_TRIES = 4;

export interface DeviceChange {
  readonly status?: "enabled" | "disabled";
  readonly newKey?: KeyName;
  readonly swapKeys?: true;
}

export class DeviceRegistry {
  readonly #requests: RegistryRequests;
  readonly #endpoint: () => HubEndpoint | undefined;

  constructor(options: { readonly requests: RegistryRequests; readonly endpoint: () => HubEndpoint | undefined }) {
    this.#requests = options.requests;
    this.#endpoint = options.endpoint;
  }

  /**
   * The keys are made here, so that a device whose answer was lost on the way can be told from somebody else's of the same
   * id, and nothing stays in the hub that nobody has the keys of.
   */
  async create(deviceId: string): Promise<Result<HubDeviceWithKeys | "exists">> {
    if (!isAddressable(deviceId)) return refusedId(deviceId);
    const symmetricKey = { primaryKey: freshKey(), secondaryKey: freshKey() };
    const body = { deviceId, status: "enabled", authentication: { type: "sas", symmetricKey } };
    const made = await this.#requests.send({ method: "PUT", path: identityPath(deviceId), body });
    if (made.ok && isSuccess(made.value)) return this.#withKeys(made.value, deviceId);
    if (made.ok && made.value.status === 409) return succeed("exists");
    if (!made.ok || made.value.status >= 500) {
      const found = await this.#find(deviceId);
      if (found.ok && found.value !== null && keysOf(found.value)?.primaryKey === symmetricKey.primaryKey)
        return this.#shown(found.value);
    }
    return made.ok ? this.#refuse(made.value, deviceId) : made;
  }

  async find(deviceId: string): Promise<Result<HubDevice | null>> {
    const found = await this.#find(deviceId);
    if (!found.ok) return found;
    return succeed(found.value === null ? null : hubDevice(found.value));
  }

  /** Reads, changes and writes with the etag, so that what somebody else changed at the same time is kept. */
  async update(deviceId: string, change: DeviceChange): Promise<Result<HubDeviceWithKeys | null>> {
    for (let tries = 1; ; tries++) {
      const found = await this.#find(deviceId);
      if (!found.ok) return found;
      if (found.value === null) return succeed(null);
      const identity = found.value;
      const keys = keysOf(identity);
      const changesKeys = change.newKey !== undefined || change.swapKeys === true;
      if (changesKeys && keys === null) return fail("twin_refused", NO_KEYS);
      const body = {
        ...identity,
        ...(change.status !== undefined && { status: change.status }),
        ...(changesKeys && keys !== null && { authentication: { type: "sas", symmetricKey: changed(keys, change) } }),
      };
      const ifMatch = `"${typeof identity["etag"] === "string" ? identity["etag"] : "*"}"`;
      const written = await this.#requests.send({ method: "PUT", path: identityPath(deviceId), ifMatch, body });
      if (!written.ok) return written;
      if (isSuccess(written.value)) return this.#withKeys(written.value, deviceId);
      if (isMissingDevice(written.value)) return succeed(null);
      if (written.value.status !== 412 || tries === UPDATE_TRIES) return this.#refuse(written.value, deviceId);
    }
  }

  async identity(deviceId: string): Promise<Result<HubIdentity | null>> {
    const found = await this.#find(deviceId);
    if (!found.ok) return found;
    return succeed(found.value === null ? null : hubIdentity(found.value));
  }

  /** Empty keys: it signs in by a certificate. */
  async keys(deviceId: string): Promise<Result<HubDeviceWithKeys | null>> {
    const found = await this.#find(deviceId);
    if (!found.ok) return found;
    return found.value === null ? succeed(null) : this.#shown(found.value);
  }

  async token(deviceId: string, name: KeyName, expiry: number): Promise<Result<string | null>> {
    const found = await this.#find(deviceId);
    if (!found.ok) return found;
    if (found.value === null) return succeed(null);
    const key = keysOf(found.value)?.[`${name}Key`];
    if (key === undefined) return fail("twin_refused", NO_KEYS);
    const resource = deviceResource(this.#endpoint()?.hostName ?? "", deviceId);
    return succeed(makeSharedAccessSignature({ resource, key, expiry }));
  }

  async delete(deviceId: string): Promise<Result<null>> {
    return ofRegistry(await this.#requests.delete(deviceId));
  }

  /** The registry's own list, which knows generations and lags behind nothing. */
  async first(): Promise<Result<readonly HubDevice[]>> {
    const answer = await this.#requests.send({ method: "GET", path: "/devices", query: { top: String(MOST_LISTED) } });
    if (!answer.ok) return answer;
    if (!isSuccess(answer.value)) return this.#refuse(answer.value, NO_DEVICE);
    const rows = parseList(answer.value.body);
    return rows.ok ? succeed(rows.value.map(hubDevice)) : rows;
  }

  /** With the etag under which the generation was seen. */
  async deleteGeneration(deviceId: string, generationId: string): Promise<Result<"deleted" | "absent" | "changed">> {
    const found = await this.#find(deviceId);
    if (!found.ok) return found;
    if (found.value === null) return succeed("absent");
    const { etag } = found.value;
    if (hubDevice(found.value).generationId !== generationId || typeof etag !== "string" || etag === "")
      return succeed("changed");
    const gone = await this.#requests.send({ method: "DELETE", path: identityPath(deviceId), ifMatch: `"${etag}"` });
    if (!gone.ok) return gone;
    if (isSuccess(gone.value)) return succeed("deleted");
    if (isMissingDevice(gone.value)) return succeed("absent");
    return gone.value.status === 412 ? succeed("changed") : this.#refuse(gone.value, deviceId);
  }

  async #find(deviceId: string): Promise<Result<Record<string, unknown> | null>> {
    return ofRegistry(await this.#requests.find("identity", deviceId));
  }

  async #refuse(answer: HttpAnswer, deviceId: string): Promise<Result<never>> {
    return ofRegistry<never>(await this.#requests.refuse(answer, "identity", deviceId));
  }

  #withKeys(answer: HttpAnswer, deviceId: string): Result<HubDeviceWithKeys> {
    const parsed = parseObject(answer.body);
    return parsed.ok ? this.#shown({ ...parsed.value, deviceId }) : parsed;
  }

  #shown(identity: Readonly<Record<string, unknown>>): Result<HubDeviceWithKeys> {
    const device = hubDevice(identity);
    const { primaryKey, secondaryKey } = keysOf(identity) ?? { primaryKey: "", secondaryKey: "" };
    const { hostName = "", deviceGateway: gatewayHostName } = this.#endpoint() ?? {};
    const connectionString = formatDeviceConnectionString({
      hostName,
      deviceId: device.deviceId,
      sharedAccessKey: primaryKey,
      ...(gatewayHostName !== undefined && { gatewayHostName }),
    });
    return succeed({ ...device, primaryKey, secondaryKey, connectionString });
  }
}

/** The registry has a limit of its own: it says nothing of twins and messages. */
function ofRegistry<T>(answer: Result<T>): Result<T> {
  if (answer.ok || answer.failure.code !== "throttled") return answer;
  return { ok: false, failure: { ...answer.failure, code: "create_throttled" } };
}

const NO_KEYS = "The device signs in to the hub with a certificate: it has no keys to be renewed.";

type Keys = NonNullable<ReturnType<typeof keysOf>>;

function changed({ primaryKey, secondaryKey }: Keys, { newKey, swapKeys }: DeviceChange): Keys {
  const keys =
    swapKeys === true ? { primaryKey: secondaryKey, secondaryKey: primaryKey } : { primaryKey, secondaryKey };
  return newKey === undefined ? keys : { ...keys, [`${newKey}Key`]: freshKey() };
}

function freshKey(): string {
  return randomBytes(KEY_BYTES).toString("base64");
}
