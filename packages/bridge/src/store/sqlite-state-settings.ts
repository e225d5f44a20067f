/** Settings of states in the embedded store. Keys and endpoints are sealed before they go to the worker. */
import { STATE_DEFAULTS, type EventEndpoint, type StateSettings } from "../core/device-state.ts";
import { newId } from "../core/ids.ts";
import type { HubConnection, Scope } from "../core/integration.ts";
import { Recent } from "../core/recent.ts";
import type { ScopeStateSettings, StateHubSettings, StateSettingsStore } from "../core/state-store.ts";
import { openConnection, sealConnection } from "./sealed-connection.ts";
import type { Secrets } from "./secrets.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";
import { endpointRecord, stateScopeId, type SealedStateSettings } from "./sqlite/state-settings-operations.ts";
import type { InTurn } from "./turns.ts";

export interface SqliteStateSettingsOptions {
  readonly worker: GroupCommit;
  readonly secrets: Secrets;
  /** A change reads before it writes, and no key is changed meanwhile. */
  readonly inTurn: InTurn;
}

export function createStateSettings({ worker, secrets, inTurn }: SqliteStateSettingsOptions): StateSettingsStore {
  const known = new Recent<string, ScopeStateSettings | null>(10_000);

  function opened({ scope, options, sealedEndpoint, hub }: SealedStateSettings): ScopeStateSettings {
    const record = endpointRecord(stateScopeId(scope));
    const eventEndpoint =
      sealedEndpoint === null ? null : (JSON.parse(secrets.open(sealedEndpoint, record)) as EventEndpoint);
    // What an earlier release did not know has its default.
    return { scope, settings: { ...STATE_DEFAULTS, ...options, eventEndpoint }, hub };
  }

  async function stateConnection(id: string): Promise<HubConnection | null> {
    const sealed = await worker.call("sealedConnection", id);
    return sealed === null ? null : openConnection(secrets, sealed);
  }

  async function save(
    scope: Scope,
    settings: StateSettings,
    hub: StateHubSettings | null,
  ): Promise<ScopeStateSettings> {
    const { eventEndpoint, ...options } = settings;
    const sealedEndpoint =
      eventEndpoint === null ? null : secrets.seal(JSON.stringify(eventEndpoint), endpointRecord(stateScopeId(scope)));
    const row = { scope, options, sealedEndpoint };
    if (hub === null) return opened(await worker.call("saveStateSettings", row, null, null, null));
    const { hubName, hostName, policyName, policyKey, secondaryKey } = hub;
    const sealed = await worker.call("stateHubSoFar", scope, hostName, policyName);
    const former = sealed === null ? null : openConnection(secrets, sealed);
    const connection: HubConnection = {
      id: newId(),
      hostName,
      policyName,
      policyKey: policyKey ?? former?.policyKey ?? "",
      secondaryKey: secondaryKey === undefined ? (former?.secondaryKey ?? null) : secondaryKey || null,
      entra: former?.entra ?? null,
    };
    const renewed = former === null ? null : sealConnection(secrets, { ...connection, id: former.id });
    const fresh = sealConnection(secrets, connection);
    return opened(await worker.call("saveStateSettings", row, { hubName, policyName }, fresh, renewed));
  }

  return {
    async stateSettings(scope) {
      const id = stateScopeId(scope);
      const cached = known.get(id);
      if (cached !== undefined) return cached;
      const sealed = await worker.call("sealedStateSettings", scope);
      const found = sealed === null ? null : opened(sealed);
      known.set(id, found);
      return found;
    },
    async allStateSettings() {
      return (await worker.call("allSealedStateSettings")).map(opened);
    },
    saveStateSettings: (scope, settings, hub) =>
      inTurn(async () => {
        const saved = await save(scope, settings, hub);
        // After the change is on disk; reads before it in the queue have answered by then.
        known.set(stateScopeId(scope), saved);
        return saved;
      }),
    deleteStateSettings: (scope) =>
      inTurn(async () => {
        const changes = await worker.call("deleteStateSettings", scope);
        known.set(stateScopeId(scope), null);
        return changes > 0;
      }),
    stateConnection,
  };
}
