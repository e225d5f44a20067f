/** The frame around every command: settings in, one answer out, as JSON or for people. */
import type { Command } from "commander";
import { createApiClient } from "./api-client.ts";
import type { ApiClient } from "./api-client.ts";
import { serverSettings } from "./server-settings.ts";
import type { Terminal } from "./terminal.ts";

/** What a command has to say. */
export interface Shown {
  /** For `--json`. */
  readonly json: unknown;
  /** For people; ends with a newline. */
  readonly text: string;
  /** The work was done and its result is bad news: exit code 1. */
  readonly failed?: boolean;
}

export interface Options {
  readonly url?: string;
  readonly token?: string;
  readonly json?: boolean;
  readonly [option: string]: unknown;
}

interface Invocation {
  readonly api: ApiClient;
  readonly args: readonly string[];
  readonly options: Options;
  readonly terminal: Terminal;
}

/** Registers what a command does. `null` means that it has printed everything itself. */
export type Does = (command: Command, work: (invocation: Invocation) => Promise<Shown | null>) => void;

export function commandRunner(terminal: Terminal, onFailed: () => void): Does {
  return (command, work) => {
    command.action(async () => {
      const options = command.optsWithGlobals<Options>();
      const api = createApiClient(serverSettings(options, terminal.env), terminal.signal);
      const shown = await work({ api, args: command.processedArgs.flat() as string[], options, terminal });
      if (shown === null) return;
      terminal.out(options.json === true ? `${JSON.stringify(shown.json, null, 2)}\n` : shown.text);
      if (shown.failed === true) onFailed();
    });
  };
}

/** An option's text, where it was given. */
export function textOption(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
}
