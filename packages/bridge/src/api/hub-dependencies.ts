import type { HubIdentities } from "../core/hub-identities.ts";
import type { HubLimits, HubMeters } from "../core/hub-meter.ts";
import type { Scope } from "../core/integration.ts";

/** A hub connection and all who use it. */
export interface HubUsers {
  /** Full host name, or `local`. */
  readonly hostName: string;
  readonly policyName: string;
  /** Scopes of the integrations and of the state settings that name it. */
  readonly scopes: readonly Scope[];
}

/** What the faces need of hub connections beside their deliveries. */
export interface HubDependencies {
  readonly hubMeters: Pick<HubMeters, "meteredDays" | "meterPoints" | "hubFacts" | "setHubFacts">;
  /** What the hub tells by itself; `null`: nothing, as all hubs but the Local Hub. */
  readonly hubLimits: (hostName: string) => Promise<HubLimits | null>;
  /** `null`: there is no such connection. */
  readonly hubUsers: (connectionId: string) => Promise<HubUsers | null>;
  readonly hubIdentities: HubIdentities;
}
