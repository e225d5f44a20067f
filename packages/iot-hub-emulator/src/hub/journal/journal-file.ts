/**
 * A journal in one file: a line of JSON per commit, `[[key, value], [deletedKey], …]`. A commit resolves when its line is
 * written, so that the death of the process loses nothing; lines of one turn of the event loop go out together. When most
 * lines are out of date the file is written anew beside the old one and takes its place.
 */
import { open, rename } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { HubError } from "../errors.ts";
import type { Journal } from "./journal.ts";

type Change = readonly [key: string, value: unknown];

interface PendingCommit {
  readonly line: string;
  readonly resolve: () => void;
  readonly reject: (error: HubError) => void;
}

/** Below this many entries out of date a rewrite is not worth it. */
const MIN_STALE_ENTRIES = 10_000;
const REWRITE_ENTRIES_AT_ONCE = 1_000;
const READ_BYTES = 1024 * 1024;

/** Opens or creates the journal; what a crash left of a last line is cut off. */
export async function openJournal(file: string): Promise<Journal> {
  const handle = await open(file, "a+", 0o600);
  try {
    const entries = new Map<string, unknown>();
    let [size, count] = [0, 0];
    for await (const line of wholeLines(handle)) {
      count += applyLine(entries, line.toString("utf8"), file);
      size += line.length + 1;
    }
    if (size < (await handle.stat()).size) await handle.truncate(size);
    return new JournalFile({ file, handle, size, entries, count });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

class JournalFile implements Journal {
  readonly entries: Map<string, unknown>;
  readonly #file: string;
  #handle: FileHandle;
  #size: number;
  // Entries in the file, current and out of date.
  #count: number;
  #pending: PendingCommit[] = [];
  #writing: Promise<void> | undefined;

  constructor(opened: {
    readonly file: string;
    readonly handle: FileHandle;
    readonly size: number;
    readonly entries: Map<string, unknown>;
    readonly count: number;
  }) {
    this.#file = opened.file;
    this.#handle = opened.handle;
    this.#size = opened.size;
    this.entries = opened.entries;
    this.#count = opened.count;
  }

  commit(changes: readonly Change[]): Promise<void> {
    const line = `${JSON.stringify(changes.map(([key, value]) => (value === undefined ? [key] : [key, value])))}\n`;
    for (const [key, value] of changes) {
      if (value === undefined) this.entries.delete(key);
      else this.entries.set(key, value);
    }
    this.#count += changes.length;
    return new Promise((resolve, reject) => {
      this.#pending.push({ line, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#handle.close();
  }

  async #write(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = [];
      try {
        const bytes = Buffer.from(batch.map(({ line }) => line).join(""));
        await this.#handle.appendFile(bytes);
        this.#size += bytes.length;
        for (const { resolve } of batch) resolve();
        if (this.#count - this.entries.size > Math.max(MIN_STALE_ENTRIES, this.entries.size)) await this.#rewrite();
      } catch (cause) {
        const error = new HubError("ServiceUnavailable", "The hub could not write to its folder.", { cause });
        for (const { reject } of batch) reject(error);
        // Half a line must not stand before the next one.
        await this.#handle.truncate(this.#size).catch(() => undefined);
      }
    }
    this.#writing = undefined;
  }

  // Commits that come meanwhile are in `entries` already and follow once more as lines, which changes nothing.
  async #rewrite(): Promise<void> {
    const temporary = `${this.#file}.new`;
    const fresh = await open(temporary, "w", 0o600);
    let size = 0;
    try {
      const current = [...this.entries];
      for (let i = 0; i < current.length; i += REWRITE_ENTRIES_AT_ONCE) {
        const bytes = Buffer.from(`${JSON.stringify(current.slice(i, i + REWRITE_ENTRIES_AT_ONCE))}\n`);
        await fresh.appendFile(bytes);
        size += bytes.length;
      }
      await fresh.sync();
      this.#count = current.length;
    } finally {
      await fresh.close();
    }
    await rename(temporary, this.#file);
    await this.#handle.close();
    this.#handle = await open(this.#file, "a", 0o600);
    this.#size = size;
  }
}

function applyLine(entries: Map<string, unknown>, line: string, file: string): number {
  let changes: readonly (readonly [string, unknown?])[];
  try {
    changes = JSON.parse(line) as typeof changes;
  } catch (cause) {
    throw new Error(`${file} is damaged: a line before its last is no JSON. Restore it or remove it.`, { cause });
  }
  for (const change of changes) {
    if (change.length === 1) entries.delete(change[0]);
    else entries.set(change[0], change[1]);
  }
  return changes.length;
}

// Piece by piece, because the file of a million devices is longer than the longest buffer. Leaves out an unfinished last line.
async function* wholeLines(handle: FileHandle): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for (let position = 0; ;) {
    const piece = Buffer.allocUnsafe(READ_BYTES);
    const { bytesRead } = await handle.read(piece, 0, READ_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    const bytes = Buffer.concat([rest, piece.subarray(0, bytesRead)]);
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
      yield bytes.subarray(start, end);
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
}
