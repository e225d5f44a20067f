/** The port to the Local Hub's administration: where it is, how one signs in, what limits and ails it. */

/** What it holds of itself now; its own words (`camelCase`) for limits, faults and policies. */
export interface LocalHubReport {
  readonly hostName: string;
  readonly ports: { readonly https: number; readonly amqps: number; readonly mqtts: number; readonly amqp: number };
  /** PEM of the authority to trust, and the file that holds it on the server. */
  readonly ca: string;
  readonly caFile: string;
  readonly idScope: string;
  /** One for each way in, with its secret. */
  readonly connectionStrings: readonly LocalHubConnectionString[];
  readonly limits: LocalHubLimits;
  readonly faults: readonly LocalHubFault[];
  /** Devices and modules that are connected now. */
  readonly connected: number;
}

export interface LocalHubConnectionString {
  /** Of the policy, or `events`, `events_plain`, `provisioning`. */
  readonly name: string;
  /** Empty where it is no policy of the hub. */
  readonly permissions: readonly string[];
  readonly value: string;
}

export interface LocalHubLimits {
  /** `null`: nothing is limited. */
  readonly tier: string | null;
  readonly units: number;
  readonly quota: { readonly limit: number; readonly used: number; readonly resetsAt: string } | null;
}

/** A scripted fault: its rule as the hub takes it, and what became of it. */
export interface LocalHubFault {
  readonly id: string;
  readonly where: Readonly<Record<string, unknown>>;
  readonly effect: Readonly<Record<string, unknown>>;
  readonly struck: number;
  readonly active: boolean;
}

export type LocalHubAnswer<T> =
  | { readonly ok: true; readonly value: T }
  /** `refused`: it takes no such thing, for this reason. `unknown`: there is no such fault. */
  | { readonly ok: false; readonly reason: "refused" | "unknown" | "unreachable"; readonly message: string };

export interface LocalHubControl {
  report(): Promise<LocalHubAnswer<LocalHubReport>>;
  changeLimits(limits: {
    readonly tier: string | null;
    readonly units: number;
  }): Promise<LocalHubAnswer<LocalHubLimits>>;
  addFault(rule: Readonly<Record<string, unknown>>): Promise<LocalHubAnswer<LocalHubFault>>;
  removeFault(id: string): Promise<LocalHubAnswer<null>>;
  clearFaults(): Promise<LocalHubAnswer<null>>;
}
