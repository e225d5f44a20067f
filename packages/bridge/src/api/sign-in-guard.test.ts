import { expect, test } from "vitest";
import { SignInGuard } from "./sign-in-guard.ts";

const MINUTE = 60_000;

function guardAt(): { guard: SignInGuard; clock: { now: number }; fail: (times: number, user?: string) => void } {
  const clock = { now: 0 };
  const guard = new SignInGuard(() => clock.now);
  const fail = (times: number, user = "ada"): void => {
    for (let i = 0; i < times; i++) guard.failed(user, "192.0.2.1");
  };
  return { guard, clock, fail };
}

test("ten failures in a row lock account and address for 30 minutes", () => {
  const { guard, clock, fail } = guardAt();
  fail(9);
  expect(guard.lockedFor("ada", "192.0.2.1")).toBe(0);
  fail(1);
  expect(guard.lockedFor("ada", "192.0.2.1")).toBe(1800);
  clock.now = 29 * MINUTE;
  expect(guard.lockedFor("ada", "192.0.2.1")).toBe(60);
  clock.now = 30 * MINUTE;
  expect(guard.lockedFor("ada", "192.0.2.1")).toBe(0);
});

test("neither the same account elsewhere nor another account there is locked", () => {
  const { guard, fail } = guardAt();
  fail(10);
  expect(guard.lockedFor("ada", "192.0.2.2")).toBe(0);
  expect(guard.lockedFor("eve", "192.0.2.1")).toBe(0);
});

test("spelling the account in capitals does not start anew", () => {
  const { guard, fail } = guardAt();
  fail(5);
  fail(5, "ADA");
  expect(guard.lockedFor("Ada", "192.0.2.1")).toBe(1800);
});

test("a success forgets the failures before it", () => {
  const { guard, fail } = guardAt();
  fail(9);
  guard.succeeded("ada", "192.0.2.1");
  fail(9);
  expect(guard.lockedFor("ada", "192.0.2.1")).toBe(0);
});

test("failures that are half an hour old no longer count", () => {
  const { guard, clock, fail } = guardAt();
  fail(9);
  clock.now = 31 * MINUTE;
  fail(1);
  expect(guard.lockedFor("ada", "192.0.2.1")).toBe(0);
});

test("guessing with ever new names pushes out the oldest pairs, not the newest", () => {
  const { guard, fail } = guardAt();
  fail(10, "first");
  for (let i = 0; i < 10_000; i++) fail(1, `user${i}`);
  expect(guard.lockedFor("first", "192.0.2.1")).toBe(0);
  fail(9, "user9999");
  expect(guard.lockedFor("user9999", "192.0.2.1")).toBe(1800);
});
