/** Single twins over the hub's service REST interface. */
import { succeed } from "../../core/failure.ts";
import type { Result } from "../../core/failure.ts";
import type { JsonObject } from "../../core/json.ts";
import type { TwinView } from "../../core/twin-hub.ts";
import { isAddressable, isMissingDevice, isSuccess, parseObject, twinPath } from "../registry-requests.ts";
import type { RegistryRequests } from "../registry-requests.ts";
import { twinView } from "./twin-views.ts";

const PRECONDITION_FAILED = 412;

export class TwinRegistry {
  readonly #requests: RegistryRequests;

  constructor(requests: RegistryRequests) {
    this.#requests = requests;
  }

  async twin(deviceId: string): Promise<Result<TwinView | null>> {
    const found = await this.#requests.find("twin", deviceId);
    if (!found.ok) return found;
    return found.value === null ? succeed(null) : twinView(found.value);
  }

  async patchDesired(
    deviceId: string,
    patch: JsonObject,
    etag: string | null,
  ): Promise<Result<TwinView | "changed" | null>> {
    if (!isAddressable(deviceId)) return succeed(null);
    const patched = await this.#requests.send({
      method: "PATCH",
      path: twinPath(deviceId),
      ifMatch: `"${etag ?? "*"}"`,
      body: { properties: { desired: patch } },
    });
    if (!patched.ok) return patched;
    if (patched.value.status === PRECONDITION_FAILED) return succeed("changed");
    if (isMissingDevice(patched.value)) return succeed(null);
    if (!isSuccess(patched.value)) return this.#requests.refuse(patched.value, "twin", deviceId);
    const parsed = parseObject(patched.value.body);
    return parsed.ok ? twinView(parsed.value) : parsed;
  }
}
