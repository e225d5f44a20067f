/** Whose a hub connection is. Integrations and states with the same host, policy and key share one. */
import { lineKey } from "../core/delivery-target.ts";
import { LOCAL_HUB } from "../core/hub-host.ts";
import type { AzureIotHubIntegration, Scope } from "../core/integration.ts";
import { notFound, permissionDenied } from "./api-error.ts";
import type { AccountCaller, PersonCaller } from "./authentication.ts";
import type { ApiDependencies } from "./dependencies.ts";
import type { HubUsers } from "./hub-dependencies.ts";
import { ownIntegrations, ownScopes, ownsScope, requireOperator } from "./ownership.ts";

/** A connection as its user sees it: with those of its users that are the caller's. */
export interface OwnConnection {
  readonly id: string;
  readonly integrations: readonly AzureIotHubIntegration[];
  /** Where the caller's states are mirrored by it. */
  readonly stateScopes: readonly Scope[];
  readonly hostName: string;
  readonly policyName: string;
}

type Looking = Pick<ApiDependencies, "directory" | "stateSettings">;

/** Those that the caller's integrations and states use, in the order in which they came to be used. */
export async function ownConnections(looking: Looking, caller: AccountCaller): Promise<readonly OwnConnection[]> {
  const { directory, stateSettings } = looking;
  const found = new Map<string, { -readonly [K in keyof OwnConnection]: OwnConnection[K] }>();
  for (const integration of await ownIntegrations(directory, caller)) {
    if (integration.type !== "AzureIotHub") continue;
    const id = lineKey(integration);
    const { hubName: hostName, policyName } = integration;
    const known = found.get(id) ?? { id, integrations: [], stateScopes: [], hostName, policyName };
    found.set(id, { ...known, integrations: [...known.integrations, integration] });
  }
  for (const scope of await ownScopes(directory, caller)) {
    const hub = (await stateSettings.stateSettings(scope))?.hub;
    if (!hub) continue;
    const { connectionId: id, hubName: hostName, policyName } = hub;
    const known = found.get(id) ?? { id, integrations: [], stateScopes: [], hostName, policyName };
    found.set(id, { ...known, stateScopes: [...known.stateScopes, scope] });
  }
  return [...found.values()];
}

/** One of these. Throws 404. */
export async function ownConnection(looking: Looking, caller: AccountCaller, id: string): Promise<OwnConnection> {
  const own = (await ownConnections(looking, caller)).find((connection) => connection.id === id);
  if (own === undefined) throw notFound("Connection");
  return own;
}

/**
 * A connection of which all users are the account's: only then it decides about the hub. The Local Hub is everybody's, and
 * the operator decides about it. Throws 404 or 403.
 */
export async function wholeConnection(
  { directory, stateSettings, hubUsers }: Looking & Pick<ApiDependencies, "hubUsers">,
  caller: PersonCaller,
  id: string,
): Promise<HubUsers> {
  await ownConnection({ directory, stateSettings }, caller, id);
  const users = await hubUsers(id);
  if (users === null) throw notFound("Connection");
  if (users.hostName === LOCAL_HUB) {
    await requireOperator(directory, caller.accountId, "The Local Hub is shared: only the operator may do this");
    return users;
  }
  for (const scope of users.scopes) {
    if (!(await ownsScope(directory, caller, scope)))
      throw permissionDenied("Others use this hub connection too: only who owns all its integrations may do this");
  }
  return users;
}
