import { CommanderError } from "commander";
import { CommandFailure } from "./command-failure.ts";
import { createProgram } from "./program.ts";
import { cell } from "./table.ts";
import type { Terminal } from "./terminal.ts";

/** Runs one command line (without `node` and the script) and returns its exit code: 0 done, 1 refused or failed, 2 wrong usage. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<0 | 1 | 2> {
  let exitCode: 0 | 1 = 0;
  const program = await createProgram(args, terminal, () => {
    exitCode = 1;
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    // Commander has printed its own errors already; help and version are none.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (terminal.signal.aborted) return 0;
    const failure = failureOf(error);
    const next = failure.nextStep === null ? "" : ` Next: ${failure.nextStep}`;
    terminal.err(`${cell(`isthmus: ${failure.message} [${failure.code}]${next}`)}\n`);
    return failure.exitCode;
  }
}

/** Errors of other parts have a code too, such as a port that is taken when the server starts. */
function failureOf(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  const { message, code } = error as { message?: unknown; code?: unknown };
  const isKnown = typeof message === "string" && typeof code === "string";
  return isKnown ? new CommandFailure(code, message) : new CommandFailure("internal", String(error));
}
