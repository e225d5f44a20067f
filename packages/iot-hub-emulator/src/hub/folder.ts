/** What a hub keeps in its folder: `journal.jsonl` (policies, identities, twins), `events/` (one log per partition), `lock`. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { lockFolder } from "./folder-lock.ts";
import { openJournal } from "./journal-file.ts";
import type { Journal } from "./journal.ts";
import type { EventLog } from "./partition.ts";
import { openSegmentLog } from "./segment-log.ts";

export interface HubFolder {
  readonly journal: Journal;
  /** One per partition: as many as the folder was made with. */
  readonly logs: readonly EventLog[];
  /** Unix milliseconds; when the stream was made. */
  readonly createdAt: number;
  /** Lets another process have the folder. Journal and logs are closed before. */
  release(): Promise<void>;
}

export interface HubFolderOptions {
  /** Of a new folder. */
  readonly partitionCount: number;
  /** Of all partitions together. */
  readonly eventDiskBytes: number;
  readonly now: number;
}

interface StreamFacts {
  readonly createdAt: number;
  readonly partitionCount: number;
}

/** Throws `FolderInUseError` when another process has the folder and does not leave it within some seconds. */
export async function openHubFolder(folder: string, options: HubFolderOptions): Promise<HubFolder> {
  const events = join(folder, "events");
  await mkdir(events, { recursive: true, mode: 0o700 });
  const lock = await lockFolder(folder);
  const opened: { close(): Promise<void> }[] = [];
  try {
    const { createdAt, partitionCount } = await streamFacts(join(events, "stream.json"), options);
    const journal = await openJournal(join(folder, "journal.jsonl"));
    opened.push(journal);
    const maxBytes = Math.floor(options.eventDiskBytes / partitionCount);
    const segmentBytes = Math.min(16 * 1024 * 1024, Math.ceil(maxBytes / 8));
    const logs: EventLog[] = [];
    for (let i = 0; i < partitionCount; i++) {
      const log = await openSegmentLog(join(events, String(i)), { maxBytes, segmentBytes });
      opened.push(log);
      logs.push(log);
    }
    return { journal, logs, createdAt, release: () => lock.release() };
  } catch (error) {
    for (const part of opened) await part.close();
    await lock.release();
    throw error;
  }
}

// The number of partitions is part of where a device's events are, so it never changes.
async function streamFacts(file: string, { partitionCount, now }: HubFolderOptions): Promise<StreamFacts> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as StreamFacts;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const facts = { createdAt: now, partitionCount };
  await writeFile(`${file}.new`, JSON.stringify(facts), { mode: 0o600 });
  await rename(`${file}.new`, file);
  return facts;
}
