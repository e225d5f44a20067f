import { expect, test } from "vitest";
import { HubClock } from "../clock/clock.ts";
import { Limits } from "./limits.ts";
import type { Tier } from "./tiers.ts";
import { rateOf } from "./tiers.ts";

const NOON = Date.parse("2026-03-01T12:00:00Z");

function limited(tier?: Tier, units?: number): { readonly limits: Limits; readonly clock: HubClock } {
  const clock = new HubClock(() => NOON);
  return { limits: new Limits({ clock, ...(tier && { tier }), ...(units !== undefined && { units }) }), clock };
}

test("without a tier nothing is limited", () => {
  const { limits } = limited();
  for (let i = 0; i < 100_000; i++) expect(limits.spend("query")).toBeUndefined();
  expect(limits.state()).toMatchObject({ tier: null, quota: null, throttles: [] });
});

test.each([
  ["S1", 1, "telemetry", 100, 1000],
  ["S1", 10, "telemetry", 120, 1000],
  ["S2", 2, "telemetry", 240, 1000],
  ["S3", 1, "telemetry", 6000, 1000],
  ["F1", 1, "identity", 100, 60_000],
  ["B3", 2, "identity", 10_000, 60_000],
  ["S2", 1, "twinRead", 100, 1000],
  ["S2", 20, "twinRead", 200, 1000],
  ["S1", 7, "twinUpdate", 50, 1000],
  ["S1", 2, "method", 80, 1000],
  ["S3", 5, "configuration", 100, 60_000],
] as const)("in %s with %i units: %s %i times in %i ms", (tier, units, operation, limit, windowMs) => {
  expect(rateOf(tier, units, operation)).toEqual({ limit, windowMs });
});

test("a burst is admitted, the next wait for their turn in order, and those beyond are refused", async () => {
  const { limits, clock } = limited("S1");
  for (let i = 0; i < 100; i++) expect(limits.spend("telemetry")).toBeUndefined();
  const order: number[] = [];
  const turns = [0, 1, 2].map(async (i) => {
    await limits.spend("telemetry");
    order.push(i);
  });
  expect(limits.state().throttles.find(({ operation }) => operation === "telemetry")).toMatchObject({
    available: 0,
    waiting: 3,
  });
  clock.advance(20);
  await Promise.all(turns.slice(0, 2));
  expect(order).toEqual([0, 1]);
  clock.advance(10);
  await turns[2];
  // The line is as long as ten seconds.
  for (let i = 0; i < 1000; i++) void limits.spend("telemetry");
  expect(() => limits.spend("telemetry")).toThrow(
    expect.objectContaining({ errorName: "ThrottlingException", message: expect.stringContaining("100") as string }),
  );
  clock.advance(11_000);
  expect(limits.spend("telemetry")).toBeUndefined();
});

test("a line of too many is refused by its own error", () => {
  const { limits } = limited("S3");
  for (let i = 0; i < 6000 + 1000; i++) void limits.spend("telemetry");
  expect(() => limits.spend("telemetry")).toThrow(
    expect.objectContaining({ errorName: "ThrottleBacklogLimitExceeded" }),
  );
});

test("operations are throttled independently of each other", () => {
  const { limits } = limited("F1");
  for (let i = 0; i < 20; i++) void limits.spend("query");
  expect(limits.spend("query")).toBeInstanceOf(Promise);
  expect(limits.spend("identity")).toBeUndefined();
});

test("the day's messages are counted in blocks and come back at midnight UTC", () => {
  const { limits, clock } = limited("F1");
  expect([limits.blocks(0), limits.blocks(512), limits.blocks(513)]).toEqual([1, 1, 2]);
  expect(limits.spend("telemetry", { messages: 7999 })).toBeUndefined();
  expect(() => limits.spend("telemetry", { messages: 2 })).toThrow(
    expect.objectContaining({ errorName: "IotHubQuotaExceeded", errorCode: 403002 }),
  );
  expect(limits.spend("telemetry")).toBeUndefined();
  expect(() => limits.spend("twinRead")).toThrow(/quota/);
  expect(limits.spend("identity")).toBeUndefined();
  expect(limits.state().quota).toEqual({ limit: 8000, used: 8000, resetsAt: "2026-03-02T00:00:00.000Z" });
  clock.advance(12 * 3600_000 - 1);
  expect(() => limits.spend("telemetry")).toThrow(/quota/);
  clock.advance(1);
  expect(limits.spend("telemetry")).toBeUndefined();
});

test("a basic tier has no twins, methods, cloud-to-device messages, jobs or configurations", () => {
  const { limits } = limited("B1");
  for (const operation of ["twinRead", "twinUpdate", "method", "cloudToDeviceSend", "job", "configuration"] as const) {
    expect(() => limits.spend(operation)).toThrow(
      expect.objectContaining({ errorName: "OperationNotAvailableInCurrentTier", errorCode: 403010 }),
    );
  }
  expect(limits.spend("telemetry")).toBeUndefined();
});

test("methods are measured by their size", () => {
  const { limits } = limited("S1");
  expect(limits.blocks(5000)).toBe(2);
  for (let i = 0; i < 20; i++) expect(limits.spend("method", { messages: 2 })).toBeUndefined();
  expect(limits.spend("method", { messages: 2 })).toBeInstanceOf(Promise);
});

test("a request larger than the bucket passes a full one, which then takes longer to fill", () => {
  const { limits, clock } = limited("S1");
  expect(limits.spend("configuration", { count: 40 })).toBeUndefined();
  expect(() => limits.spend("configuration")).toThrow(/Throttled/);
  clock.advance(121_000);
  expect(limits.spend("configuration")).toBeUndefined();
});

test.each([
  ["F1", 2],
  ["S3", 11],
  ["S1", 201],
  ["S1", 0],
  ["S1", 1.5],
] as const)("%s has no %f units", (tier, units) => {
  expect(() => limited(tier, units)).toThrow(/units must be a whole number from 1 to/);
});
