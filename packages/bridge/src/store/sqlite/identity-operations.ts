/** What the bridge knows of the identities it made or adopted in hubs. The hub stays the truth; this saves asking. */
import type { KnownIdentity } from "../../core/identities.ts";
import type { Transaction } from "./transaction.ts";

export interface IdentityOperations {
  identity(connectionId: string, deviceId: string): KnownIdentity | null;
  saveIdentity(connectionId: string, deviceId: string, identity: KnownIdentity, at: number): null;
  forgetIdentity(connectionId: string, deviceId: string): null;
  /** Connections in which the device has an identity. */
  connectionsOf(deviceId: string): string[];
}

export function identityOperations({ db }: Transaction): IdentityOperations {
  const select = db.prepare("SELECT * FROM identity WHERE connection_id = ? AND device_id = ?");
  const save = db.prepare(
    `INSERT INTO identity (connection_id, device_id, generation_id, name_written, created_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (connection_id, device_id) DO UPDATE SET generation_id = excluded.generation_id, name_written = excluded.name_written`,
  );
  const forget = db.prepare("DELETE FROM identity WHERE connection_id = ? AND device_id = ?");
  const connections = db.prepare("SELECT connection_id FROM identity WHERE device_id = ?");

  return {
    identity(connectionId, deviceId) {
      const row = select.get(connectionId, deviceId);
      if (row === undefined) return null;
      return { generationId: String(row["generation_id"]), nameWritten: row["name_written"] as string | null };
    },
    saveIdentity(connectionId, deviceId, identity, at) {
      save.run(connectionId, deviceId, identity.generationId, identity.nameWritten, at);
      return null;
    },
    forgetIdentity(connectionId, deviceId) {
      forget.run(connectionId, deviceId);
      return null;
    },
    connectionsOf: (deviceId) => connections.all(deviceId).map((row) => String(row["connection_id"])),
  };
}
