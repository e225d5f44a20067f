import { join } from "node:path";
import { expect, test } from "vitest";
import { migrateFolder } from "./migrate-folder.ts";
import { openDatabase } from "./store/sqlite/driver.ts";
import { migrate, schemaVersion } from "./store/sqlite/schema.ts";
import { openSqliteStore } from "./store/sqlite-store.ts";
import { temporaryFolder } from "./store/testing/sqlite-under-test.ts";

test("a folder is brought to this release's schema without a server; one in use, and one without data, stay", async () => {
  const { folder, remove } = temporaryFolder();
  expect(await migrateFolder(folder)).toBeNull();
  const db = openDatabase(join(folder, "isthmus.db"));
  migrate(db, 3);
  db.close();
  const migrated = await migrateFolder(folder);
  expect(migrated).toMatchObject({ from: 3 });
  expect(await migrateFolder(folder)).toEqual({ from: migrated!.to, to: migrated!.to });
  const store = await openSqliteStore({ folder, onFatal: () => undefined });
  await expect(migrateFolder(folder)).rejects.toMatchObject({ code: "folder_in_use" });
  await store.close();
  const again = openDatabase(join(folder, "isthmus.db"));
  again.exec("PRAGMA locking_mode = EXCLUSIVE");
  expect(schemaVersion(again)).toBe(migrated!.to);
  again.close();
  remove();
});
