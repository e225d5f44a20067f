import process from "node:process";
import { runCli } from "./run-cli.ts";

/** The process's command line; returns the exit code. */
export async function main(): Promise<number> {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  // A reader that stops early, such as `head`, ends the command in peace.
  process.stdout.on("error", () => process.exit(0));
  return runCli(process.argv.slice(2), {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env: process.env,
    signal: interrupted.signal,
    now: Date.now,
  });
}
