import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDatabase } from "./sqlite/driver.ts";
import { openSqliteStore, type SqliteStore } from "./sqlite-store.ts";
import { temporaryFolder } from "./testing/sqlite-under-test.ts";

let folder: string;
let remove: () => void;

beforeEach(() => ({ folder, remove } = temporaryFolder()));
afterEach(() => remove());

const open = (at: string): Promise<SqliteStore> =>
  openSqliteStore({
    folder: at,
    onFatal: (error) => {
      throw error;
    },
  });

async function restored(file: string): Promise<SqliteStore> {
  const place = join(folder, "restored");
  mkdirSync(place);
  copyFileSync(file, join(place, "isthmus.db"));
  return open(place);
}

test("a copy has all that was acknowledged before, is one file for its owner alone, and is gone when it is removed", async () => {
  const store = await open(folder);
  await store.createProduct({ ownerId: "ada", name: "Weather", slug: "weather", description: "" });
  const backup = await store.backUp();
  expect(existsSync(`${backup.file}-wal`)).toBe(false);
  expect(statSync(backup.file)).toMatchObject({ size: backup.bytes });
  expect(statSync(backup.file).mode & 0o777).toBe(0o600);
  // What comes after is not in it, and goes on.
  await store.createProduct({ ownerId: "ada", name: "Harbour", slug: "harbour", description: "" });
  const copy = await restored(backup.file);
  expect((await copy.productsOf("ada")).map(({ slug }) => slug)).toEqual(["weather"]);
  await copy.close();
  await backup.remove();
  expect(readdirSync(folder).filter((name) => name.startsWith("backup-"))).toEqual([]);
  await store.close();
});

test("copies that are made while everybody writes are whole, each with all that was acknowledged before it", async () => {
  const store = await open(folder);
  let acknowledged = 0;
  let isWriting = true;
  const write = async (): Promise<void> => {
    while (isWriting) {
      await store.claimDevice("ada", String(acknowledged + 1).padStart(24, "0"));
      acknowledged += 1;
    }
  };
  const writing = write();
  for (let n = 0; n < 4; n += 1) {
    const before = acknowledged;
    const backup = await store.backUp();
    const db = openDatabase(backup.file);
    const [{ count } = { count: 0 }] = db.once("SELECT count(*) AS count FROM device");
    db.close();
    expect(Number(count)).toBeGreaterThanOrEqual(before);
    await backup.remove();
  }
  isWriting = false;
  await writing;
  expect(acknowledged).toBeGreaterThan(10);
  await store.close();
});

test("what a killed process left of a copy is removed at the next start", async () => {
  mkdirSync(join(folder, "backup-x"));
  await (await open(folder)).close();
  expect(existsSync(join(folder, "backup-x"))).toBe(false);
});
