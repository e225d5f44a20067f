/**
 * Direct methods: a service calls, a connected device answers. Calls live in memory only, as long as both ends wait for
 * them; the hub neither repeats nor orders them.
 */
import { randomUUID } from "node:crypto";
import type { HubClock } from "../clock/clock.ts";
import { HubError } from "../errors.ts";
import { identityKey, identityLabel } from "../registry/identity.ts";
import type { IdentityRef } from "../registry/identity.ts";
import type { Registry } from "../registry/registry.ts";

/** A call as the device gets it. */
export interface MethodCall {
  /** A UUID. */
  readonly requestId: string;
  readonly methodName: string;
  /** JSON text; `null` when the service gave none. */
  readonly payload: Buffer;
}

export interface MethodRequest {
  readonly methodName: string;
  /** Any JSON value. */
  readonly payload: unknown;
  readonly responseTimeoutMs: number;
  /** How long to wait for the device to connect; 0 not at all. */
  readonly connectTimeoutMs: number;
}

export interface MethodResult {
  /** The device's own number. */
  readonly status: number;
  readonly payload: unknown;
}

/** Of a payload, either way. */
export const MAX_METHOD_BYTES: number = 128 * 1024;

/** Calls of one identity at a time, waiting ones included. The service has a limit and does not say which. */
const MAX_IN_FLIGHT = 100;

type Take = (call: MethodCall) => void;

interface PendingCall {
  readonly take: Take;
  readonly answer: (status: number, payload: Buffer) => void;
  readonly fail: (error: HubError) => void;
}

interface Callee {
  /** Whoever takes calls now. */
  take: Take | undefined;
  /** By request id. */
  readonly calls: Map<string, PendingCall>;
  readonly waiting: Set<(take: Take) => void>;
}

export class Methods {
  readonly #registry: Registry;
  readonly #clock: HubClock;
  // Those that take calls or are called.
  readonly #callees = new Map<string, Callee>();

  constructor(registry: Registry, clock: HubClock) {
    this.#registry = registry;
    this.#clock = clock;
  }

  /**
   * A connected device takes calls from now on; a newer offer of the same identity takes its place. Returns what ends it:
   * calls under way then fail with `DeviceConnectionClosedRemotely`.
   */
  offer(ref: IdentityRef, take: Take): () => void {
    const key = identityKey(ref);
    const callee = this.#callee(key);
    callee.take = take;
    for (const proceed of callee.waiting) proceed(take);
    callee.waiting.clear();
    return () => {
      if (callee.take === take) callee.take = undefined;
      for (const call of callee.calls.values()) {
        if (call.take === take) call.fail(closedRemotely());
      }
      this.#forgetIdle(key);
    };
  }

  /** The device's answer; unknown ids and those of other devices are ignored. `payload` is JSON text, empty for none. */
  respond(ref: IdentityRef, requestId: string, status: number, payload: Buffer): void {
    this.#callees.get(identityKey(ref))?.calls.get(requestId)?.answer(status, payload);
  }

  /**
   * Calls a method and waits for its answer. Throws `DeviceNotFound`, `ModuleNotFound`, `DeviceNotOnline`,
   * `DeviceConnectionClosedRemotely`, `GatewayTimeout`, `GenericBadGateway` (an answer that is no JSON or too large),
   * `DeviceMaximumInflightMethodExceeded` or `MessageTooLarge`.
   */
  async invoke(ref: IdentityRef, request: MethodRequest): Promise<MethodResult> {
    this.#registry.get(ref.deviceId, ref.moduleId);
    const payload = Buffer.from(JSON.stringify(request.payload ?? null));
    if (payload.length > MAX_METHOD_BYTES) {
      throw new HubError(
        "MessageTooLarge",
        `The payload has ${payload.length} bytes; ${MAX_METHOD_BYTES} are allowed.`,
      );
    }
    const key = identityKey(ref);
    const callee = this.#callee(key);
    if (callee.calls.size + callee.waiting.size >= MAX_IN_FLIGHT) {
      throw new HubError(
        "DeviceMaximumInflightMethodExceeded",
        `${identityLabel(ref)} has ${MAX_IN_FLIGHT} calls under way; wait for some to end.`,
      );
    }
    try {
      const take = callee.take ?? (await this.#connected(callee, ref, request.connectTimeoutMs));
      // Between the offer and now it may have ended again.
      if (callee.take !== take) throw closedRemotely();
      const call = { requestId: randomUUID(), methodName: request.methodName, payload };
      return await this.#answered(callee, take, call, request.responseTimeoutMs);
    } finally {
      this.#forgetIdle(key);
    }
  }

  #connected(callee: Callee, ref: IdentityRef, timeoutMs: number): Promise<Take> {
    return new Promise((resolve, reject) => {
      const offline = (): void => {
        callee.waiting.delete(proceed);
        reject(new HubError("DeviceNotOnline", `${identityLabel(ref)} is not connected, or listens for no methods.`));
      };
      let cancel: () => void = () => undefined;
      const proceed = (take: Take): void => {
        cancel();
        resolve(take);
      };
      if (timeoutMs <= 0) {
        offline();
        return;
      }
      callee.waiting.add(proceed);
      cancel = this.#clock.at(this.#clock.now() + timeoutMs, offline);
    });
  }

  #answered(callee: Callee, take: Take, call: MethodCall, timeoutMs: number): Promise<MethodResult> {
    return new Promise((resolve, reject) => {
      const { requestId } = call;
      const end = (): void => {
        cancel();
        callee.calls.delete(requestId);
      };
      const fail = (error: HubError): void => {
        end();
        reject(error);
      };
      const cancel = this.#clock.at(this.#clock.now() + timeoutMs, () =>
        fail(new HubError("GatewayTimeout", `The device did not answer within ${timeoutMs / 1000} seconds.`)),
      );
      const answer = (status: number, payload: Buffer): void => {
        end();
        try {
          resolve({ status, payload: parseAnswer(payload) });
        } catch (error) {
          reject(error as HubError);
        }
      };
      callee.calls.set(requestId, { take, answer, fail });
      take(call);
    });
  }

  #callee(key: string): Callee {
    let callee = this.#callees.get(key);
    if (callee === undefined) {
      callee = { take: undefined, calls: new Map(), waiting: new Set() };
      this.#callees.set(key, callee);
    }
    return callee;
  }

  #forgetIdle(key: string): void {
    const callee = this.#callees.get(key);
    if (callee?.take === undefined && callee?.calls.size === 0 && callee.waiting.size === 0) this.#callees.delete(key);
  }
}

function parseAnswer(payload: Buffer): unknown {
  if (payload.length > MAX_METHOD_BYTES) {
    throw new HubError("GenericBadGateway", `The device answered with more than ${MAX_METHOD_BYTES} bytes.`);
  }
  if (payload.length === 0) return null;
  try {
    return JSON.parse(payload.toString("utf8")) as unknown;
  } catch (cause) {
    throw new HubError("GenericBadGateway", "The device answered with a payload that is not JSON.", { cause });
  }
}

function closedRemotely(): HubError {
  return new HubError("DeviceConnectionClosedRemotely", "The device's connection closed before it answered.");
}
