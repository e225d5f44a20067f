// `npm test`: everything that must hold, from a fresh clone. Arguments go on to vitest: `npm test -- accept` runs the
// tests whose file name contains "accept". With ISTHMUS_TEST_ALL=1 a skipped test is a failure.
import { installExtra, prepare, tool } from "./prepare.mjs";
import { runWithProgress } from "./progress.mjs";

/** What is judged without running the product. The compiler has its say while building. */
const CHECKS = [
  { title: "Format", command: tool("oxfmt", "--check"), nextStep: "npm run fix" },
  {
    title: "Lint",
    command: tool("oxlint", "--type-aware", "--deny-warnings"),
    nextStep: "npm run fix mends some of it",
  },
  { title: "Unused code", command: tool("knip"), nextStep: "remove what nothing uses" },
];

await prepare();
await installExtra("Installing a storage emulator", "e2e/storage");
await installExtra("Installing particle-cli", "e2e/particle-cli");

const failedChecks = [];
for (const { title, command, nextStep } of CHECKS) {
  const { ok, output } = await runWithProgress(title, ...command);
  if (ok) continue;
  failedChecks.push(title);
  process.stdout.write(`\n${output.trim()}\n\nNext step: ${nextStep}\n\n`);
}

// Loaded only now: before `prepare` there may be no vitest.
const { runTests } = await import("./tests.mjs");
const tallies = [];
for (const project of ["unit", "conformance", "e2e"]) {
  console.log(`\nTests: ${project}`);
  tallies.push(await runTests(project, process.argv.slice(2)));
}

process.exit(report());

/** Says how it ended; the exit code. */
function report() {
  const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
  const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0);
  const skipped = tallies.flatMap((tally) => tally.skipped);
  const skipFails = process.env["ISTHMUS_TEST_ALL"] === "1" && skipped.length > 0;
  if (skipped.length > 0) {
    console.log(`\nNOT RUN: ${skipped.length} ${skipped.length === 1 ? "test was" : "tests were"} skipped`);
    for (const { name, reason } of skipped) console.log(`  ${name}: ${reason}`);
    if (skipFails) console.log("ISTHMUS_TEST_ALL=1 asks for every test, so this is a failure.");
  }
  if (failedChecks.length > 0) console.log(`\nChecks that failed: ${failedChecks.join(", ")}`);
  if (passed + failed === 0) console.log("\nNo test was run: does the file name filter match nothing?");
  console.log(`\n${passed} passed, ${failed} failed, ${skipped.length} skipped`);
  return failed === 0 && passed > 0 && failedChecks.length === 0 && !skipFails ? 0 : 1;
}
