/** Where keys that are shown once are written: CSV with a row for each Thing, for its owner's eyes only. */
import { open, readFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { CommandFailure } from "../command-failure.ts";

const HEADER = "id,name,connectionString\n";

export interface KeysRow {
  readonly id: unknown;
  readonly name: unknown;
  readonly connectionString: unknown;
}

/** Appends rows; they are on disk when this resolves. */
export async function appendKeys(file: string, rows: readonly KeysRow[]): Promise<void> {
  const keys = await KeysFile.open(file);
  try {
    await keys.append(rows);
  } finally {
    await keys.close();
  }
}

export class KeysFile {
  readonly #handle: FileHandle;
  /** Names that have a row already. */
  readonly names: ReadonlySet<string>;
  /** One write after the other, each flushed. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(handle: FileHandle, names: ReadonlySet<string>) {
    this.#handle = handle;
    this.names = names;
  }

  /** Opens it for appending, making it when it is not there. */
  static async open(file: string): Promise<KeysFile> {
    const failed = (): never => {
      throw new CommandFailure(
        "file_not_written",
        `The file ${file} cannot be written.`,
        "Name another with --keys-file.",
      );
    };
    const handle = await open(file, "a", 0o600).catch(failed);
    try {
      // One that was there with wider permissions gets keys now.
      await handle.chmod(0o600);
      const content = await readFile(file, "utf8");
      if (content === "") await handle.appendFile(HEADER);
      // A row that a crash cut off must not swallow the next one.
      else if (!content.endsWith("\n")) await handle.appendFile("\n");
      return new KeysFile(handle, new Set(content.split("\n").slice(1).map(nameIn)));
    } catch {
      await handle.close();
      return failed();
    }
  }

  append(rows: readonly KeysRow[]): Promise<void> {
    const text = rows.map(({ id, name, connectionString }) => `${csv(id)},${csv(name)},${csv(connectionString)}\n`);
    const written = this.#last.then(async () => {
      await this.#handle.appendFile(text.join(""));
      await this.#handle.datasync();
    });
    this.#last = written.catch(() => undefined);
    return written;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#handle.close();
  }
}

function csv(value: unknown): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The second field of a row. Only names are quoted; they hold no line breaks. */
function nameIn(row: string): string {
  const quoted = /^[^,]*,"((?:[^"]|"")*)",/.exec(row)?.[1];
  return quoted === undefined ? (row.split(",")[1] ?? "") : quoted.replaceAll('""', '"');
}
