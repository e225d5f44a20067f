import { expect, test } from "vitest";
import { startRetention, type Forgetting } from "./retention.ts";

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

test("a round takes steps until all is seen, rounds go on, and a stop ends the step under way", async () => {
  const befores: number[] = [];
  let enough: () => void = () => undefined;
  const seen = new Promise<void>((resolve) => (enough = resolve));
  const store: Forgetting = {
    expireLeftovers: async () => 0,
    async prune(before) {
      befores.push(before);
      if (befores.length >= 7) enough();
      return { removed: 1, done: befores.length % 3 === 0 };
    },
  };
  const started = Date.now();
  const retention = startRetention({ store, keepMs: 1_000, log: silent, roundEveryMs: 1 });
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
    expireLeftovers: async () => 0,
    async prune() {
      calls += 1;
      if (calls === 1) throw new Error("The disk is full.");
      again();
      return { removed: 0, done: true };
    },
  };
  const log = { ...silent, warn: (_: object, name: string) => void warned.push(name) };
  const retention = startRetention({ store, keepMs: 0, log, roundEveryMs: 1 });
  await recovered;
  await retention.stop();
  expect(warned).toEqual(["retention.interrupted"]);
});
