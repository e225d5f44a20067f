import { expect, test } from "vitest";
import { fail, succeed, type Result } from "../core/failure.ts";
import { VirtualClock } from "../delivery/testing/virtual-clock.ts";
import { HubPace } from "./hub-pace.ts";

const random = (): number => 0.5;

test("a few ask at once, the others in the order in which they came", async () => {
  const clock = new VirtualClock();
  const pace = new HubPace({ clock, random, atOnce: 2 });
  const begun: number[] = [];
  let mostAtOnce = 0;
  let asking = 0;
  const ask = (id: number) => async (): Promise<Result<number>> => {
    begun.push(id);
    mostAtOnce = Math.max(mostAtOnce, ++asking);
    await clock.wait(100);
    asking -= 1;
    return succeed(id);
  };
  const all = Promise.all([1, 2, 3, 4, 5].map((id) => pace.run(ask(id), 1_000)));
  await clock.advance(301);
  expect((await all).every(({ ok }) => ok)).toBe(true);
  expect(begun).toEqual([1, 2, 3, 4, 5]);
  expect(mostAtOnce).toBe(2);
});

test("after a refusal nobody asks until the hub's time is over; then it is asked again", async () => {
  const clock = new VirtualClock();
  const pace = new HubPace({ clock, random, atOnce: 1 });
  const askedAt: number[] = [];
  const ask = async (): Promise<Result<string>> => {
    askedAt.push(clock.elapsed());
    return askedAt.length === 1 ? fail("throttled", "Too much.", { notBefore: clock.now() + 5_000 }) : succeed("done");
  };
  const first = pace.run(ask, 60_000);
  const second = pace.run(ask, 60_000);
  await clock.advance(5_251);
  expect(await first).toEqual(succeed("done"));
  expect(await second).toEqual(succeed("done"));
  expect(askedAt).toEqual([0, 5_000, 5_250]);
});

test("who cannot wait that long is told when a try makes sense", async () => {
  const clock = new VirtualClock();
  const pace = new HubPace({ clock, random, atOnce: 1 });
  const refuse = async (): Promise<Result<never>> =>
    fail("create_throttled", "Too much.", { notBefore: clock.now() + 30_000 });
  const refused = await pace.run(refuse, 20_000);
  expect(refused).toMatchObject({
    ok: false,
    failure: { code: "throttled", message: "Too much.", notBefore: clock.now() + 30_000 },
  });
});

test("who waits for a turn gives up when its patience ends, and leaves no hole", async () => {
  const clock = new VirtualClock();
  const pace = new HubPace({ clock, random, atOnce: 1 });
  const slow = pace.run(async () => {
    await clock.wait(10_000);
    return succeed("slow");
  }, 60_000);
  const impatient = pace.run(async () => succeed("never"), 1_000);
  const patient = pace.run(async () => succeed("later"), 60_000);
  await clock.advance(1_001);
  expect(await impatient).toMatchObject({ ok: false, failure: { code: "throttled" } });
  await clock.advance(10_000);
  expect(await slow).toEqual(succeed("slow"));
  expect(await patient).toEqual(succeed("later"));
  expect(await pace.run(async () => succeed("free"), 0)).toEqual(succeed("free"));
});

test("more than the bound do not wait at all", async () => {
  const clock = new VirtualClock();
  const pace = new HubPace({ clock, random, atOnce: 1, maxWaiting: 1 });
  const slow = async (): Promise<Result<null>> => {
    await clock.wait(1_000);
    return succeed(null);
  };
  const waiting = [pace.run(slow, 60_000), pace.run(slow, 60_000)];
  expect(await pace.run(slow, 60_000)).toMatchObject({ ok: false, failure: { code: "throttled" } });
  await clock.advance(2_001);
  expect(await Promise.all(waiting)).toEqual([succeed(null), succeed(null)]);
});

test("closing ends every wait, a turn's and a pause's", async () => {
  const clock = new VirtualClock();
  const pace = new HubPace({ clock, random, atOnce: 1 });
  const paused = pace.run(
    async () => fail("throttled", "Too much.", { notBefore: clock.now() + 20_000 }),
    Number.POSITIVE_INFINITY,
  );
  const waiting = pace.run(async () => succeed("never"), Number.POSITIVE_INFINITY);
  await clock.advance(1);
  pace.close();
  expect(await paused).toMatchObject({ ok: false });
  expect(await waiting).toMatchObject({ ok: false });
  expect(await pace.run(async () => succeed("never"), 1_000)).toMatchObject({ ok: false });
});

test("a hub that takes 100 a minute is asked at nearly that pace, and seldom refuses", async () => {
  const clock = new VirtualClock();
  const pace = new HubPace({ clock, random, atOnce: 8 });
  let [tokens, filledAt, refused] = [20, 0, 0];
  const ask = async (): Promise<Result<null>> => {
    tokens = Math.min(20, tokens + ((clock.elapsed() - filledAt) / 60_000) * 100);
    filledAt = clock.elapsed();
    await clock.wait(50);
    if (tokens < 1) {
      refused += 1;
      return fail("create_throttled", "Too much.");
    }
    tokens -= 1;
    return succeed(null);
  };
  let left = 500;
  let ended = 0;
  const work = async (): Promise<void> => {
    while (left-- > 0) expect(await pace.run(ask, 20_000)).toEqual(succeed(null));
    ended += 1;
  };
  void Promise.all(Array.from({ length: 16 }, work));
  expect(await clock.until(() => ended === 16, 3_600_000)).toBe(true);
  // 480 of them at 100 a minute take 288 s at best.
  expect(clock.elapsed()).toBeLessThan(288_000 * 1.35);
  expect(refused).toBeLessThan(50);
});
