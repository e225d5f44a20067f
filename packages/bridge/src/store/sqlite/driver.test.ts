import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryFolder } from "../testing/sqlite-under-test.ts";
import { openDatabase, type Database } from "./driver.ts";

let file: string;
let remove: () => void;
let db: Database;

beforeEach(() => {
  const temporary = temporaryFolder();
  remove = temporary.remove;
  file = join(temporary.folder, "test.db");
  db = openDatabase(file);
  db.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)");
});

afterEach(() => {
  db.close();
  remove();
});

test("text comes back whole, with NUL characters and beyond the basic plane", () => {
  const insert = db.prepare("INSERT INTO t (text) VALUES (?)");
  const texts = ["", "\0", "a\0b\0", "é😀", "x".repeat(100_000), null];
  for (const text of texts) insert.run(text);
  const rows = db.prepare("SELECT text FROM t ORDER BY id").all();
  expect(rows.map((row) => row["text"])).toEqual(texts);
  expect(db.prepare("SELECT id FROM t WHERE text = ?").get("a\0b\0")).toEqual({ id: 3 });
});

test("whole numbers keep all their digits up to 2^53", () => {
  const values = [0, -1, 2 ** 31, 2 ** 40 + 1, Number.MAX_SAFE_INTEGER];
  for (const value of values) expect(db.prepare("SELECT ? AS value").get(value)).toEqual({ value });
});

test("a statement works again right after it failed", () => {
  const insert = db.prepare("INSERT INTO t (id) VALUES (?)");
  insert.run(1);
  expect(() => insert.run(1)).toThrow(/UNIQUE/);
  expect(insert.run(2)).toEqual({ changes: 1, lastInsertRowid: 2 });
});

test("a first row that is read leaves no statement open that would keep a transaction from ending", () => {
  for (let i = 0; i < 3; i++) db.prepare("INSERT INTO t (text) VALUES ('x')").run();
  db.exec("BEGIN IMMEDIATE");
  expect(db.prepare("SELECT id FROM t ORDER BY id").get()).toEqual({ id: 1 });
  db.exec("COMMIT");
  db.exec("DROP TABLE t");
});

test("the same text is the same statement", () => {
  expect(db.prepare("SELECT 1")).toBe(db.prepare("SELECT 1"));
});

test("the lock that a killed process left behind does not keep a file closed", () => {
  db.close();
  mkdirSync(`${file}.lock`);
  db = openDatabase(file);
  expect(db.prepare("SELECT count(*) AS n FROM t").get()).toEqual({ n: 0 });
});
