/**
 * The engine in a simulated world, one seed after the other. `ISTHMUS_SIM_RUNS` sets how many, `ISTHMUS_SIM_FROM` the first
 * seed: a seed that breaks a promise breaks it again when it is run alone.
 */
import { expect, test } from "vitest";
import { simulateStates } from "./testing/state-simulation.ts";

const RUNS = Number(process.env["ISTHMUS_SIM_RUNS"] ?? 150);
const FROM = Number(process.env["ISTHMUS_SIM_FROM"] ?? 1);

test(`states and twins agree after ${RUNS} lives drawn by chance`, { timeout: 120_000 + RUNS * 1_000 }, async () => {
  const broken: string[] = [];
  for (let seed = FROM; seed < FROM + RUNS && broken.length < 10; seed += 1) {
    const report = await simulateStates(seed);
    if (report.broken.length > 0) broken.push(`seed ${seed}: ${report.broken[0]}`);
  }
  expect(broken).toEqual([]);
});
