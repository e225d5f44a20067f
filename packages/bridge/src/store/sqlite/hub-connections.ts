/** The hub connections that integrations and states share, sealed: which one it is to be, and when it is nobody's any more. */
import type { Row } from "./driver.ts";
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

export interface HubConnections {
  find(id: string): SealedConnection | null;
  /**
   * The stored connection with the same host, policy and credentials; else `renewed`, the one used so far with its new
   * credentials, where it is of the same host and policy and `isOnlyUser` says that nobody else uses it; else the fresh
   * one, which is stored. Returns its id.
   */
  connect(fresh: SealedConnection, renewed: SealedConnection | null, isOnlyUser: (id: string) => boolean): string;
  /** The same hub has the same devices, whoever asks for them. Does nothing for connections of two hosts. */
  copyIdentities(former: string, now: string): void;
  /** Removes the connections that nobody uses any more, with all that is known of their hubs. */
  dropUnused(): void;
  /** The same for one. */
  dropIfUnused(id: string): void;
}

/** Tables whose `connection_id` keeps a connection. A device that is still to be made or deleted in its hub needs the hub's key too. */
const USERS = ["integration", "state_settings", "device_state", "noted_thing", "hub_removal"] as const;

/** Tables that go with a connection. Those of connections that are in the configuration, and not here, stay. */
const KNOWLEDGE = ["identity", "reading", "reading_position", "hub_meter", "hub_facts", "identity_plan"] as const;

export function hubConnections({ db }: Transaction): HubConnections {
  const byId = db.prepare("SELECT * FROM hub_connection WHERE id = ?");
  const same = db.prepare("SELECT id FROM hub_connection WHERE host_name = ? AND policy_name = ? AND key_print = ?");
  const insert = db.prepare(
    `INSERT INTO hub_connection (id, host_name, policy_name, sealed_key, sealed_secondary_key, entra, sealed_client_secret,
     key_print) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const renew = db.prepare(
    `UPDATE hub_connection SET sealed_key = ?, sealed_secondary_key = ?, entra = ?, sealed_client_secret = ?, key_print = ?
     WHERE id = ? AND host_name = ? AND policy_name = ?`,
  );
  const copyIdentities = db.prepare(
    `INSERT OR IGNORE INTO identity (connection_id, device_id, generation_id, name_written, created_at, origin)
     SELECT now.id, i.device_id, i.generation_id, i.name_written, i.created_at, i.origin
     FROM identity i JOIN hub_connection former ON former.id = i.connection_id
     JOIN hub_connection now ON now.host_name = former.host_name WHERE former.id = ? AND now.id = ?`,
  );
  const isUsed = USERS.map((table) => `EXISTS (SELECT 1 FROM ${table} WHERE connection_id = hub_connection.id)`);
  const unused = db.prepare(`SELECT id FROM hub_connection WHERE NOT (${isUsed.join(" OR ")})`);
  const unusedOne = db.prepare(`SELECT id FROM hub_connection WHERE id = ? AND NOT (${isUsed.join(" OR ")})`);
  const remove = db.prepare("DELETE FROM hub_connection WHERE id = ?");
  const removeKnowledge = KNOWLEDGE.map((table) => db.prepare(`DELETE FROM ${table} WHERE connection_id = ?`));

  function drop(rows: readonly Row[]): void {
    for (const { id } of rows) {
      remove.run(String(id));
      for (const statement of removeKnowledge) statement.run(String(id));
    }
  }

  return {
    find(id) {
      const row = byId.get(id);
      return row === undefined ? null : toConnection(row);
    },
    connect(fresh, renewed, isOnlyUser) {
      const known = same.get(fresh.hostName, fresh.policyName, fresh.keyPrint);
      if (known !== undefined) return String(known["id"]);
      if (renewed !== null && isOnlyUser(renewed.id)) {
        const { id, hostName, policyName } = renewed;
        if (renew.run(...credentials(renewed), id, hostName, policyName).changes > 0) return id;
      }
      insert.run(fresh.id, fresh.hostName, fresh.policyName, ...credentials(fresh));
      return fresh.id;
    },
    copyIdentities: (former, now) => void copyIdentities.run(former, now),
    dropUnused: () => drop(unused.all()),
    dropIfUnused: (id) => drop(unusedOne.all(id)),
  };
}

function credentials(connection: SealedConnection): (string | null)[] {
  const { sealedKey, sealedSecondaryKey, entra, sealedClientSecret, keyPrint } = connection;
  return [sealedKey, sealedSecondaryKey, entra, sealedClientSecret, keyPrint];
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
