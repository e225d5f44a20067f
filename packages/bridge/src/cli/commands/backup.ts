/** `isthmus backup`: a copy of the server's data in a file, while the server goes on. */
import { createWriteStream } from "node:fs";
import { access, rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { CommandFailure, wrongUsage } from "../command-failure.ts";
import type { Does } from "../command-runner.ts";
import { cell } from "../table.ts";

export function registerBackup(program: Command, does: Does): void {
  const backup = program
    .command("backup [file]")
    .description("write a copy of all data to a file while the server goes on (for the operator)");
  does(backup, async ({ api, args: [given], terminal }) => {
    const time = new Date(terminal.now()).toISOString();
    const file = given ?? `isthmus-${time.slice(0, 19).replaceAll(":", "")}Z.db`;
    if (await isThere(file)) throw wrongUsage(`${file} is there already.`, "Name another file.");
    const bytes = await save(await api.download("/admin/v1/backup"), file, terminal.signal);
    const text = `${cell(file)} holds all data (${size(bytes)}). Keep secret.key of the data folder, too, in another place: without it the
secrets in the copy stay sealed. To restore, put both into an empty folder, the copy as isthmus.db.
`;
    return { json: { file, bytes }, text };
  });
}

/** Under its name only when it is whole. */
async function save(content: ReadableStream, file: string, signal: AbortSignal): Promise<number> {
  const part = `${file}.part`;
  const writing = createWriteStream(part, { mode: 0o600, flush: true });
  try {
    await pipeline(Readable.fromWeb(content as never), writing, { signal });
    await rename(part, file);
    return writing.bytesWritten;
  } catch (error) {
    await rm(part, { force: true });
    throw new CommandFailure("backup_failed", `The copy did not arrive whole: ${reasonOf(error)}.`, "Try again.");
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function size(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
