import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { deviceId, event } from "../testing/store-samples.ts";
import { temporaryFolder } from "../testing/sqlite-under-test.ts";
import type { Database, Statement } from "./driver.ts";
import { DiskFailure, GroupRunner, openStoreDatabase, type Answer, type Call } from "./group-runner.ts";

let remove: () => void;
let db: Database;
let executed: string[];
/** Set by a test: thrown by the next statement whose text begins so. */
let failAt: { readonly sql: string; readonly error: string } | undefined;
let diskIsFull: boolean;
let runner: GroupRunner;

beforeEach(() => {
  const temporary = temporaryFolder();
  remove = temporary.remove;
  db = openStoreDatabase(join(temporary.folder, "isthmus.db"));
  executed = [];
  failAt = undefined;
  diskIsFull = false;
  runner = new GroupRunner(observed(db), () => diskIsFull);
});

afterEach(() => {
  db.close();
  remove();
});

/** The same database; notes what is executed outside statements, and fails where a test wants. */
function observed(inner: Database): Database {
  const check = (sql: string): void => {
    if (failAt === undefined || !sql.startsWith(failAt.sql)) return;
    const { error } = failAt;
    failAt = undefined;
    throw new Error(error);
  };
  return {
    exec(sql) {
      executed.push(sql);
      check(sql);
      inner.exec(sql);
    },
    once: (sql, ...values) => inner.once(sql, ...values),
    prepare(sql): Statement {
      const statement = inner.prepare(sql);
      return {
        run(...values) {
          check(sql);
          return statement.run(...values);
        },
        get: (...values) => statement.get(...values),
        all: (...values) => statement.all(...values),
      };
    },
    close: () => inner.close(),
  };
}

const append = (n = 1): Call => ["appendEvent", event({ deviceId: deviceId(n) }), ["i1"]];
/** Fails when it comes a second time. */
const token = (hash: string): Call => [
  "createToken",
  hash,
  { accountId: "ada", client: "c", createdAt: 1, expiresAt: null },
];
const kinds = (answers: readonly Answer[]): string[] => answers.map((answer) => answer.kind);
const commits = (): number => executed.filter((sql) => sql === "COMMIT").length;
const rows = (table: string): unknown => db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"];
const seqs = (): unknown[] =>
  db
    .prepare("SELECT seq FROM delivery ORDER BY id")
    .all()
    .map((row) => row["seq"]);

test("a group is one transaction, whatever its size", () => {
  expect(kinds(runner.run(Array.from({ length: 500 }, () => append())))).toEqual(Array(500).fill("done"));
  expect(commits()).toBe(1);
  expect(rows("event")).toBe(500);
});

test("a call that fails harms no other, wherever it stands", () => {
  runner.run([token("ada")]);
  for (const place of [0, 1, 6, 12]) {
    const calls: Call[] = Array.from({ length: 13 }, (_, i) => (i === place ? token("ada") : append()));
    const answers = runner.run(calls);
    expect(kinds(answers)).toEqual(calls.map((_, i) => (i === place ? "failed" : "done")));
    expect(answers[place]).toMatchObject({ error: expect.stringContaining("UNIQUE") as unknown });
  }
  expect(rows("event")).toBe(48);
  expect(seqs()).toEqual(Array.from({ length: 48 }, (_, i) => i + 1));
});

test("one failing call among a thousand costs a few more flushes, not a thousand", () => {
  runner.run([token("ada")]);
  executed = [];
  runner.run(Array.from({ length: 1_000 }, (_, i) => (i === 333 ? token("ada") : append())));
  expect(commits()).toBeLessThanOrEqual(10);
});

test("seq has no gap after a commit that failed", () => {
  runner.run([append(), append()]);
  for (const sql of ["COMMIT", "INSERT INTO lane", "INSERT INTO delivery", "INSERT INTO integration_day"]) {
    failAt = { sql, error: "database or disk is full" };
    expect(kinds(runner.run([append(), append()]))).toEqual(["full", "full"]);
    expect(kinds(runner.run([append()]))).toEqual(["done"]);
  }
  expect(seqs()).toEqual([1, 2, 3, 4, 5, 6]);
  expect(runner.run([["ledger", "i1"]])).toMatchObject([{ value: { accepted: 6, pending: 6 } }]);
});

test("a full file refuses the group whole and takes events again when there is room", () => {
  runner.run([append()]);
  db.exec(`PRAGMA max_page_count = ${Number(db.prepare("PRAGMA page_count").get()?.["page_count"]) + 2}`);
  let last: Answer[];
  let stored = 1;
  do {
    last = runner.run([append(), append(), append()]);
    if (last[0]?.kind === "done") stored += 3;
  } while (last[0]?.kind === "done" && stored < 10_000);
  expect(kinds(last)).toEqual(["full", "full", "full"]);
  // One alone may still find room where three did not.
  while (runner.run([append()])[0]?.kind === "done") stored += 1;
  expect(kinds(runner.run([append()]))).toEqual(["full"]);
  expect(rows("event")).toBe(stored);
  db.exec("PRAGMA max_page_count = 100000");
  expect(kinds(runner.run([append()]))).toEqual(["done"]);
  expect(seqs()).toEqual(Array.from({ length: stored + 1 }, (_, i) => i + 1));
});

test("an I/O error is a full disk when the disk says so, and otherwise the end", () => {
  diskIsFull = true;
  failAt = { sql: "COMMIT", error: "disk I/O error" };
  expect(kinds(runner.run([append(), append()]))).toEqual(["full", "full"]);
  diskIsFull = false;
  failAt = { sql: "COMMIT", error: "disk I/O error" };
  expect(() => runner.run([append(), append()])).toThrow(DiskFailure);
});
