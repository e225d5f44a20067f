import { expect, test } from "vitest";
import { SendRate } from "./send-rate.ts";
import { VirtualClock } from "./testing/virtual-clock.ts";

/** A target that takes `perSecond` with a second's burst, asked as fast as the rate lets through. */
async function drive(clock: VirtualClock, rate: SendRate, seconds: number, perSecond: () => number): Promise<Driven> {
  let [taken, refused, tokens, at] = [0, 0, perSecond(), clock.elapsed()];
  const end = clock.elapsed() + seconds * 1_000;
  while (clock.elapsed() < end) {
    const wait = rate.take();
    if (wait > 0) {
      await clock.advance(wait);
      continue;
    }
    // Three messages in a millisecond are more than any target of these tests takes.
    await clock.advance(1 / 3);
    tokens = Math.min(perSecond(), tokens + ((clock.elapsed() - at) * perSecond()) / 1_000);
    at = clock.elapsed();
    if (tokens >= 1) {
      tokens -= 1;
      taken += 1;
      rate.accepted();
    } else {
      refused += 1;
      rate.refused(clock.elapsed());
    }
  }
  return { taken, refused };
}

interface Driven {
  readonly taken: number;
  readonly refused: number;
}

test("without a refusal nothing is limited", () => {
  const rate = new SendRate(new VirtualClock());
  for (let i = 0; i < 10_000; i += 1) {
    expect(rate.take()).toBe(0);
    rate.accepted();
  }
  expect(rate.limit).toBe(null);
});

test("a target that takes 100 a second gets at least 90 of them, and refuses few", async () => {
  const clock = new VirtualClock();
  const { taken, refused } = await drive(clock, new SendRate(clock), 120, () => 100);
  expect(taken / 120).toBeGreaterThan(90);
  expect(refused / (taken + refused)).toBeLessThan(0.05);
});

test("a refusal halves the rate at once, and what was under way then does not halve it again", async () => {
  const clock = new VirtualClock();
  const rate = new SendRate(clock);
  await drive(clock, rate, 5, () => 1_000);
  await clock.advance(50);
  const before = rate.limit ?? rate.perSecond;
  const started = clock.elapsed() - 40;
  await clock.advance(10_000 - 50);
  for (let i = 0; i < 2_000; i += 1) rate.accepted();
  const startedLate = clock.elapsed();
  expect(rate.refused(startedLate)).toBe("slower");
  expect(rate.limit).toBeLessThan(before * 0.75);
  const halved = rate.limit;
  expect(rate.refused(started)).toBe("known");
  expect(rate.limit).toBe(halved);
});

test("when the cause has ended the limit goes away by itself", async () => {
  const clock = new VirtualClock();
  const rate = new SendRate(clock);
  await drive(clock, rate, 5, () => 20);
  expect(rate.limit).toBeLessThan(30);
  await clock.advance(42_000);
  expect(rate.limit).toBe(null);
});

test("more is used soon when the target begins to bear more", async () => {
  const clock = new VirtualClock();
  const rate = new SendRate(clock);
  await drive(clock, rate, 10, () => 20);
  const { taken } = await drive(clock, rate, 60, () => 200);
  expect(taken).toBeGreaterThan(20 * 60 * 2);
});

test("a target that takes nothing at all is told apart, and begun anew slowly", async () => {
  const clock = new VirtualClock();
  const rate = new SendRate(clock);
  expect(rate.refused(clock.elapsed())).toBe("stop");
  await clock.advance(60_000);
  rate.resumed();
  expect(rate.limit).toBeLessThan(20);
  await clock.advance(20_000);
  expect(rate.limit).toBe(null);
});
