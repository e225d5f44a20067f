/** Everything in the database that is sealed, for those who seal it anew. */
import type { SealedConnection } from "./hub-connections.ts";
import { toConnection } from "./hub-connections.ts";
import { endpointRecord } from "./state-settings-operations.ts";
import type { Transaction } from "./transaction.ts";

/** Sealed columns, and what their texts are sealed for. Hub connections are sealed as a whole and stand apart. */
export const SEALED_COLUMNS: readonly {
  readonly table: string;
  readonly column: string;
  readonly record: (id: string) => string;
}[] = [
  { table: "source", column: "sealed_secret", record: (id) => `source ${id}` },
  { table: "app_key", column: "sealed_secret", record: (id) => `app ${id}` },
  { table: "integration", column: "sealed_secrets", record: (id) => id },
  { table: "state_settings", column: "sealed_endpoint", record: endpointRecord },
];

export interface SealedText {
  /** Index in `SEALED_COLUMNS`. */
  readonly place: number;
  readonly id: string;
  readonly sealed: string;
}

export interface SealOperations {
  sealedConnections(): SealedConnection[];
  sealedTexts(): SealedText[];
  /** In one transaction. A text that was changed since it was read stays as it is. */
  reseal(connections: readonly SealedConnection[], texts: readonly (SealedText & { readonly was: string })[]): number;
}

export function sealOperations({ db }: Transaction): SealOperations {
  const connections = db.prepare("SELECT * FROM hub_connection ORDER BY id");
  const places = SEALED_COLUMNS.map(({ table, column }) => ({
    all: db.prepare(`SELECT id, ${column} AS sealed FROM ${table} WHERE ${column} IS NOT NULL ORDER BY id`),
    replace: db.prepare(`UPDATE ${table} SET ${column} = ? WHERE id = ? AND ${column} = ?`),
  }));
  const replaceConnection = db.prepare(
    `UPDATE hub_connection SET sealed_key = ?, sealed_secondary_key = ?, sealed_client_secret = ?, key_print = ?
     WHERE id = ?`,
  );
  return {
    sealedConnections: () => connections.all().map(toConnection),
    sealedTexts: () =>
      places.flatMap(({ all }, place) =>
        all.all().map((row) => ({ place, id: String(row["id"]), sealed: String(row["sealed"]) })),
      ),
    reseal(resealed, texts) {
      let changes = 0;
      for (const { id, sealedKey, sealedSecondaryKey, sealedClientSecret, keyPrint } of resealed)
        changes += replaceConnection.run(sealedKey, sealedSecondaryKey, sealedClientSecret, keyPrint, id).changes;
      for (const { place, id, sealed, was } of texts) changes += places[place]!.replace.run(sealed, id, was).changes;
      return changes;
    },
  };
}
