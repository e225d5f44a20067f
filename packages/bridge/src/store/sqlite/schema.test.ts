import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryFolder } from "../testing/sqlite-under-test.ts";
import { openDatabase, type Database } from "./driver.ts";
import { openStoreDatabase } from "./group-runner.ts";
import { createIntegrationLogs } from "./integration-logs.ts";
import { integrationOperations } from "./integration-operations.ts";
import { migrate, setDurability } from "./schema.ts";

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
    once: (sql) => db.once(sql),
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

test("integrations of the first release keep what they were set to, and have the defaults for the rest", () => {
  const old = openDatabase(file);
  migrate(old, 1);
  const insert = old.prepare(
    `INSERT INTO integration (id, type, scope_kind, scope_id, event, device_id, name, hub_name, policy_name, connection_id,
     template, name_sync, disabled, created_at, updated_at) VALUES (?, 'AzureIotHub', ?, ?, 'temp', ?, 'n', 'hub', 'p', 'c', ?, ?, ?, 1, 2)`,
  );
  insert.run("a", "sandbox", "owner", "0123456789abcdef01234567", JSON.stringify({ t: "{{x}}" }), 0, 1);
  insert.run("b", "product", "7", null, JSON.stringify('{"t":{{x}}}'), 1, 0);
  insert.run("c", "product", "7", null, null, 1, 0);
  old.close();
  const db = openStoreDatabase(file);
  const transaction = { db, beforeCommit: () => undefined, onRollback: () => undefined };
  const { integration } = integrationOperations(transaction, createIntegrationLogs(transaction));
  const common = { type: "AzureIotHub", event: "temp", name: "n", hubName: "hub", policyName: "p", connectionId: "c" };
  const rest = { contentType: "application/json", properties: {}, parseData: false, createIdentities: true };
  const added = { ...common, ...rest, deviceIdPrefix: "", dailyCap: null, createdAt: 1, updatedAt: 2 };
  expect(integration("a")).toEqual({
    ...added,
    id: "a",
    scope: { kind: "sandbox", accountId: "owner" },
    deviceId: "0123456789abcdef01234567",
    template: { t: "{{x}}" },
    nameSync: "once",
    disabled: true,
  });
  const inProduct = { ...added, scope: { kind: "product", productId: 7 }, deviceId: null, disabled: false };
  expect(integration("b")).toEqual({ ...inProduct, id: "b", template: '{"t":{{x}}}', nameSync: "continuous" });
  expect(integration("c")).toEqual({ ...inProduct, id: "c", template: null, nameSync: "continuous" });
  db.close();
});

test("opening twice in a row changes nothing", () => {
  openStoreDatabase(file).close();
  const db = openStoreDatabase(file);
  expect(db.prepare("SELECT count(*) AS n FROM event").get()).toEqual({ n: 0 });
  db.close();
});
