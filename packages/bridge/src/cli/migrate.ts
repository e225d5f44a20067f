/** `isthmus migrate`: brings a data folder to this release without starting a server on it. */
import type { Command } from "commander";
import { migrateFolder } from "../migrate-folder.ts";
import { CommandFailure } from "./command-failure.ts";
import type { Options } from "./command-runner.ts";
import type { Terminal } from "./terminal.ts";

export function registerMigrate(program: Command, { env, out }: Terminal): void {
  const command = program
    .command("migrate")
    .description("bring the data folder ($ISTHMUS_DATA) to this release; serve does so by itself")
    .action(async () => {
      const folder = env["ISTHMUS_DATA"] || "./data";
      const migrated = await migrateFolder(folder).catch((error: unknown) => {
        throw new CommandFailure("not_migrated", error instanceof Error ? error.message : String(error));
      });
      if (migrated === null) {
        throw new CommandFailure("no_data", `There is no data in ${folder}.`, "Set ISTHMUS_DATA to the data folder.");
      }
      const { from, to } = migrated;
      const text = from === to ? `${folder} has schema ${to} already.\n` : `${folder}: from schema ${from} to ${to}.\n`;
      out(command.optsWithGlobals<Options>().json === true ? `${JSON.stringify({ folder, from, to })}\n` : text);
    });
}
