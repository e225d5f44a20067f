/**
 * How far events had come, in a file of its own beside the database. SQLite takes a damaged log for one that ends
 * there, and says that all is well; who knows what had been written can tell. At most a second behind.
 */
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import type { GroupCommit } from "./sqlite/group-commit.ts";
import type { Numbers } from "./sqlite/event-numbers.ts";

const FILE = "high-water.json";
const WRITE_EVERY_MS = 1_000;

export interface HighWater {
  /** Writes the last mark. */
  stop(): Promise<void>;
}

/** `null` when there is none, or none that can be read: a first start, or the file was removed. */
export async function readHighWater(folder: string): Promise<Numbers | null> {
  try {
    const { event, delivery } = JSON.parse(await readFile(join(folder, FILE), "utf8")) as Partial<Numbers>;
    const isWhole = Number.isSafeInteger(event) && Number.isSafeInteger(delivery);
    return isWhole ? { event: event!, delivery: delivery! } : null;
  } catch {
    return null;
  }
}

export function keepHighWater(folder: string, worker: GroupCommit): HighWater {
  let groups = -1;
  let written = "";
  let writing: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    if (worker.groups === groups) return;
    const mark = JSON.stringify(await worker.call("lastNumbers"));
    groups = worker.groups;
    if (mark === written) return;
    await replace(join(folder, FILE), mark);
    written = mark;
  }

  // A mark that cannot be written (the disk is full) stays where it is: it is never ahead of the database.
  const next = (): Promise<void> => (writing = writing.then(write).catch(() => undefined));
  const timer = setInterval(() => void next(), WRITE_EVERY_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await next();
    },
  };
}

/** Old or new after a crash, never half of it. */
async function replace(file: string, text: string): Promise<void> {
  const handle = await open(`${file}.new`, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.new`, file);
}
