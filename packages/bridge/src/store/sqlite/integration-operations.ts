/** Integrations and the hub connections they share. Keys arrive here sealed. */
import { AZURE_IOT_HUB_DEFAULTS } from "../../core/integration.ts";
import type { AzureIotHubIntegration, Integration, Scope, WebhookIntegration } from "../../core/integration.ts";
import type { Row } from "./driver.ts";
import type { IntegrationLogs } from "./integration-logs.ts";
import type { Transaction } from "./transaction.ts";

export interface SealedConnection {
  readonly id: string;
  readonly hostName: string;
  readonly policyName: string;
  readonly sealedKey: string;
  readonly sealedSecondaryKey: string | null;
  /** JSON, without its secret. */
  readonly entra: string | null;
  readonly sealedClientSecret: string | null;
  /** Keyed hash of all credentials: finds an equal connection without opening any seal. */
  readonly keyPrint: string;
}

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

export function integrationOperations({ db }: Transaction, logs: IntegrationLogs): IntegrationOperations {
  const sameConnection = db.prepare(
    "SELECT * FROM hub_connection WHERE host_name = ? AND policy_name = ? AND key_print = ?",
  );
  const insertConnection = db.prepare(
    `INSERT INTO hub_connection (id, host_name, policy_name, sealed_key, sealed_secondary_key, entra, sealed_client_secret,
     key_print) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const renewConnection = db.prepare(
    `UPDATE hub_connection SET sealed_key = ?, sealed_secondary_key = ?, entra = ?, sealed_client_secret = ?, key_print = ?
     WHERE id = ? AND host_name = ? AND policy_name = ?
     AND NOT EXISTS (SELECT 1 FROM integration WHERE connection_id = hub_connection.id AND id <> ?)`,
  );
  const copyIdentities = db.prepare(
    `INSERT OR IGNORE INTO identity (connection_id, device_id, generation_id, name_written, created_at)
     SELECT now.id, i.device_id, i.generation_id, i.name_written, i.created_at
     FROM identity i JOIN hub_connection former ON former.id = i.connection_id
     JOIN hub_connection now ON now.host_name = former.host_name WHERE former.id = ? AND now.id = ?`,
  );
  const connectionById = db.prepare("SELECT * FROM hub_connection WHERE id = ?");
  const dropUnused = db.prepare(
    `DELETE FROM hub_connection WHERE id NOT IN
     (SELECT connection_id FROM integration WHERE connection_id IS NOT NULL)`,
  );
  const dropIdentities = db.prepare("DELETE FROM identity WHERE connection_id NOT IN (SELECT id FROM hub_connection)");
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
  const byId = db.prepare("SELECT * FROM integration WHERE id = ?");
  const byScope = db.prepare("SELECT * FROM integration WHERE scope_kind = ? AND scope_id = ? ORDER BY created_at, id");
  const all = db.prepare("SELECT * FROM integration ORDER BY created_at, id");

  function dropOrphans(): void {
    if (dropUnused.run().changes > 0) dropIdentities.run();
  }

  function connect(integrationId: string, fresh: SealedConnection, renewed: SealedConnection | null): string {
    const { id, hostName, policyName, ...sealed } = fresh;
    const known = sameConnection.get(hostName, policyName, sealed.keyPrint);
    if (known !== undefined) return String(known["id"]);
    if (renewed !== null && renew(integrationId, renewed)) return renewed.id;
    const { sealedKey, sealedSecondaryKey, entra, sealedClientSecret, keyPrint } = sealed;
    insertConnection.run(id, hostName, policyName, sealedKey, sealedSecondaryKey, entra, sealedClientSecret, keyPrint);
    return id;
  }

  function renew(integrationId: string, renewed: SealedConnection): boolean {
    const { id, hostName, policyName, sealedKey, sealedSecondaryKey, entra, sealedClientSecret, keyPrint } = renewed;
    const { changes } = renewConnection.run(
      sealedKey,
      sealedSecondaryKey,
      entra,
      sealedClientSecret,
      keyPrint,
      id,
      hostName,
      policyName,
      integrationId,
    );
    return changes > 0;
  }

  return {
    sealedConnection(id) {
      const row = connectionById.get(id);
      return row === undefined ? null : toConnection(row);
    },
    saveIntegration(unconnected, connection, renewed, sealedSecrets) {
      const former = byId.get(unconnected.id)?.["connection_id"] ?? null;
      const connectedTo = connection === null ? null : connect(unconnected.id, connection, renewed);
      // The same hub has the same devices, whoever asks for them.
      if (former !== null && connectedTo !== null && former !== connectedTo) {
        copyIdentities.run(String(former), connectedTo);
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
      dropOrphans();
      return connected(unconnected, connectedTo);
    },
    sealedWebhookSecrets: (id) => (byId.get(id)?.["sealed_secrets"] ?? null) as string | null,
    deleteIntegration(id, at) {
      keepName.run(at, id);
      const { changes } = remove.run(id);
      removeLanes.run(id);
      removeCauses.run(id);
      logs.forget(id);
      dropOrphans();
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

export function toConnection(row: Row): SealedConnection {
  return {
    id: String(row["id"]),
    hostName: String(row["host_name"]),
    policyName: String(row["policy_name"]),
    sealedKey: String(row["sealed_key"]),
    sealedSecondaryKey: row["sealed_secondary_key"] as string | null,
    entra: row["entra"] as string | null,
    sealedClientSecret: row["sealed_client_secret"] as string | null,
    keyPrint: String(row["key_print"]),
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
