import { afterEach, expect, test } from "vitest";
import type { Actor, AuditRecord } from "./core/audit.ts";
import { startAuditLog, type RunningAuditLog } from "./audit-log.ts";
import { VirtualClock } from "./delivery/testing/virtual-clock.ts";
import { openSqlite, type SqliteUnderTest } from "./store/testing/sqlite-under-test.ts";

const log = { debug() {}, info() {}, warn() {}, error() {} };
const opened: SqliteUnderTest[] = [];
afterEach(async () => {
  for (const under of opened.splice(0)) await under.dispose();
});

async function open(): Promise<{ audit: RunningAuditLog; under: SqliteUnderTest; clock: VirtualClock }> {
  const under = await openSqlite();
  opened.push(under);
  const clock = new VirtualClock();
  return { audit: startAuditLog({ store: under.store, directory: under.store, clock, log }), under, clock };
}

const record = (at: number, actor: Actor, more: Partial<AuditRecord> = {}): AuditRecord => ({
  at,
  actor,
  action: "Claim a device",
  route: "POST /v1/devices",
  objects: {},
  status: 200,
  code: null,
  address: "127.0.0.1",
  ...more,
});

test("what repeats within minutes is one entry with its count, afterwards a new one", async () => {
  const { audit, clock } = await open();
  const at = clock.now();
  const actor: Actor = { kind: "unknown" };
  audit.record(record(at, actor));
  audit.record(record(at + 1_000, actor));
  expect((await audit.entries({ accountId: null, limit: 9 })).entries).toMatchObject([{ count: 2 }]);
  audit.record(record(at + 2_000, actor));
  audit.record(record(at + 2_000, actor, { status: 403 }));
  expect((await audit.entries({ accountId: null, limit: 9 })).entries).toMatchObject([
    { status: 403, count: 1 },
    { count: 3, at, lastAt: at + 2_000 },
  ]);
  audit.record(record(at + 600_000, actor));
  expect((await audit.entries({ accountId: null, limit: 9 })).entries).toHaveLength(3);
});

test("an API user's doings stand in the log of its product's owner", async () => {
  const { audit, under, clock } = await open();
  const ada = (await under.store.createAccount({ username: "ada@example.com", passwordHash: "x" }))!;
  const product = await under.store.createProduct({
    ownerId: ada.id,
    name: "Weather",
    slug: "weather",
    description: "",
  });
  if (product === null) throw new Error("no product");
  audit.record(record(clock.now(), { kind: "api_user", username: "job@api.particle.io", productId: product.id }));
  audit.record(record(clock.now(), { kind: "claimed", username: "Ada@example.com" }));
  audit.record(record(clock.now(), { kind: "claimed", username: "hunter2 typed as a name" }));
  expect((await audit.entries({ accountId: ada.id, limit: 9 })).entries).toMatchObject([
    { actor: { kind: "claimed", name: "ada@example.com" } },
    { actor: { kind: "api_user", name: "job@api.particle.io" } },
  ]);
  expect(JSON.stringify(await audit.entries({ accountId: null, limit: 9 }))).not.toContain("hunter2");
});

test("who is refused for one id after the other fills no log, and what was done stays in it", async () => {
  const { audit, under, clock } = await open();
  const ada = (await under.store.createAccount({ username: "ada@example.com", passwordHash: "x" }))!;
  const actor: Actor = { kind: "account", accountId: ada.id };
  audit.record(record(clock.now(), actor, { objects: { device: "done" } }));
  const refused = (device: string): AuditRecord =>
    record(clock.now(), actor, { objects: { device }, status: 403, code: "permission_denied" });
  for (let i = 0; i < 1_000; i++) audit.record(refused(`d${i}`));
  const { entries } = await audit.entries({ accountId: ada.id, limit: 200 });
  expect(entries).toHaveLength(102);
  expect(entries.filter(({ count }) => count > 1)).toMatchObject([{ objects: {}, status: 403, count: 900 }]);
  expect(entries.at(-1)).toMatchObject({ objects: { device: "done" }, status: 200 });
  // What has an entry of its own is counted there.
  audit.record(refused("d7"));
  const seventh = await audit.entries({ accountId: ada.id, limit: 200, what: "d7" });
  expect(seventh.entries.find(({ objects }) => objects["device"] === "d7")).toMatchObject({ count: 2 });
});

test("what was recorded last is kept when the server stops", async () => {
  const { audit, under, clock } = await open();
  audit.record(record(clock.now(), { kind: "unknown" }));
  await audit.stop();
  const store = await under.reopen();
  expect((await store.auditEntries({ accountId: null, limit: 9 })).entries).toHaveLength(1);
});

test("while the store takes nothing, what happened is counted and waits", async () => {
  const { under, clock } = await open();
  let broken = true;
  const store = {
    ...under.store,
    appendAudit: (entries: Parameters<typeof under.store.appendAudit>[0]) =>
      broken ? Promise.reject(new Error("full")) : under.store.appendAudit(entries),
  };
  const audit = startAuditLog({ store, directory: store, clock, log });
  audit.record(record(clock.now(), { kind: "unknown" }));
  expect((await audit.entries({ accountId: null, limit: 9 })).entries).toEqual([]);
  audit.record(record(clock.now(), { kind: "unknown" }));
  broken = false;
  expect((await audit.entries({ accountId: null, limit: 9 })).entries).toMatchObject([{ count: 2 }]);
});
