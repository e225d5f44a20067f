import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { event } from "../testing/store-samples.ts";
import { temporaryFolder } from "../testing/sqlite-under-test.ts";
import type { Database } from "./driver.ts";
import { openStoreDatabase } from "./group-runner.ts";
import { seenOperations, type SeenOperations } from "./seen-operations.ts";

const NOW = 1_700_000_000_000;
let db: Database;
let remove: () => void;

beforeEach(() => {
  const temporary = temporaryFolder();
  remove = temporary.remove;
  db = openStoreDatabase(join(temporary.folder, "isthmus.db"));
  db.exec("BEGIN");
});

afterEach(() => {
  db.exec("COMMIT");
  db.close();
  remove();
});

function operations(bounds: { keepMs?: number; maxKept?: number }): SeenOperations {
  const transaction = { db, beforeCommit: () => undefined, onRollback: () => undefined };
  return seenOperations(transaction, { appendEvent: () => [] }, bounds);
}

const count = (): number => Number(db.prepare("SELECT count(*) AS n FROM seen_event").get()?.["n"]);

test("prints that are old are forgotten while new ones come, faster than these come", () => {
  const { appendEventOnce } = operations({ keepMs: 1_000 });
  for (let i = 0; i < 500; i++) appendEventOnce(event({ receivedAt: NOW }), [], [`old ${i}`]);
  expect(count()).toBe(500);
  for (let i = 0; i < 640; i++) appendEventOnce(event({ receivedAt: NOW + 2_000 }), [], [`new ${i}`]);
  expect(count()).toBe(640);
  expect(appendEventOnce(event({ receivedAt: NOW + 2_500 }), [], ["new 0"])).toHaveProperty("firstId");
});

test("their number is bounded whatever comes in", () => {
  const { appendEventOnce } = operations({ maxKept: 100 });
  for (let i = 0; i < 2_000; i++) appendEventOnce(event({ receivedAt: NOW }), [], [`print ${i}`]);
  expect(count()).toBeLessThanOrEqual(164);
  expect(appendEventOnce(event({ receivedAt: NOW }), [], ["print 1999"])).toHaveProperty("firstId");
});
