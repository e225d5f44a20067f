/** Single twins over the hub's service REST interface. */
import { succeed } from "../../core/failure.ts";
import type { Result } from "../../core/failure.ts";
import type { JsonObject } from "../../core/json.ts";
import type { TwinView } from "../../core/twin-hub.ts";
import type { HttpAnswer } from "../http-refusal.ts";
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
    if (!isAddressable(deviceId)) return succeed(null);
    const found = await this.#requests.send({ method: "GET", path: twinPath(deviceId) });
    return found.ok ? this.#read(found.value, deviceId) : found;
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
    if (patched.value.status === PRECONDITION_FAILED && etag !== null) return succeed("changed");
    return this.#read(patched.value, deviceId);
  }

  async #read(answer: HttpAnswer, deviceId: string): Promise<Result<TwinView | null>> {
    if (isMissingDevice(answer)) return succeed(null);
    if (!isSuccess(answer)) return this.#requests.refuse(answer, "twin", deviceId);
    const parsed = parseObject(answer.body);
    return parsed.ok ? twinView(parsed.value) : parsed;
  }
}
