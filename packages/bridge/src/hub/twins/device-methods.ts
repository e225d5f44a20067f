/** Direct methods: a device that is connected is called and answers while one waits. And its message queue, emptied. */
import { succeed } from "../../core/failure.ts";
import type { Result } from "../../core/failure.ts";
import type { MethodAnswer, MethodCall } from "../../core/device-desk.ts";
import type { Json } from "../../core/json.ts";
import type { HttpAnswer } from "../http-refusal.ts";
import {
  identityPath,
  isAddressable,
  isMissingDevice,
  isSuccess,
  parseObject,
  twinPath,
  type RegistryRequests,
} from "../registry-requests.ts";

/** The hub answers by itself when the device's time is over; this is for a hub that does not. */
const GRACE_MS = 15_000;

export class DeviceMethods {
  readonly #requests: RegistryRequests;

  constructor({ requests }: { readonly requests: RegistryRequests }) {
    this.#requests = requests;
  }

  /** Never tried again by itself: the device may have carried out what was not answered. */
  async invoke(deviceId: string, call: MethodCall): Promise<Result<MethodAnswer | null>> {
    if (!isAddressable(deviceId)) return succeed(null);
    const { name, payload, responseTimeout, connectTimeout } = call;
    const answer = await this.#requests.send({
      method: "POST",
      path: `${twinPath(deviceId)}/methods`,
      body: {
        methodName: name,
        payload,
        responseTimeoutInSeconds: responseTimeout,
        connectTimeoutInSeconds: connectTimeout,
      },
      timeout: (responseTimeout + connectTimeout) * 1_000 + GRACE_MS,
    });
    return this.#read(answer, deviceId, ({ status, payload: answered }) => ({
      status: typeof status === "number" ? status : 0,
      payload: (answered ?? null) as Json,
    }));
  }

  async purge(deviceId: string): Promise<Result<number | null>> {
    if (!isAddressable(deviceId)) return succeed(null);
    const answer = await this.#requests.send({ method: "DELETE", path: `${identityPath(deviceId)}/commands` });
    return this.#read(answer, deviceId, ({ totalMessagesPurged: purged }) => (typeof purged === "number" ? purged : 0));
  }

  async #read<T>(
    answer: Result<HttpAnswer>,
    deviceId: string,
    of: (body: Readonly<Record<string, unknown>>) => T,
  ): Promise<Result<T | null>> {
    if (!answer.ok) return answer;
    if (isMissingDevice(answer.value)) return succeed(null);
    if (!isSuccess(answer.value)) return this.#requests.refuse(answer.value, "method", deviceId);
    const parsed = parseObject(answer.value.body);
    return parsed.ok ? succeed(of(parsed.value)) : parsed;
  }
}
