/** What was acknowledged is on disk: after kill -9, with a full disk, with a disk that fails. In processes of their own. */
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lineKey } from "../core/delivery-target.ts";
import { openStoreDatabase } from "./sqlite/group-runner.ts";
import { openSqliteStore, type SqliteStore } from "./sqlite-store.ts";
import { runStoreProcess, works } from "./testing/run-store-process.ts";
import { temporaryFolder } from "./testing/sqlite-under-test.ts";
import { deviceId, event, settings } from "./testing/store-samples.ts";

const TRACED = process.platform === "linux" && works("strace", "-o", "/dev/null", "true");
const STARVED = process.platform === "linux" && works("unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt");
const skipped = [TRACED ? "" : "flushes (needs strace)", STARVED ? "" : "a full disk (needs unshare)"].filter(Boolean);
if (skipped.length > 0) process.stderr.write(`Not tested on this machine: ${skipped.join(", ")}\n`);

let folder: string;
let remove: () => void;

beforeEach(() => ({ folder, remove } = temporaryFolder()));
afterEach(() => remove());

const open = (): Promise<SqliteStore> =>
  openSqliteStore({
    folder,
    onFatal: (error) => {
      throw error;
    },
  });

/** Ids of all events in the store; checks on the way that each lane is gapless and the ledger is what the rows say. */
async function storedIds(): Promise<ReadonlySet<string>> {
  const store = await open();
  const ids = new Set<string>();
  for (let n = 0; n < 5; n++) {
    const lane = await store.pending("i1", deviceId(n), 0, 1_000_000);
    expect(lane.map((delivery) => delivery.seq)).toEqual(lane.map((_, i) => i + 1));
    for (const { event: one } of lane) ids.add(one.id);
  }
  expect(await store.ledger("i1")).toMatchObject({ accepted: ids.size, pending: ids.size });
  await store.close();
  return ids;
}

async function expectStored(acknowledged: readonly string[]): Promise<void> {
  const ids = await storedIds();
  expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
}

test("kill -9 at any moment loses no acknowledged event, again and again", async () => {
  const acknowledged: string[] = [];
  for (let kill = 0; kill < 4; kill++) {
    const running = runStoreProcess(["flood", folder]);
    await running.until(() => running.acknowledged.length > 100 + 150 * kill);
    running.child.kill("SIGKILL");
    await running.ended;
    acknowledged.push(...running.acknowledged);
    expect(readdirSync(folder)).toContain("isthmus.db-wal");
  }
  await expectStored(acknowledged);
});

test("a folder is for one process, and free once that was killed", async () => {
  const holder = runStoreProcess(["hold", folder]);
  await holder.until(() => holder.remarks.includes("open"));
  await expect(open()).rejects.toThrow(/Another Isthmus uses the data folder/);
  holder.child.kill("SIGKILL");
  await holder.ended;
  // Several find the dead lock at once: one gets the folder.
  const tries = await Promise.allSettled([open(), open(), open(), open()]);
  const opened = tries.filter((one) => one.status === "fulfilled");
  expect(opened.length).toBe(1);
  for (const one of opened) await one.value.close();
  await (await open()).close();
});

test.runIf(TRACED)("every commit is flushed, and calls at once share a flush", async () => {
  const flushes = async (task: string, events: number): Promise<number> => {
    const trace = join(folder, `${task}-${events}.trace`);
    const strace = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", trace];
    const running = runStoreProcess([task, join(folder, `${task}-${events}`), String(events)], strace);
    expect(await running.ended).toBe(0);
    expect(running.acknowledged.length).toBe(events);
    return readFileSync(trace, "utf8")
      .split("\n")
      .filter((line) => /f(data)?sync\(.*= 0/.test(line)).length;
  };
  const none = await flushes("singly", 0);
  expect((await flushes("singly", 100)) - none).toBeGreaterThanOrEqual(100);
  expect((await flushes("together", 1_000)) - none).toBeLessThan(20);
});

test.runIf(TRACED)("a failed flush ends the store, and nothing is acknowledged after it", async () => {
  const trace = join(folder, "trace");
  const inject = ["-e", "trace=fsync", "-e", "inject=fsync:error=EIO:when=40+"];
  const running = runStoreProcess(["flood", folder], ["strace", "-f", "-qq", ...inject, "-o", trace]);
  expect(await running.ended).toBe(3);
  expect(running.remarks.at(-1)).toMatch(/^fatal The disk failed/);
  expect(running.acknowledged.length).toBeGreaterThan(0);
  await expectStored(running.acknowledged);
});

test.runIf(STARVED)("a full disk refuses events, and takes them again when there is room", async () => {
  const script = 'mount -t tmpfs -o size=24m tmpfs "$0" && exec "$@"';
  const running = runStoreProcess(["fill", folder, "5"], ["unshare", "-rm", "sh", "-c", script, folder]);
  const code = await running.ended;
  expect(running.remarks.slice(1).map((line) => line.replace(/\d+$/, "n"))).toEqual(
    Array(5).fill("refused store_unavailable reads n"),
  );
  expect(code).toBe(0);
});

test("after a close all calls are refused, and closing again does nothing", async () => {
  const store = await open();
  const appended = store.append(event(), ["i1"]);
  await store.close();
  expect((await appended).length).toBe(1);
  await expect(store.append(event(), ["i1"])).rejects.toMatchObject({ code: "store_unavailable" });
  await store.close();
  await (await open()).close();
});

test("no secret lies in clear in any file, while running and after", async () => {
  const store = await open();
  const policyKey = Buffer.from("canary-of-the-policy-key").toString("base64");
  const { id: accountId } = (await store.createAccount({ username: "ada", passwordHash: "scrypt$hash" }))!;
  await store.createIntegration(settings({ kind: "sandbox", accountId }, { policyKey }));
  await store.claimDevice(accountId, deviceId(1));
  const token = await store.createToken({ accountId, client: "cli", expiresAt: null });
  const deviceToken = await store.createDeviceToken(deviceId(1));
  const secrets = [policyKey, "canary-of-the-policy-key", token, deviceToken];
  const search = (): void => {
    const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
    const bytes = files.map((entry) => readFileSync(join(folder, entry.name)));
    expect(bytes.some((content) => content.includes("plant.azure-devices.net"))).toBe(true);
    for (const secret of secrets) expect(bytes.filter((content) => content.includes(secret))).toEqual([]);
  };
  search();
  await store.close();
  search();
});

test("sealed keys that somebody swapped between rows do not open", async () => {
  let store = await open();
  const scope = { kind: "product", productId: 1 } as const;
  const first = await store.createIntegration(settings(scope, { policyKey: "a2V5MQ==" }));
  const second = await store.createIntegration(settings(scope, { policyKey: "a2V5Mg==", hostName: "evil.example" }));
  await store.close();
  const db = openStoreDatabase(join(folder, "isthmus.db"));
  const { sealed_key } = db.prepare("SELECT sealed_key FROM hub_connection WHERE id = ?").get(lineKey(first))!;
  db.prepare("UPDATE hub_connection SET sealed_key = ? WHERE id = ?").run(sealed_key!, lineKey(second));
  db.close();
  store = await open();
  expect((await store.connection(lineKey(first)))?.policyKey).toBe("a2V5MQ==");
  await expect(store.connection(lineKey(second))).rejects.toThrow(/authenticate/);
  await store.close();
});

test("what a deleted integration left before a crash is expired later", async () => {
  const store = await open();
  const made = await store.createIntegration(settings({ kind: "product", productId: 1 }));
  await store.append(event(), [made.id, "gone-1", "gone-2"]);
  const [delivery] = await store.pending("gone-2", deviceId(1), 0, 1);
  const failure = { code: "message_refused", message: "no" } as const;
  await store.settle({ kind: "parked", id: delivery!.id, integrationId: "gone-2", at: 1, failure });
  expect(await store.expireLeftovers()).toBe(2);
  expect(await store.expireLeftovers()).toBe(0);
  expect(await store.ledger(made.id)).toMatchObject({ pending: 1, expired: 0 });
  expect(await store.ledger("gone-2")).toMatchObject({ parked: 0, expired: 1 });
  await store.close();
});

test("a folder that cannot be opened leaves no lock behind", async () => {
  await (await open()).close();
  writeFileSync(join(folder, "secret.key"), "short");
  await expect(open()).rejects.toThrow(/256-bit/);
  expect(existsSync(join(folder, "lock"))).toBe(false);
});
