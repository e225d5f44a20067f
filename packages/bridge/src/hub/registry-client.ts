/** Device identities and twins over the hub's service REST interface. */
import { fail, succeed } from "../core/failure.ts";
import type { Result } from "../core/failure.ts";
import type { DeviceIdentity } from "../core/hub-client.ts";
import {
  GENERATED_KEYS,
  identityPath,
  isAddressable,
  isSuccess,
  parseObject,
  refusedId,
  RegistryRequests,
  twinPath,
} from "./registry-requests.ts";
import type { RegistryOptions } from "./registry-requests.ts";

export class RegistryClient {
  readonly #requests: RegistryRequests;

  constructor(options: RegistryOptions) {
    this.#requests = new RegistryRequests(options);
  }

  /** Without a precondition, so that the hub answers 409 for an existing identity, which is then adopted. */
  async createIdentity(
    deviceId: string,
  ): Promise<Result<{ readonly identity: DeviceIdentity; readonly created: boolean }>> {
    if (!isAddressable(deviceId)) return refusedId(deviceId);
    const body = { deviceId, status: "enabled", authentication: GENERATED_KEYS };
    const made = await this.#requests.send({ method: "PUT", path: identityPath(deviceId), body });
    if (!made.ok) return made;
    if (made.value.status === 409) return this.#adopt(deviceId);
    if (!isSuccess(made.value)) return this.#requests.refuse(made.value, "identity", deviceId);
    const parsed = parseObject(made.value.body);
    return parsed.ok ? succeed({ identity: identityIn(parsed.value, deviceId), created: true }) : parsed;
  }

  async getIdentity(deviceId: string): Promise<Result<DeviceIdentity | null>> {
    const found = await this.#requests.find("identity", deviceId);
    return found.ok ? succeed(found.value === null ? null : identityIn(found.value, deviceId)) : found;
  }

  deleteIdentity(deviceId: string): Promise<Result<null>> {
    return this.#requests.delete(deviceId);
  }

  getTwin(deviceId: string): Promise<Result<Record<string, unknown> | null>> {
    return this.#requests.find("twin", deviceId);
  }

  async patchDesired(deviceId: string, patch: Readonly<Record<string, unknown>>): Promise<Result<null>> {
    if (!isAddressable(deviceId)) return refusedId(deviceId);
    const body = { properties: { desired: patch } };
    const path = twinPath(deviceId);
    const patched = await this.#requests.send({ method: "PATCH", path, ifMatch: '"*"', body });
    if (!patched.ok) return patched;
    return isSuccess(patched.value) ? succeed(null) : this.#requests.refuse(patched.value, "twin", deviceId);
  }

  async #adopt(deviceId: string): Promise<Result<{ readonly identity: DeviceIdentity; readonly created: boolean }>> {
    const found = await this.getIdentity(deviceId);
    if (!found.ok) return found;
    if (found.value === null)
      return fail("identity_missing", "The hub said that the identity exists, and then that it does not.");
    return succeed({ identity: found.value, created: false });
  }
}

function identityIn({ generationId, status }: Record<string, unknown>, deviceId: string): DeviceIdentity {
  return {
    deviceId,
    generationId: typeof generationId === "string" ? generationId : "",
    status: status === "disabled" ? "disabled" : "enabled",
  };
}
