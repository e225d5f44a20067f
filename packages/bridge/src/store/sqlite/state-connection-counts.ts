/**
 * How many states each hub connection has: counted once, and then kept with every row that comes, goes or changes. It is
 * asked every few seconds, by pages and metrics, and counting reads an index of the whole fleet.
 */
import type { StateConnectionCount } from "../../core/state-store.ts";
import type { Transaction } from "./transaction.ts";

const COUNTED = `count(*) AS devices, sum(reach = 'itself') AS things, count(pending_since) AS pending,
  count(missing_since) AS missing`;

/** Of this connection to the file alone, and rolled back with what they saw: whoever writes states need not think of it. */
export function createStateConnectionCounts({ db }: Transaction): () => StateConnectionCount[] {
  db.exec(`
    CREATE TEMP TABLE state_count (connection_id TEXT PRIMARY KEY, devices, things, pending, missing) WITHOUT ROWID;
    INSERT INTO state_count SELECT connection_id, ${COUNTED}
      FROM main.device_state WHERE connection_id IS NOT NULL GROUP BY connection_id;
    CREATE TEMP TRIGGER state_came AFTER INSERT ON main.device_state BEGIN ${added("NEW")} END;
    CREATE TEMP TRIGGER state_went AFTER DELETE ON main.device_state BEGIN ${taken("OLD")} END;
    CREATE TEMP TRIGGER state_changed AFTER UPDATE ON main.device_state
      WHEN ${counted("OLD")} IS NOT ${counted("NEW")} BEGIN ${added("NEW")} ${taken("OLD")} END;
  `);
  const all = db.prepare("SELECT * FROM temp.state_count ORDER BY connection_id");
  const oldest = db.prepare(
    `SELECT pending_since FROM device_state WHERE connection_id = ? AND pending_since IS NOT NULL
     ORDER BY pending_since LIMIT 1`,
  );
  return () =>
    all.all().map((row) => ({
      connectionId: String(row["connection_id"]),
      devices: Number(row["devices"]),
      things: Number(row["things"]),
      pending: Number(row["pending"]),
      missing: Number(row["missing"]),
      oldestPending: (oldest.get(String(row["connection_id"]))?.["pending_since"] ?? null) as number | null,
    }));
}

type Seen = "NEW" | "OLD";

/** What a row is counted by. */
function counted(row: Seen): string {
  return `(${row}.connection_id, ${row}.reach = 'itself', ${row}.pending_since IS NULL, ${row}.missing_since IS NULL)`;
}

function added(row: Seen): string {
  return `INSERT INTO state_count SELECT ${row}.connection_id, 1, ${row}.reach = 'itself', ${row}.pending_since IS NOT NULL,
      ${row}.missing_since IS NOT NULL WHERE ${row}.connection_id IS NOT NULL
    ON CONFLICT (connection_id) DO UPDATE SET devices = devices + 1, things = things + excluded.things,
      pending = pending + excluded.pending, missing = missing + excluded.missing;`;
}

function taken(row: Seen): string {
  return `UPDATE state_count SET devices = devices - 1, things = things - (${row}.reach = 'itself'),
      pending = pending - (${row}.pending_since IS NOT NULL), missing = missing - (${row}.missing_since IS NOT NULL)
      WHERE connection_id = ${row}.connection_id;
    DELETE FROM state_count WHERE connection_id = ${row}.connection_id AND devices = 0;`;
}
