import process from "node:process";
import { Interrupts } from "./interrupts.ts";
import { runCli } from "./run-cli.ts";

/** The process's command line; returns the exit code. */
export async function main(): Promise<number> {
  const interrupts = new Interrupts((text) => void process.stderr.write(text));
  process.on("SIGINT", () => {
    if (interrupts.signal.aborted) process.exit(130);
    interrupts.came();
  });
  // A reader that stops early, such as `head`, ends the command in peace.
  process.stdout.on("error", () => process.exit(0));
  return runCli(process.argv.slice(2), {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env: process.env,
    signal: interrupts.signal,
    gently: interrupts.gently,
    now: Date.now,
  });
}
