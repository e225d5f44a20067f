/** Brings a data folder to this release's schema without starting a server on it. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { lockFolder } from "./store/lock.ts";
import { openDatabase } from "./store/sqlite/driver.ts";
import { migrate, schemaVersion, setDurability } from "./store/sqlite/schema.ts";

/** The schemas' numbers. `null`: there is no data. Rejects while another process uses the folder, and for newer data. */
export async function migrateFolder(folder: string): Promise<{ readonly from: number; readonly to: number } | null> {
  const file = join(folder, "isthmus.db");
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (!isThere) return null;
  const lock = await lockFolder(folder);
  try {
    const db = openDatabase(file);
    try {
      setDurability(db);
      const from = schemaVersion(db);
      migrate(db);
      return { from, to: schemaVersion(db) };
    } finally {
      db.close();
    }
  } finally {
    await lock.release();
  }
}
