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
  { timeout: 60_000 + RUNS * 100 },
  async () => {
    const broken: string[] = [];
    for (let seed = FROM; seed < FROM + RUNS && broken.length < 10; seed += 1) {
      const report = await simulate(seed);
      if (report.broken.length > 0) broken.push(`seed ${seed}: ${report.broken[0]}`);
    }
    expect(broken).toEqual([]);
  },
);
