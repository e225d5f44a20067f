import { expect, test } from "vitest";
import { HubClock } from "../clock/clock.ts";
import type { FaultRule } from "./fault-rule.ts";
import { Faults } from "./faults.ts";

const ANY = { point: "publish" } as const;
const DROP = { kind: "drop" } as const;

function script(): { readonly faults: Faults; readonly clock: HubClock; readonly forgotten: string[] } {
  const clock = new HubClock(() => 0);
  const forgotten: string[] = [];
  const forgetIdentity = (deviceId: string): void => void forgotten.push(deviceId);
  return { faults: new Faults({ clock, forgetIdentity }), clock, forgotten };
}

test("without a fault nothing is struck", () => {
  expect(script().faults.strike("http", { operation: "GET /devices" })).toBeUndefined();
});

test("a fault strikes where point, operation, device and protocol fit, and nowhere else", () => {
  const { faults } = script();
  const where = { point: "transfer", operation: "Telemetry", deviceId: "d", protocol: "amqp" } as const;
  faults.add({ where, effect: DROP });
  const fitting = { operation: "telemetry", deviceId: "d", protocol: "amqp" } as const;
  expect(faults.strike("transfer", fitting)).toEqual(DROP);
  for (const other of [{ operation: "twin" }, { deviceId: "D" }, { protocol: "mqtt" as const }]) {
    expect(faults.strike("transfer", { ...fitting, ...other })).toBeUndefined();
  }
  expect(faults.strike("attach", fitting)).toBeUndefined();
});

test("a fault skips the first operations, strikes the given number of times, and then no more", () => {
  const { faults } = script();
  const { id } = faults.add({ where: ANY, effect: DROP, skip: 1, times: 2 });
  const struck = Array.from({ length: 5 }, () => faults.strike("publish", {}) !== undefined);
  expect(struck).toEqual([false, true, true, false, false]);
  expect(faults.find(id)).toMatchObject({ struck: 2, active: false });
});

test("a fault with a duration ends by the hub's clock", () => {
  const { faults, clock } = script();
  faults.add({ where: ANY, effect: DROP, forMs: 1000 });
  clock.advance(999);
  expect(faults.strike("publish", {})).toEqual(DROP);
  clock.advance(1);
  expect(faults.strike("publish", {})).toBeUndefined();
});

test("with the same seed a fault strikes the same operations, about as often as its probability says", () => {
  const sequence = (seed: number): readonly boolean[] => {
    const { faults } = script();
    faults.add({ where: ANY, effect: DROP, probability: 0.3, seed });
    return Array.from({ length: 1000 }, () => faults.strike("publish", {}) !== undefined);
  };
  const [first, again, other] = [sequence(7), sequence(7), sequence(8)];
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
  expect(Math.abs(first.filter(Boolean).length - 300)).toBeLessThan(60);
});

test("a delay is over when the hub's clock says so", async () => {
  const { faults, clock } = script();
  faults.add({ where: ANY, effect: { kind: "delay", ms: 60_000 } });
  const strike = faults.strike("publish", {});
  if (strike?.kind !== "delay") throw new Error("no delay");
  let isOver = false;
  const over = strike.over.then(() => (isOver = true));
  clock.advance(59_999);
  await Promise.resolve();
  expect(isOver).toBe(false);
  clock.advance(1);
  await over;
});

test("an identity vanishes and the operation goes on; a stolen link is told so", () => {
  const { faults, forgotten } = script();
  faults.add({ where: { point: "connect" }, effect: { kind: "identityVanishes" } });
  expect(faults.strike("connect", { deviceId: "d" })).toBeUndefined();
  expect(forgotten).toEqual(["d"]);
  faults.add({ where: { point: "transfer" }, effect: { kind: "linkStolen" } });
  expect(faults.strike("transfer", {})).toMatchObject({
    kind: "detach",
    error: { errorName: "ConnectionForcefullyClosedOnNewConnection" },
  });
});

test("an error may be meant by its HTTP status", () => {
  const { faults } = script();
  faults.add({ where: { point: "http" }, effect: { kind: "error", status: 429 } } as unknown as FaultRule);
  expect(faults.strike("http", {})).toMatchObject({ kind: "error", error: { errorName: "ThrottlingException" } });
});

test("a fault under a known id takes the place of the older one, and goes when it is removed", () => {
  const { faults } = script();
  faults.add({ id: "one", where: ANY, effect: DROP });
  faults.add({ id: "one", where: ANY, effect: { kind: "lose" } });
  expect(faults.list()).toHaveLength(1);
  expect(faults.strike("publish", {})).toEqual({ kind: "lose" });
  expect([faults.remove("one"), faults.remove("one")]).toEqual([true, false]);
  expect(faults.strike("publish", {})).toBeUndefined();
});

test.each([
  [null, /^The fault must be an object/],
  [{ where: { point: "moon" }, effect: DROP }, /^where\.point must be one of http, /],
  [{ where: { point: "publish", protocol: "coap" }, effect: DROP }, /^where\.protocol must be/],
  [{ where: { point: "publish", deviceId: 5 }, effect: DROP }, /^where\.deviceId must be a text/],
  [{ where: ANY }, /^effect must be an object/],
  [{ where: { point: "credit" }, effect: DROP }, /^effect\.kind must be, at the point credit, one of zeroCredit/],
  [{ where: ANY, effect: { kind: "delay" } }, /^effect\.ms is missing/],
  [{ where: ANY, effect: { kind: "error", error: "Nope" } }, /^effect\.error: .*Nope/],
  [{ where: ANY, effect: { kind: "error", status: 418 } }, /^effect\.status: .*418/],
  [{ where: ANY, effect: DROP, probability: 2 }, /^probability must be a number from 0 to 1/],
  [{ where: ANY, effect: DROP, times: 0 }, /^times must be a whole number from 1/],
])("%j is refused by the name of its field", (document, message) => {
  expect(() => script().faults.add(document as unknown as FaultRule)).toThrow(message);
});

test("there are at most a hundred", () => {
  const { faults } = script();
  for (let i = 0; i < 100; i++) faults.add({ where: ANY, effect: DROP });
  expect(() => faults.add({ where: ANY, effect: DROP })).toThrow(/remove some first/);
});
