/** What scopes set for the states of their devices. Keys and endpoints arrive here sealed. */
import type { StateSettings } from "../../core/device-state.ts";
import type { Scope } from "../../core/integration.ts";
import type { StateHub } from "../../core/state-store.ts";
import type { Row } from "./driver.ts";
import { hubConnections, type SealedConnection } from "./hub-connections.ts";
import type { Transaction } from "./transaction.ts";

export interface SealedStateSettings {
  readonly scope: Scope;
  readonly options: Omit<StateSettings, "eventEndpoint">;
  /** Sealed: it may be a connection string, with a key. */
  readonly sealedEndpoint: string | null;
  readonly hub: StateHub | null;
}

export interface StateSettingsOperations {
  sealedStateSettings(scope: Scope): SealedStateSettings | null;
  allSealedStateSettings(): SealedStateSettings[];
  /** The connection of the scope's settings; where they name none, one of the same host and policy that its devices have. */
  stateHubSoFar(scope: Scope, hostName: string, policyName: string): SealedConnection | null;
  /**
   * Devices of the scope whose hub is the same one go over to the connection that the settings have from now on, with all
   * that is known of them. `renewed`: the connection so far with its new keys.
   */
  saveStateSettings(
    settings: Omit<SealedStateSettings, "hub">,
    hub: Omit<StateHub, "connectionId"> | null,
    connection: SealedConnection | null,
    renewed: SealedConnection | null,
  ): SealedStateSettings;
  deleteStateSettings(scope: Scope): number;
}

/** The id of a scope's row. */
export function stateScopeId(scope: Scope): string {
  return scope.kind === "product" ? `product ${scope.productId}` : `sandbox ${scope.accountId}`;
}

/** What the endpoint in a row is sealed for. */
export const endpointRecord = (id: string): string => `states of ${id}`;

/** Devices of a scope, asked with its `scopeValue`. */
const DEVICES: Readonly<Record<Scope["kind"], string>> = {
  product: "SELECT id FROM device WHERE product_id = ?1",
  sandbox: "SELECT id FROM device WHERE owner_id = ?1 AND product_id IS NULL",
};

export function stateSettingsOperations(transaction: Transaction): StateSettingsOperations {
  const { db } = transaction;
  const connections = hubConnections(transaction);
  const byId = db.prepare("SELECT * FROM state_settings WHERE id = ?");
  const all = db.prepare("SELECT * FROM state_settings ORDER BY id");
  const save = db.prepare(
    `INSERT OR REPLACE INTO state_settings (id, scope_kind, scope_id, options, sealed_endpoint, hub_name, policy_name,
     connection_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = db.prepare("DELETE FROM state_settings WHERE id = ?");
  const moving = { product: movesOf(transaction, "product"), sandbox: movesOf(transaction, "sandbox") } as const;

  function find(scope: Scope): SealedStateSettings | null {
    const row = byId.get(stateScopeId(scope));
    return row === undefined ? null : toSettings(row);
  }

  return {
    sealedStateSettings: find,
    allSealedStateSettings: () => all.all().map(toSettings),
    stateHubSoFar(scope, hostName, policyName) {
      const id = find(scope)?.hub?.connectionId ?? moving[scope.kind].left(scope, hostName, policyName);
      return id === null ? null : connections.find(id);
    },
    saveStateSettings({ scope, options, sealedEndpoint }, hub, connection, renewed) {
      const id = stateScopeId(scope);
      const moves = moving[scope.kind];
      const connectionId =
        connection === null
          ? null
          : connections.connect(connection, renewed, (used) => !moves.usedByOthers(scope, used, id));
      save.run(
        id,
        scope.kind,
        String(scopeValue(scope)),
        JSON.stringify(options),
        sealedEndpoint,
        hub?.hubName ?? null,
        hub?.policyName ?? null,
        connectionId,
      );
      if (connectionId !== null) {
        for (const former of moves.sameHub(scope, connectionId)) {
          connections.copyIdentities(former, connectionId);
          moves.move(scope, former, connectionId);
        }
      }
      connections.dropUnused();
      return find(scope)!;
    },
    deleteStateSettings(scope) {
      const { changes } = remove.run(stateScopeId(scope));
      connections.dropUnused();
      return changes;
    },
  };
}

interface Moves {
  /** A connection of the host and policy that a device of the scope still has. */
  left(scope: Scope, hostName: string, policyName: string): string | null;
  /** Whether anybody beside the scope's own settings, devices and removals uses the connection. */
  usedByOthers(scope: Scope, connectionId: string, settingsId: string): boolean;
  /** Other connections to the same hub that devices of the scope have. */
  sameHub(scope: Scope, connectionId: string): string[];
  move(scope: Scope, from: string, to: string): void;
}

function movesOf({ db }: Transaction, kind: Scope["kind"]): Moves {
  const devices = DEVICES[kind];
  // A sandbox has no Things.
  const own = kind === "product" ? "product_id = ?1" : "?1 IS NULL";
  const left = db.prepare(
    `SELECT h.id FROM hub_connection h WHERE h.host_name = ?2 AND h.policy_name = ?3 AND
     (EXISTS (SELECT 1 FROM device_state s WHERE s.connection_id = h.id AND s.device_id IN (${devices}))
      OR EXISTS (SELECT 1 FROM hub_removal r WHERE r.connection_id = h.id AND ${own})) ORDER BY h.id LIMIT 1`,
  );
  const usedByOthers = db.prepare(
    `SELECT 1 FROM integration WHERE connection_id = ?2
     UNION ALL SELECT 1 FROM state_settings WHERE connection_id = ?2 AND id <> ?3
     UNION ALL SELECT 1 FROM device_state WHERE connection_id = ?2 AND device_id NOT IN (${devices})
     UNION ALL SELECT 1 FROM noted_thing WHERE connection_id = ?2 AND (${own}) IS NOT TRUE
     UNION ALL SELECT 1 FROM hub_removal WHERE connection_id = ?2 AND (${own}) IS NOT TRUE LIMIT 1`,
  );
  const sameHub = db.prepare(
    `SELECT former.id FROM hub_connection former JOIN hub_connection now ON now.host_name = former.host_name
     WHERE now.id = ?2 AND former.id <> now.id AND
     (EXISTS (SELECT 1 FROM device_state s WHERE s.connection_id = former.id AND s.device_id IN (${devices}))
      OR EXISTS (SELECT 1 FROM hub_removal r WHERE r.connection_id = former.id AND ${own}))`,
  );
  const moveStates = db.prepare(
    `UPDATE device_state SET connection_id = ?3, revision = revision + 1
     WHERE connection_id = ?2 AND device_id IN (${devices})`,
  );
  const moveRemovals = db.prepare(
    `UPDATE OR REPLACE hub_removal SET connection_id = ?3, retry_at = 0 WHERE connection_id = ?2 AND ${own}`,
  );
  const copyReading = db.prepare(
    `INSERT OR IGNORE INTO reading (connection_id, consumer_group, since)
     SELECT ?2, consumer_group, since FROM reading WHERE connection_id = ?1`,
  );
  const copyPositions = db.prepare(
    `INSERT OR IGNORE INTO reading_position
     (connection_id, consumer_group, partition_id, event_offset, sequence_number, enqueued_time)
     SELECT ?2, consumer_group, partition_id, event_offset, sequence_number, enqueued_time
     FROM reading_position WHERE connection_id = ?1`,
  );

  return {
    left(scope, hostName, policyName) {
      const row = left.get(scopeValue(scope), hostName, policyName);
      return row === undefined ? null : String(row["id"]);
    },
    usedByOthers: (scope, connectionId, settingsId) =>
      usedByOthers.get(scopeValue(scope), connectionId, settingsId) !== undefined,
    sameHub: (scope, connectionId) => sameHub.all(scopeValue(scope), connectionId).map((row) => String(row["id"])),
    move(scope, from, to) {
      moveStates.run(scopeValue(scope), from, to);
      moveRemovals.run(scopeValue(scope), from, to);
      copyReading.run(from, to);
      copyPositions.run(from, to);
    },
  };
}

function scopeValue(scope: Scope): string | number {
  return scope.kind === "product" ? scope.productId : scope.accountId;
}

function toSettings(row: Row): SealedStateSettings {
  const scopeId = String(row["scope_id"]);
  const connectionId = row["connection_id"] as string | null;
  return {
    scope:
      row["scope_kind"] === "sandbox"
        ? { kind: "sandbox", accountId: scopeId }
        : { kind: "product", productId: Number(scopeId) },
    options: JSON.parse(String(row["options"])) as SealedStateSettings["options"],
    sealedEndpoint: row["sealed_endpoint"] as string | null,
    hub:
      connectionId === null
        ? null
        : { hubName: String(row["hub_name"]), policyName: String(row["policy_name"]), connectionId },
  };
}
