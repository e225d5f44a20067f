/** Integrations and the hub connections they share. Keys arrive here sealed. */
import { AZURE_IOT_HUB_DEFAULTS } from "../../core/integration.ts";
import type { AzureIotHubIntegration, Integration, Scope, WebhookIntegration } from "../../core/integration.ts";
import type { Row } from "./driver.ts";
import { hubConnections, type SealedConnection } from "./hub-connections.ts";
import type { IntegrationLogs } from "./integration-logs.ts";
import type { Transaction } from "./transaction.ts";

/** An integration before it has its connection. */
export type UnconnectedIntegration = Omit<AzureIotHubIntegration, "connectionId"> | WebhookIntegration;

export interface IntegrationOperations {
  sealedConnection(id: string): SealedConnection | null;
  /**
   * Inserts or replaces: on the stored connection with the same host, policy and credentials; else on its former one when
   * `renewed` brings that one's new credentials and nobody else uses it; else on the new one. A webhook has none.
   */
  saveIntegration(
    integration: UnconnectedIntegration,
    connection: SealedConnection | null,
    renewed: SealedConnection | null,
    sealedSecrets: string | null,
  ): Integration;
  /** Of a webhook, sealed under the integration's id. */
  sealedWebhookSecrets(integrationId: string): string | null;
  /** Its ledger stays readable, by its name; all else that it had goes. */
  deleteIntegration(id: string, at: number): number;
  integration(id: string): Integration | null;
  integrationsIn(scope: Scope): Integration[];
  allIntegrations(): Integration[];
}

export function integrationOperations(transaction: Transaction, logs: IntegrationLogs): IntegrationOperations {
  const { db } = transaction;
  const connections = hubConnections(transaction);
  const usedByOthers = db.prepare(
    `SELECT 1 FROM integration WHERE connection_id = ?1 AND id <> ?2
     UNION ALL SELECT 1 FROM state_settings WHERE connection_id = ?1
     UNION ALL SELECT 1 FROM device_state WHERE connection_id = ?1
     UNION ALL SELECT 1 FROM noted_thing WHERE connection_id = ?1
     UNION ALL SELECT 1 FROM hub_removal WHERE connection_id = ?1 LIMIT 1`,
  );
  const save = db.prepare(
    `INSERT OR REPLACE INTO integration (id, type, scope_kind, scope_id, event, device_id, name, connection_id, options, daily_cap,
     disabled, created_at, updated_at, sealed_secrets) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = db.prepare("DELETE FROM integration WHERE id = ?");
  const keepName = db.prepare(
    `INSERT INTO deleted_integration (id, name, event, scope_kind, scope_id, deleted_at)
     SELECT id, name, event, scope_kind, scope_id, ? FROM integration WHERE id = ?`,
  );
  const removeCauses = db.prepare("DELETE FROM cause WHERE integration_id = ?");
  const removeLanes = db.prepare("DELETE FROM lane WHERE integration_id = ?");
  const removeReport = db.prepare("DELETE FROM doctor_report WHERE integration_id = ?");
  const byId = db.prepare("SELECT * FROM integration WHERE id = ?");
  const byScope = db.prepare("SELECT * FROM integration WHERE scope_kind = ? AND scope_id = ? ORDER BY created_at, id");
  const all = db.prepare("SELECT * FROM integration ORDER BY created_at, id");

  return {
    sealedConnection: connections.find,
    saveIntegration(unconnected, connection, renewed, sealedSecrets) {
      const former = byId.get(unconnected.id)?.["connection_id"] ?? null;
      const isOnlyUser = (connectionId: string): boolean =>
        usedByOthers.get(connectionId, unconnected.id) === undefined;
      const connectedTo = connection === null ? null : connections.connect(connection, renewed, isOnlyUser);
      if (former !== null && connectedTo !== null && former !== connectedTo) {
        connections.copyIdentities(String(former), connectedTo);
      }
      const { id, type, scope, event, deviceId, name, disabled, dailyCap, createdAt, updatedAt, ...options } =
        unconnected;
      save.run(
        id,
        type,
        scope.kind,
        scope.kind === "sandbox" ? scope.accountId : String(scope.productId),
        event,
        deviceId,
        name,
        connectedTo,
        JSON.stringify(options),
        dailyCap,
        disabled ? 1 : 0,
        createdAt,
        updatedAt,
        sealedSecrets,
      );
      connections.dropUnused();
      return connected(unconnected, connectedTo);
    },
    sealedWebhookSecrets: (id) => (byId.get(id)?.["sealed_secrets"] ?? null) as string | null,
    deleteIntegration(id, at) {
      keepName.run(at, id);
      const { changes } = remove.run(id);
      removeLanes.run(id);
      removeCauses.run(id);
      removeReport.run(id);
      logs.forget(id);
      connections.dropUnused();
      return changes;
    },
    integration(id) {
      const row = byId.get(id);
      return row === undefined ? null : toIntegration(row);
    },
    integrationsIn: (scope) =>
      byScope.all(scope.kind, scope.kind === "sandbox" ? scope.accountId : String(scope.productId)).map(toIntegration),
    allIntegrations: () => all.all().map(toIntegration),
  };
}

function connected(integration: UnconnectedIntegration, connectionId: string | null): Integration {
  return integration.type === "AzureIotHub" ? { ...integration, connectionId: connectionId ?? "" } : integration;
}

function toIntegration(row: Row): Integration {
  const scopeId = String(row["scope_id"]);
  const isHub = row["type"] === "AzureIotHub";
  return {
    // What an earlier release did not know has its default.
    ...(isHub ? { ...AZURE_IOT_HUB_DEFAULTS, connectionId: String(row["connection_id"]) } : {}),
    ...(JSON.parse(String(row["options"])) as object),
    id: String(row["id"]),
    type: row["type"],
    scope:
      row["scope_kind"] === "sandbox"
        ? { kind: "sandbox", accountId: scopeId }
        : { kind: "product", productId: Number(scopeId) },
    event: String(row["event"]),
    deviceId: row["device_id"] as string | null,
    name: String(row["name"]),
    disabled: row["disabled"] === 1,
    dailyCap: row["daily_cap"] as number | null,
    createdAt: Number(row["created_at"]),
    updatedAt: Number(row["updated_at"]),
  } as Integration;
}
