/**
 * The engine in simulated worlds, one seed after the other. `ISTHMUS_SIM_RUNS` sets how many of each breadth,
 * `ISTHMUS_SIM_FROM` the first seed: a seed that breaks a promise breaks it again when it is run alone.
 */
import { expect, test } from "vitest";
import { simulateStates } from "./testing/state-simulation.ts";

const RUNS = Number(process.env["ISTHMUS_SIM_RUNS"] ?? 100);
const FROM = Number(process.env["ISTHMUS_SIM_FROM"] ?? 1);

test.each(["wide", "narrow"] as const)(
  `states and twins agree after ${RUNS} %s lives drawn by chance`,
  { timeout: 60_000 + RUNS * 400 },
  async (breadth) => {
    const broken: string[] = [];
    for (let seed = FROM; seed < FROM + RUNS && broken.length < 10; seed += 1) {
      const report = await simulateStates(seed, { breadth });
      if (report.broken.length > 0) broken.push(`seed ${seed}: ${report.broken[0]}`);
    }
    expect(broken).toEqual([]);
  },
);
