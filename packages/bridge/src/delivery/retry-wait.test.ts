import { expect, test } from "vitest";
import type { Failure } from "../core/failure.ts";
import { retryWaitMs } from "./retry-wait.ts";

const now = 1_000_000;
const wait = (failure: Omit<Failure, "message">, failures: number): number =>
  retryWaitMs({ failure: { message: "", ...failure }, failures, now, random: () => 1 });

test("a device's own failures are retried after half a second at first and five minutes at last", () => {
  expect([1, 2, 3, 50].map((failures) => wait({ code: "identity_missing" }, failures))).toEqual([
    500, 1_000, 2_000, 300_000,
  ]);
});

test("what may have been the silence of a whole hub is tried again after half a minute at the latest", () => {
  expect([1, 50].map((failures) => wait({ code: "outcome_unknown" }, failures))).toEqual([500, 30_000]);
});

test("whoever else uses an identity is left alone for seconds at first and minutes at last", () => {
  const always = { failure: { code: "identity_in_use", message: "" }, now, random: () => 0 } as const;
  expect(retryWaitMs({ ...always, failures: 1 })).toBe(5_000);
  expect(wait({ code: "identity_in_use" }, 50)).toBe(300_000);
});

test("a disabled device is asked after ever more rarely, down to once an hour", () => {
  expect([1, 50].map((failures) => wait({ code: "device_disabled" }, failures))).toEqual([5_000, 3_600_000]);
});

test("the hub may ask for a longer wait, not for a shorter one, and for a day at most", () => {
  expect(wait({ code: "create_throttled", notBefore: now + 30_000 }, 1)).toBe(30_000);
  expect(wait({ code: "create_throttled", notBefore: now - 30_000 }, 1)).toBe(500);
  expect(wait({ code: "create_throttled", notBefore: now * 1_000_000 }, 1)).toBe(24 * 60 * 60_000);
});
