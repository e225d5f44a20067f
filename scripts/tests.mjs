// Runs one vitest project and counts what passed, failed and was skipped, and why.
import { parseCLI, startVitest } from "vitest/node";

/**
 * @typedef {{ passed: number, failed: number, skipped: readonly { name: string, reason: string }[] }} Tally
 * @param {string} project as named in vitest.config.ts
 * @param {readonly string[]} args of the user, as for vitest on the command line
 * @returns {Promise<Tally>}
 */
export async function runTests(project, args) {
  const counter = new Counter();
  const { filter, options } = parseCLI(["vitest", "run", ...args], { allowUnknownOptions: false });
  const vitest = await startVitest("test", filter, {
    ...options,
    watch: false,
    project: [project],
    passWithNoTests: true,
    reporters: ["default", counter],
  });
  await vitest.close();
  return counter.tally;
}

/** A vitest reporter that only counts. A file that does not load, and an error outside of any test, are failures too. */
class Counter {
  tally = { passed: 0, failed: 0, skipped: [] };

  onTestRunEnd(modules, unhandledErrors) {
    this.tally.failed += unhandledErrors.length;
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) this.#count(test);
      const brokenFile = module.state() === "failed" && !tests.some((test) => test.result().state === "failed");
      if (brokenFile) this.tally.failed += 1;
    }
  }

  #count(test) {
    const { state, note } = test.result();
    if (state === "passed") this.tally.passed += 1;
    else if (state === "failed") this.tally.failed += 1;
    else this.tally.skipped.push({ name: test.fullName, reason: note ?? "no reason given" });
  }
}
