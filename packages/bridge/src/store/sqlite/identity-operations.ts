/** What the bridge knows of the identities it made or adopted in hubs. The hub stays the truth; this saves asking. */
import type { IdentityOrigin, KnownIdentity } from "../../core/identities.ts";
import type { Transaction } from "./transaction.ts";

export interface IdentityOperations {
  identity(connectionId: string, deviceId: string): KnownIdentity | null;
  saveIdentity(connectionId: string, deviceId: string, identity: KnownIdentity, at: number): null;
  identityLost(connectionId: string, deviceId: string, day: string): number;
  identityLosses(connectionId: string, deviceId: string, day: string): number;
}

export function identityOperations({ db }: Transaction): IdentityOperations {
  const select = db.prepare("SELECT * FROM identity WHERE connection_id = ? AND device_id = ?");
  const save = db.prepare(
    // What was made stays made, however often it is found there later; made anew by somebody else, it is another one.
    `INSERT INTO identity (connection_id, device_id, generation_id, name_written, created_at, origin) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (connection_id, device_id) DO UPDATE SET
       origin = CASE WHEN generation_id = excluded.generation_id THEN coalesce(origin, excluded.origin) ELSE excluded.origin END,
       generation_id = excluded.generation_id, name_written = excluded.name_written`,
  );
  const forget = db.prepare("DELETE FROM identity WHERE connection_id = ? AND device_id = ?");
  const lose = db.prepare(
    `INSERT INTO identity_loss (connection_id, device_id, day, count) VALUES (?, ?, ?, 1)
     ON CONFLICT (connection_id, device_id) DO UPDATE SET
       count = CASE WHEN day = excluded.day THEN count + 1 ELSE 1 END, day = excluded.day`,
  );
  const forgetLosses = db.prepare("DELETE FROM identity_loss WHERE day < ?");
  const losses = db.prepare("SELECT count FROM identity_loss WHERE connection_id = ? AND device_id = ? AND day = ?");
  const lossesOn = (connectionId: string, deviceId: string, day: string): number =>
    Number(losses.get(connectionId, deviceId, day)?.["count"] ?? 0);

  return {
    identity(connectionId, deviceId) {
      const row = select.get(connectionId, deviceId);
      if (row === undefined) return null;
      const origin = row["origin"] as IdentityOrigin | null;
      const known = { generationId: String(row["generation_id"]), nameWritten: row["name_written"] as string | null };
      return origin === null ? known : { ...known, origin };
    },
    saveIdentity(connectionId, deviceId, identity, at) {
      const { generationId, nameWritten, origin = null } = identity;
      save.run(connectionId, deviceId, generationId, nameWritten, at, origin);
      return null;
    },
    identityLost(connectionId, deviceId, day) {
      forget.run(connectionId, deviceId);
      forgetLosses.run(day);
      lose.run(connectionId, deviceId, day);
      return lossesOn(connectionId, deviceId, day);
    },
    identityLosses: lossesOn,
  };
}
