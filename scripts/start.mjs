// `npm start`: from a fresh clone to a running bridge, Local Hub and demo fleet.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { prepare, ROOT } from "./prepare.mjs";

/** The server flushes and closes within this time; longer means that it hangs. */
const STOP_WITHIN_MS = 10_000;

await prepare(["packages/iot-hub-emulator", "packages/bridge"]);

const server = spawn(
  process.execPath,
  [join(ROOT, "packages/bridge/bin/isthmus.js"), "serve", ...process.argv.slice(2)],
  {
    stdio: "inherit",
    env: { ISTHMUS_DEMO: "on", ISTHMUS_LOCAL_HUB: "on", ...process.env },
  },
);

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop(signal));
let stopping = false;
if (process.env["npm_lifecycle_event"] !== undefined) stopWithParent();

server.once("error", (error) => {
  console.error(`The server could not be started: ${error.message}`);
  process.exit(1);
});
server.once("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));

/** Told to end, npm ends the shell it started us with, and the shell tells nobody: we find ourselves with another parent. */
function stopWithParent() {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) stop("SIGTERM");
  }, 500).unref();
}

function stop(signal) {
  if (stopping) return;
  stopping = true;
  // Ctrl-C in a terminal reaches every process of the group, the server too. One that is stopping takes no notice of the
  // second word; one that was not reached is told now.
  setTimeout(() => server.kill("SIGTERM"), signal === "SIGINT" ? 300 : 0);
  setTimeout(() => {
    console.error(
      "The server did not stop in time and was ended. What it had accepted is on disk and goes on at the next start.",
    );
    server.kill("SIGKILL");
  }, STOP_WITHIN_MS);
}
