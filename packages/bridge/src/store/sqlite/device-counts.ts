/**
 * How many devices fit: counted once, and again only after devices have come, gone, or changed what they are counted by. Lists
 * that stay open ask every few seconds, and counting reads an index of the whole fleet.
 */
import type { Value } from "./driver.ts";
import type { Transaction } from "./transaction.ts";

/** Beyond it all are counted anew: many accounts with many filters. */
const MAX_COUNTS = 1_000;

/** Of a condition over owner, product, approval and id alone; `from` may name an index. */
export type CountDevices = (from: string, ...values: Value[]) => number;

export function createDeviceCounts({ db, onRollback }: Transaction): CountDevices {
  // Of this connection alone, and rolled back with what they saw: whoever writes devices need not think of it.
  db.exec(`
    CREATE TEMP TABLE device_changes (n INTEGER NOT NULL);
    INSERT INTO device_changes VALUES (0);
    CREATE TEMP TRIGGER device_came AFTER INSERT ON main.device BEGIN UPDATE device_changes SET n = n + 1; END;
    CREATE TEMP TRIGGER device_went AFTER DELETE ON main.device BEGIN UPDATE device_changes SET n = n + 1; END;
    CREATE TEMP TRIGGER device_moved AFTER UPDATE OF owner_id, product_id, approval ON main.device
      BEGIN UPDATE device_changes SET n = n + 1; END;
  `);
  const changes = db.prepare("SELECT n FROM temp.device_changes");
  const counts = new Map<string, number>();
  let countedAt = -1;
  onRollback(() => counts.clear());

  return (from, ...values) => {
    const now = Number(changes.get()?.["n"]);
    if (now !== countedAt || counts.size >= MAX_COUNTS) counts.clear();
    countedAt = now;
    const key = JSON.stringify([from, ...values]);
    let count = counts.get(key);
    if (count === undefined) {
      count = Number(db.prepare(`SELECT count(*) AS n FROM device ${from}`).get(...values)?.["n"] ?? 0);
      counts.set(key, count);
    }
    return count;
  };
}
