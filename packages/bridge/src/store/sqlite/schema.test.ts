import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryFolder } from "../testing/sqlite-under-test.ts";
import { openDatabase, type Database } from "./driver.ts";
import { openStoreDatabase } from "./group-runner.ts";
import { setDurability } from "./schema.ts";

let file: string;
let remove: () => void;

beforeEach(() => {
  const temporary = temporaryFolder();
  remove = temporary.remove;
  file = join(temporary.folder, "isthmus.db");
});

afterEach(() => remove());

test("the file is in WAL mode, flushed at every commit", () => {
  const db = openStoreDatabase(file);
  expect(db.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
  expect(db.prepare("PRAGMA synchronous").get()).toEqual({ synchronous: 2 });
  expect(db.prepare("PRAGMA locking_mode").get()).toEqual({ locking_mode: "exclusive" });
  db.close();
});

test.each(["PRAGMA synchronous", "PRAGMA journal_mode = WAL"])("a driver that ignores %s is noticed", (ignored) => {
  const db = openDatabase(file);
  db.exec("PRAGMA synchronous = NORMAL");
  const deaf: Database = {
    exec: (sql) => (sql.startsWith(ignored) ? undefined : db.exec(sql)),
    prepare: (sql) => db.prepare(sql === ignored ? "SELECT 1" : sql),
    close: () => db.close(),
  };
  expect(() => setDurability(deaf)).toThrow(/would not flush/);
  db.close();
});

test("a file of a newer release is refused and left as it was", () => {
  const db = openStoreDatabase(file);
  db.exec("PRAGMA user_version = 999");
  db.close();
  expect(() => openStoreDatabase(file)).toThrow(/newer release \(schema 999/);
  const again = openDatabase(file);
  again.exec("PRAGMA locking_mode = EXCLUSIVE");
  expect(again.prepare("PRAGMA user_version").get()).toEqual({ user_version: 999 });
  again.close();
});

test("opening twice in a row changes nothing", () => {
  openStoreDatabase(file).close();
  const db = openStoreDatabase(file);
  expect(db.prepare("SELECT count(*) AS n FROM event").get()).toEqual({ n: 0 });
  db.close();
});
