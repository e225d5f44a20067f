/**
 * A hub that does what it is told: it answers late, refuses for every reason there is, takes a message and then keeps
 * silent about it, loses identities. It remembers what arrived, so that promises can be checked against it.
 */
import type { Clock } from "../../core/clock.ts";
import { fail, succeed, type FailureCode, type Outcome, type Result } from "../../core/failure.ts";
import type { DeviceIdentity, HubClient, HubMessage } from "../../core/hub-client.ts";

/** What happens to one call. `taken`: it takes effect although the answer is a failure. */
export interface Fate {
  readonly delayMs: number;
  readonly failure?: FailureCode;
  readonly taken?: boolean;
  readonly notBefore?: number;
}

export type HubCall = "send" | "create" | "get" | "delete" | "twin" | "patch";

export interface ScriptedHubOptions {
  readonly clock: Clock;
  /** Asked for each call; a device's own state (missing, disabled) is judged by the hub itself. */
  readonly fate: (call: HubCall, deviceId: string) => Fate;
}

/** A call's traces, for those who check promises. */
export interface HubWatcher {
  onSend?(deviceId: string, message: HubMessage): void;
  /** The message is in the hub's stream. */
  onArrived?(deviceId: string, message: HubMessage): void;
  onOutcome?(deviceId: string, message: HubMessage, outcome: Outcome): void;
}

interface ScriptedIdentity extends DeviceIdentity {
  readonly desired: Record<string, unknown>;
}

export class ScriptedHub {
  readonly identities: Map<string, ScriptedIdentity> = new Map();
  /** Twins that were written to, so far. */
  patches = 0;
  readonly #options: ScriptedHubOptions;
  #generations = 0;

  constructor(options: ScriptedHubOptions) {
    this.#options = options;
  }

  /** Makes an identity behind the bridge's back. */
  put(deviceId: string, status: DeviceIdentity["status"] = "enabled"): void {
    const known = this.identities.get(deviceId);
    const generationId = known?.generationId ?? String(++this.#generations);
    this.identities.set(deviceId, { deviceId, generationId, status, desired: known?.desired ?? {} });
  }

  /** `isAlive`: whether the process that uses the client still runs; a dead one hears no answers. */
  client(watcher: HubWatcher = {}, isAlive: () => boolean = () => true): HubClient {
    let closed = false;
    /** Devices whose link is open. */
    const links = new Set<string>();
    const onClose = new Set<() => void>();
    /** Ends at the time of its fate, or with the client. */
    const ended = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        const end = (): void => {
          onClose.delete(end);
          cancel();
          resolve();
        };
        const cancel = this.#options.clock.after(ms, end);
        onClose.add(end);
      });
    const call = async <T>(kind: HubCall, deviceId: string, effect: () => Result<T>): Promise<Result<T>> => {
      if (closed) return fail("hub_unreachable", "The client is closed.");
      const { delayMs, failure, taken = false, notBefore } = this.#options.fate(kind, deviceId);
      await ended(delayMs / 2);
      if (closed) return fail("hub_unreachable", "The client is closed.");
      const result = failure === undefined || taken ? effect() : null;
      await ended(delayMs / 2);
      if (!isAlive()) return new Promise<never>(() => undefined);
      if (closed) return fail("hub_unreachable", "The client is closed.");
      if (result !== null && failure === undefined) return result;
      return fail(failure ?? "hub_error", `The hub said ${failure}.`, notBefore === undefined ? {} : { notBefore });
    };
    return {
      send: async (deviceId, message) => {
        watcher.onSend?.(deviceId, message);
        const result = await call("send", deviceId, () => {
          const refusal = this.#refusal(deviceId);
          if (refusal !== null) return fail(refusal, `The hub said ${refusal}.`, { hubCode: refusal });
          watcher.onArrived?.(deviceId, message);
          return succeed(null);
        });
        const outcome: Outcome = result.ok
          ? { kind: "delivered" }
          : { kind: "failed", failure: closed ? { code: "outcome_unknown", message: "Closed." } : result.failure };
        if (outcome.kind === "delivered") links.add(deviceId);
        else links.delete(deviceId);
        watcher.onOutcome?.(deviceId, message, outcome);
        return outcome;
      },
      hasLink: (deviceId) => links.has(deviceId),
      renew: () => undefined,
      keyInUse: () => "primary",
      createIdentity: (deviceId) =>
        call("create", deviceId, () => {
          const known = this.identities.get(deviceId);
          if (known === undefined) this.put(deviceId);
          return succeed({ identity: this.identities.get(deviceId)!, created: known === undefined });
        }),
      getIdentity: (deviceId) => call("get", deviceId, () => succeed(this.identities.get(deviceId) ?? null)),
      deleteIdentity: (deviceId) =>
        call("delete", deviceId, () => {
          this.identities.delete(deviceId);
          return succeed(null);
        }),
      getTwin: (deviceId) =>
        call("twin", deviceId, () => {
          const known = this.identities.get(deviceId);
          return succeed(known === undefined ? null : { properties: { desired: { ...known.desired } } });
        }),
      patchDesired: (deviceId, patch) =>
        call("patch", deviceId, () => {
          const known = this.identities.get(deviceId);
          if (known === undefined) return fail("identity_missing", "There is no such device.");
          Object.assign(known.desired, patch);
          this.patches += 1;
          return succeed(null);
        }),
      close: async () => {
        closed = true;
        for (const end of onClose) end();
      },
    };
  }

  #refusal(deviceId: string): FailureCode | null {
    const identity = this.identities.get(deviceId);
    if (identity === undefined) return "identity_missing";
    return identity.status === "disabled" ? "device_disabled" : null;
  }
}
