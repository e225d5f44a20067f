import { expect, test } from "vitest";
import type { RetentionSettings } from "../core/delivery-history.ts";
import { startRetention, type Forgetting, type RetentionOptions } from "./retention.ts";
import type { Changes } from "./changes.ts";

const DAY = 86_400_000;
const KEPT: RetentionSettings = { deliveredMs: 1_000, parkedMs: 7 * DAY, pendingMs: 7 * DAY };
const NOTHING: Changes = { count: 0, lanes: new Map() };
const idle: Forgetting = {
  expireLeftovers: async () => 0,
  expireOld: async () => NOTHING,
  oldest: async () => [],
  tidySeries: async () => undefined,
  setting: async () => null,
  saveSetting: async () => undefined,
  prune: async () => ({ removed: 0, done: true }),
};
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const OPTIONS: Omit<RetentionOptions, "store"> = {
  defaults: KEPT,
  onExpired: () => undefined,
  log: silent,
  roundEveryMs: 1,
};

test("a round takes steps until all is seen, rounds go on, and a stop ends the step under way", async () => {
  const befores: number[] = [];
  let enough: () => void = () => undefined;
  const seen = new Promise<void>((resolve) => (enough = resolve));
  const store: Forgetting = {
    ...idle,
    async prune(before) {
      befores.push(before);
      if (befores.length >= 7) enough();
      return { removed: 1, done: befores.length % 3 === 0 };
    },
  };
  const started = Date.now();
  const retention = await startRetention({ ...OPTIONS, store });
  await seen;
  await retention.stop();
  const { length } = befores;
  await new Promise((resolve) => setImmediate(resolve));
  expect(befores.length).toBe(length);
  for (const before of befores) expect(before).toBeGreaterThanOrEqual(started - 1_000);
});

test("a store that is unavailable is asked again in the next round", async () => {
  let calls = 0;
  const warned: string[] = [];
  let again: () => void = () => undefined;
  const recovered = new Promise<void>((resolve) => (again = resolve));
  const store: Forgetting = {
    ...idle,
    async prune() {
      calls += 1;
      if (calls === 1) throw new Error("The disk is full.");
      again();
      return { removed: 0, done: true };
    },
  };
  const log = { ...silent, warn: (_: object, name: string) => void warned.push(name) };
  const retention = await startRetention({ ...OPTIONS, store, log });
  await recovered;
  await retention.stop();
  expect(warned).toEqual(["retention.interrupted"]);
});

test("what waited too long ends, a day after the log has said so", async () => {
  const now = 100 * DAY;
  const warned: object[] = [];
  const told: Changes[] = [];
  let rounds = 0;
  let again: () => void = () => undefined;
  const secondRound = new Promise<void>((resolve) => (again = resolve));
  const asked: unknown[] = [];
  const changes: Changes = { count: 3, lanes: new Map([["old", new Set(["d"])]]) };
  const store: Forgetting = {
    ...idle,
    oldest: async () => [
      { integrationId: "old", pendingSince: now - 8 * DAY, parkedSince: null },
      { integrationId: "soon", pendingSince: null, parkedSince: now - 6.5 * DAY },
      { integrationId: "young", pendingSince: now - DAY, parkedSince: now - DAY },
    ],
    async expireOld(...args) {
      asked.push(args);
      return changes;
    },
    async tidySeries() {
      rounds += 1;
      if (rounds === 2) again();
    },
  };
  const log = { ...silent, warn: (fields: object, name: string) => void warned.push({ name, ...fields }) };
  const onExpired = (expired: Changes): void => void told.push(expired);
  const retention = await startRetention({ ...OPTIONS, store, log, onExpired, now: () => now });
  await secondRound;
  await retention.stop();
  expect(asked.slice(0, 1)).toEqual([["old", "pending", now - 7 * DAY]]);
  expect(asked.every((args) => (args as string[])[0] === "old")).toBe(true);
  expect(told[0]).toBe(changes);
  expect(warned.filter((one) => "hoursLeft" in one)).toEqual([
    { name: "deliveries.will_expire", integrationId: "soon", state: "parked", hoursLeft: 12 },
  ]);
});

test("what is set at run time wins over the defaults, and is there after a restart", async () => {
  let saved: string | null = null;
  const store: Forgetting = {
    ...idle,
    setting: async () => saved,
    saveSetting: async (_name, value) => void (saved = value),
  };
  const first = await startRetention({ ...OPTIONS, store });
  expect(first.settings()).toEqual(KEPT);
  expect(await first.change({ parkedMs: DAY })).toEqual({ ...KEPT, parkedMs: DAY });
  await first.stop();
  const second = await startRetention({ ...OPTIONS, store, defaults: { ...KEPT, deliveredMs: 5 } });
  expect(second.settings()).toEqual({ ...KEPT, deliveredMs: 5, parkedMs: DAY });
  await second.stop();
});
