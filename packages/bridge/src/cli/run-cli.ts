import { CommanderError } from "commander";
import type { Command } from "commander";
import { CommandFailure, wrongUsage } from "./command-failure.ts";
import { createProgram } from "./program.ts";
import { systemFailure } from "./system-failure.ts";
import { cell } from "./table.ts";
import type { Terminal } from "./terminal.ts";

/** Commander has printed what was asked for. */
const HELP = /^commander\.(help|version)/;

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
    if (error instanceof CommanderError && HELP.test(error.code)) return error.exitCode === 0 ? 0 : 2;
    if (terminal.signal.aborted) return 0;
    const failure = error instanceof CommanderError ? usageFailure(error, program, args) : failureOf(error);
    terminal.err(`${args.includes("--json") ? failureJson(failure) : failureLine(failure)}\n`);
    return failure.exitCode;
  }
}

function failureLine({ message, code, nextStep }: CommandFailure): string {
  return cell(`isthmus: ${message} [${code}]${nextStep === null ? "" : ` Next: ${nextStep}`}`);
}

function failureJson({ message, code, nextStep }: CommandFailure): string {
  return JSON.stringify(
    { ok: false, error: message, code, ...(nextStep !== null && { next_step: nextStep }) },
    null,
    2,
  );
}

/** Commander's words end with what may have been meant, on a line of its own. */
function usageFailure({ message }: CommanderError, program: Command, args: readonly string[]): CommandFailure {
  const words = message.replace(/^error: /, "").replaceAll("\n", " ");
  return wrongUsage(words, `${commandLine(program, args)} --help`);
}

/** The command that was meant, as far as its words are known. */
function commandLine(program: Command, args: readonly string[]): string {
  let command = program;
  const words = [program.name()];
  for (const word of args) {
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined) continue;
    command = next;
    words.push(word);
  }
  return words.join(" ");
}

function failureOf(error: unknown): CommandFailure {
  return error instanceof CommandFailure ? error : systemFailure(error);
}
