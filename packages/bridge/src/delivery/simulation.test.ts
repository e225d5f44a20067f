/**
 * The dispatcher in a simulated world, one seed after the other. `ISTHMUS_SIM_RUNS` sets how many, `ISTHMUS_SIM_FROM` the
 * first seed: a seed that breaks a promise breaks it again when it is run alone.
 */
import { expect, test } from "vitest";
import { simulate } from "./testing/simulation.ts";

const RUNS = Number(process.env["ISTHMUS_SIM_RUNS"] ?? 300);
const FROM = Number(process.env["ISTHMUS_SIM_FROM"] ?? 1);

test(
  `every promise of delivery is kept in ${RUNS} lives drawn by chance`,
  { timeout: 120_000 + RUNS * 500 },
  async () => {
    const broken: string[] = [];
    for (let seed = FROM; seed < FROM + RUNS && broken.length < 10; seed += 1) {
      const report = await simulate(seed);
      if (report.broken.length > 0) broken.push(`seed ${seed}: ${report.broken[0]}`);
    }
    expect(broken).toEqual([]);
  },
);

/** Seeds that showed a bug, with what broke. They say it again when its remedy is taken away. */
const FOUND: readonly (readonly [seed: number, bug: string])[] = [
  [5, "an event came with a page and again by its offer from the same flush, and was sent twice"],
  [9, "a lane that was left out for want of room got a newer event before the store's older ones"],
  [25, "a send by a former key ended after the change, and its lane waited at a gate that nobody opens"],
  [43, "a store that could not be read ended the listing of waiting devices for good"],
  [21, "an identity that was only believed to exist was written down, and its absence never believed"],
  [3, "lanes were filled without regard to what their integration may hold in memory"],
];

for (const [seed, bug] of FOUND) {
  test(`seed ${seed} keeps its promises: ${bug}`, async () => {
    expect((await simulate(seed)).broken).toEqual([]);
  });
}
