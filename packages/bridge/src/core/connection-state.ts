/** How targets and integrations stand now, for those who look. */
import type { Failure } from "./failure.ts";
import type { KeyName } from "./hub-client.ts";

/** Whether a hub takes messages now, for consoles and `/health/ready`. */
export interface ConnectionState {
  readonly connectionId: string;
  readonly hostName: string;
  readonly policyName: string;
  /** `slowed`: the target limits the rate; `paused`: it takes nothing, and one message tries it now and then. */
  readonly state: "idle" | "open" | "slowed" | "paused";
  /** Why it is slowed or paused. Its `notBefore` is the forecast, where there is one. */
  readonly failure: Failure | null;
  /** What does not work although messages go on, as writing names into twins. */
  readonly warning?: Failure | null;
  /** Which of the policy's keys the hub takes; absent where there are none. */
  readonly keyInUse?: KeyName | null;
  /** Unix milliseconds of the next probe while paused. */
  readonly nextProbeAt: number | null;
  /** Unix milliseconds since when it is paused. */
  readonly since: number | null;
  readonly inFlight: number;
  /** Devices that wait for their turn. */
  readonly waiting: number;
  /** Messages per second: taken lately, and the limit learned from the target's refusals. */
  readonly rate: { readonly perSecond: number; readonly limit: number | null };
}

/** How an integration stands: what holds it up, and its devices that wait for reasons of their own. */
export interface IntegrationState {
  /** Its own reason, or its hub's, not to send now. Its `notBefore` is the forecast, where there is one. */
  readonly failure: Failure | null;
  readonly devices: readonly { readonly failure: Failure; readonly count: number; readonly deviceId: string }[];
}
