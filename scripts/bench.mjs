// `npm run bench`: the performance table. Arguments go on to the bench, e.g. `npm run bench -- --json result.json`.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { prepare, ROOT } from "./prepare.mjs";

await prepare();

const bench = spawn(
  process.execPath,
  [join(ROOT, "node_modules/.cache/isthmus-e2e/bench/main.js"), ...process.argv.slice(2)],
  {
    stdio: "inherit",
  },
);
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => bench.kill("SIGTERM"));
bench.once("exit", (code) => process.exit(code ?? 1));
