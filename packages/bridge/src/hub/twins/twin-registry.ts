/** Single twins over the hub's service REST interface. */
import { succeed } from "../../core/failure.ts";
import type { Result } from "../../core/failure.ts";
import type { JsonObject } from "../../core/json.ts";
import type { TwinPatch, WholeTwin } from "../../core/device-desk.ts";
import type { TwinView } from "../../core/twin-hub.ts";
import { isAddressable, isMissingDevice, isSuccess, parseObject, twinPath } from "../registry-requests.ts";
import type { RegistryRequests } from "../registry-requests.ts";
import { twinView, wholeTwin } from "./twin-views.ts";

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

  async whole(deviceId: string): Promise<Result<WholeTwin | null>> {
    const found = await this.#requests.find("twin", deviceId);
    if (!found.ok) return found;
    return found.value === null ? succeed(null) : wholeTwin(found.value);
  }

  patchDesired(deviceId: string, patch: JsonObject, etag: string | null): Promise<Result<TwinView | "changed" | null>> {
    return this.#patch(deviceId, { properties: { desired: patch } }, { etag, view: twinView });
  }

  patch(
    deviceId: string,
    { tags, desired }: TwinPatch,
    etag: string | null,
  ): Promise<Result<WholeTwin | "changed" | null>> {
    const body = { ...(tags && { tags }), ...(desired && { properties: { desired } }) };
    return this.#patch(deviceId, body, { etag, view: wholeTwin });
  }

  async #patch<View>(
    deviceId: string,
    body: JsonObject,
    { etag, view }: { readonly etag: string | null; readonly view: (twin: Record<string, unknown>) => Result<View> },
  ): Promise<Result<View | "changed" | null>> {
    if (!isAddressable(deviceId)) return succeed(null);
    const patched = await this.#requests.send({
      method: "PATCH",
      path: twinPath(deviceId),
      ifMatch: `"${etag ?? "*"}"`,
      body,
    });
    if (!patched.ok) return patched;
    if (patched.value.status === PRECONDITION_FAILED) return succeed("changed");
    if (isMissingDevice(patched.value)) return succeed(null);
    if (!isSuccess(patched.value)) return this.#requests.refuse(patched.value, "twin", deviceId);
    const parsed = parseObject(patched.value.body);
    return parsed.ok ? view(parsed.value) : parsed;
  }
}
