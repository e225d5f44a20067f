/**
 * When an Entra credential may be used. Its token opens every hub that the application or identity has a role in, so it is
 * given to hubs alone; and an identity of the server's own is the operator's, not that of everyone with an account.
 */
import type { EntraSettings } from "./directory.ts";
import { isAzureHub } from "./hub-host.ts";

export interface EntraRuleOptions {
  /** Hosts that the operator trusts besides Azure's. Lower case. */
  readonly hubHosts: readonly string[];
  /** Whether integrations may use the server's managed or workload identity. */
  readonly ownIdentity: boolean;
}

/** Why not, in a sentence; `null` when it may be used for this host. */
export function refusedEntra(
  { kind }: EntraSettings,
  hostName: string,
  { hubHosts, ownIdentity }: EntraRuleOptions,
): string | null {
  if (!isAzureHub(hostName) && !hubHosts.includes(hostName))
    return "a Microsoft Entra token is given to hubs of Azure only (names that end in azure-devices.net, .us or .cn)";
  if (kind !== "client_secret" && !ownIdentity)
    return `${kind} is this server's own identity, which its operator has not opened: ISTHMUS_ENTRA_IDENTITY=on does`;
  return null;
}
