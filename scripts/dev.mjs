// `npm run dev`: compiles on every change and restarts the server after each compilation without errors; builds the console anew,
// which the server reads when it starts.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { prepare, ROOT, tool } from "./prepare.mjs";

/** What `tsc --watch` says at the end of a compilation without errors. */
const COMPILED = /Found 0 errors/;

await prepare();

const [bundler, bundlerArgs] = tool("vite", "build", join(ROOT, "packages/console"), "--watch", "--logLevel", "warn");
const consoleBuild = spawn(bundler, bundlerArgs, { stdio: ["ignore", "ignore", "inherit"] });

let server = null;
let restarting = Promise.resolve();
let stopping = false;

const [command, args] = tool("tsc", "-b", "--watch", "--preserveWatchOutput");
// A group of its own: `tsc` starts the native compiler, and ending the one would leave the other running.
const compiler = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], detached: process.platform !== "win32" });
compiler.stdout.setEncoding("utf8").on("data", (text) => {
  process.stdout.write(text);
  if (COMPILED.test(text)) restarting = restarting.then(restart);
});
compiler.once("exit", () => void stop());
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => void stop());

async function restart() {
  if (stopping) return;
  await stopServer();
  server = spawn(process.execPath, [join(ROOT, "packages/bridge/bin/isthmus.js"), "serve", ...process.argv.slice(2)], {
    stdio: "inherit",
    env: { ISTHMUS_DEMO: "on", ISTHMUS_LOCAL_HUB: "on", ...process.env },
  });
}

async function stopServer() {
  if (server === null || server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, "exit");
  server.kill("SIGTERM");
  await exited;
}

async function stop() {
  if (stopping) return;
  stopping = true;
  stopCompiler();
  consoleBuild.kill("SIGTERM");
  await restarting;
  await stopServer();
  process.exit(0);
}

function stopCompiler() {
  if (compiler.exitCode !== null || compiler.signalCode !== null) return;
  if (process.platform === "win32") compiler.kill();
  else process.kill(-compiler.pid, "SIGTERM");
}
