/** A log that lost its end, or whose bits were flipped, is noticed at the next start; a whole one is not complained about. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Incident } from "../core/delivery-history.ts";
import { openSqliteStore, type SqliteStore } from "./sqlite-store.ts";
import { temporaryFolder } from "./testing/sqlite-under-test.ts";
import { deviceId, event } from "./testing/store-samples.ts";

let folder: string;
let remove: () => void;
let incidents: Incident[];

beforeEach(() => {
  ({ folder, remove } = temporaryFolder());
  incidents = [];
});
afterEach(() => remove());

function open(inFolder: string): Promise<SqliteStore> {
  return openSqliteStore({
    folder: inFolder,
    onIncident: (incident) => incidents.push(incident),
    onFatal: (error) => {
      throw error;
    },
  });
}

async function append(store: SqliteStore, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await store.append(event({ deviceId: deviceId(1) }), ["i1"]);
}

/** The folder as a kill leaves it after 50 events: the log is not yet merged into the database. */
async function killed(): Promise<string> {
  const living = join(folder, "living");
  mkdirSync(living);
  const store = await open(living);
  await append(store, 50);
  const copy = join(folder, "killed");
  mkdirSync(copy);
  for (const file of ["isthmus.db", "isthmus.db-wal", "secret.key"]) {
    if (existsSync(join(living, file))) copyFileSync(join(living, file), join(copy, file));
  }
  await store.close();
  copyFileSync(join(living, "high-water.json"), join(copy, "high-water.json"));
  rmSync(living, { recursive: true });
  expect(JSON.parse(readFileSync(join(copy, "high-water.json"), "utf8"))).toEqual({ event: 50, delivery: 50 });
  return copy;
}

test("a start that finds all that was written says nothing, after pruning too", async () => {
  const store = await open(await killed());
  expect(incidents).toEqual([]);
  for (const { id } of await store.pending("i1", deviceId(1), 0, 100)) {
    await store.settle({ kind: "delivered", id, integrationId: "i1", at: 1 });
  }
  while (!(await store.prune(Date.now() + 1, 10)).done);
  await store.close();
  const again = await open(join(folder, "killed"));
  expect([incidents, await again.incidents()]).toEqual([[], []]);
  // Numbers go on, although the rows that had them are gone.
  const [next] = await again.append(event({ deviceId: deviceId(1) }), ["i1"]);
  expect(next).toMatchObject({ id: 51, seq: 51 });
  await again.close();
});

const DAMAGES: readonly (readonly [string, (wal: string) => void])[] = [
  ["cut in half", (wal) => truncateSync(wal, readFileSync(wal).length >> 1)],
  // Two commits or so: the last frame may be there twice, to fill a sector.
  ["without its last pages", (wal) => truncateSync(wal, readFileSync(wal).length - 8 * 4_120)],
  ["with a flipped bit in its middle", (wal) => flip(wal, 0.5)],
  ["with a flipped bit near its end", (wal) => flip(wal, 0.98)],
  ["gone", (wal) => rmSync(wal)],
];

test.each(DAMAGES)("a log %s is an incident that stays until acknowledged", async (_, damage) => {
  const copy = await killed();
  damage(join(copy, "isthmus.db-wal"));
  const store = await open(copy);
  expect(incidents).toMatchObject([
    { kind: "events_missing", message: expect.stringMatching(/event 50 had been written: \d+ accepted/) },
  ]);
  const [delivery] = await store.append(event({ deviceId: deviceId(2) }), ["i1"]);
  expect(delivery!.id).toBe(51);
  await store.close();
  const again = await open(copy);
  expect(incidents).toHaveLength(1);
  const [known] = await again.incidents();
  expect(await again.acknowledgeIncident(known!.id)).toBe(true);
  expect(await again.acknowledgeIncident(known!.id)).toBe(false);
  expect(await again.incidents()).toEqual([]);
  await again.close();
});

test("a mark that cannot be read is no reason not to start", async () => {
  const copy = await killed();
  for (const text of ["", "{", '{"event":"x"}', "null"]) {
    writeFileSync(join(copy, "high-water.json"), text);
    await (await open(copy)).close();
  }
  expect(incidents).toEqual([]);
});

test("what was erased is in no file any more", async () => {
  const store = await open(folder);
  const canary = "canary-7f3a9c";
  for (let i = 0; i < 40; i++) {
    await store.append(event({ deviceId: deviceId(1), data: `${canary}-${i}` }), ["i1", "i2"]);
    await store.append(event({ deviceId: deviceId(2), data: "stays" }), ["i1"]);
  }
  const [first, second] = await store.pending("i1", deviceId(1), 0, 2);
  const exchange = { request: canary, response: canary, durationMs: 1 };
  await store.settle({ kind: "delivered", id: first!.id, integrationId: "i1", at: 1, exchange });
  const failure = { code: "message_refused", message: `refused: ${canary}` } as const;
  await store.settle({ kind: "parked", id: second!.id, integrationId: "i1", at: 1, failure, exchange });
  const holds = (text: string): string[] =>
    ["isthmus.db", "isthmus.db-wal"].filter((file) => readFileSync(join(folder, file)).includes(text));
  expect(holds(canary)).not.toEqual([]);
  expect(await store.eraseDevice(deviceId(1))).toMatchObject({ events: 40, count: 80 });
  expect(holds(canary)).toEqual([]);
  expect(holds("stays")).toEqual(["isthmus.db"]);
  await store.close();
  expect(readFileSync(join(folder, "isthmus.db")).includes(canary)).toBe(false);
});

function flip(file: string, place: number): void {
  const bytes = readFileSync(file);
  const at = Math.floor(bytes.length * place);
  bytes[at] = bytes[at]! ^ 0x10;
  writeFileSync(file, bytes);
}
