/**
 * A journal in one file: a line of JSON per commit, `[[key, value], [deletedKey], …]`. A commit resolves when its line is
 * written, so that the death of the process loses nothing; lines of one turn of the event loop go out together. When most
 * lines are out of date the file is written anew beside the old one and takes its place.
 */
import { open, readFile, rename } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { HubError } from "./errors.ts";
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

/** Opens or creates the journal; what a crash left of a last line is cut off. */
export async function openJournal(file: string): Promise<Journal> {
  const bytes = await readIfPresent(file);
  const end = bytes.lastIndexOf(0x0a) + 1;
  const entries = new Map<string, unknown>();
  let count = 0;
  for (const line of linesOf(bytes.subarray(0, end))) count += applyLine(entries, line, file);
  const handle = await open(file, "a", 0o600);
  if (end < bytes.length) await handle.truncate(end);
  return new JournalFile({ file, handle, size: end, entries, count });
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

// Line by line, because a file of a million devices is longer than the longest string.
function* linesOf(bytes: Buffer): Generator<string> {
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0x0a, start);
    yield bytes.toString("utf8", start, end);
    start = end + 1;
  }
}

async function readIfPresent(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}
