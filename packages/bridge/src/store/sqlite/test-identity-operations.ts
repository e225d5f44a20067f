import type { TestIdentity } from "../../core/test-identities.ts";
import type { Transaction } from "./transaction.ts";

export interface TestIdentityOperations {
  noteTestIdentity(identity: TestIdentity, at: number): null;
  forgetTestIdentity(identity: TestIdentity): null;
  testIdentities(limit: number): TestIdentity[];
}

export function testIdentityOperations({ db }: Transaction): TestIdentityOperations {
  const note = db.prepare(
    "INSERT OR IGNORE INTO test_identity (connection_id, device_id, created_at) VALUES (?, ?, ?)",
  );
  const forget = db.prepare("DELETE FROM test_identity WHERE connection_id = ? AND device_id = ?");
  const forgetGone = db.prepare("DELETE FROM test_identity WHERE connection_id NOT IN (SELECT id FROM hub_connection)");
  const oldest = db.prepare(
    "SELECT connection_id, device_id FROM test_identity ORDER BY created_at, device_id LIMIT ?",
  );
  return {
    noteTestIdentity({ connectionId, deviceId }, at) {
      note.run(connectionId, deviceId, at);
      return null;
    },
    forgetTestIdentity({ connectionId, deviceId }) {
      forget.run(connectionId, deviceId);
      return null;
    },
    testIdentities(limit) {
      forgetGone.run();
      return oldest
        .all(limit)
        .map((row) => ({ connectionId: String(row["connection_id"]), deviceId: String(row["device_id"]) }));
    },
  };
}
