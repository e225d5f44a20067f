/** An event stream's folder: `stream.json` and one log per partition. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { EventLog } from "./partition.ts";
import { openSegmentLog } from "./segment-log.ts";

export interface StreamFolder {
  /** Unix milliseconds; when the stream was made. */
  readonly createdAt: number;
  /** One per partition: as many as the folder was made with. */
  readonly logs: readonly EventLog[];
}

export interface StreamFolderOptions {
  /** Of a new folder. */
  readonly partitionCount: number;
  /** Of all partitions together. */
  readonly diskBytes: number;
  readonly now: number;
}

interface StreamFacts {
  readonly createdAt: number;
  readonly partitionCount: number;
}

export async function openStreamFolder(folder: string, options: StreamFolderOptions): Promise<StreamFolder> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { createdAt, partitionCount } = await streamFacts(join(folder, "stream.json"), options);
  const maxBytes = Math.floor(options.diskBytes / partitionCount);
  const segmentBytes = Math.min(16 * 1024 * 1024, Math.ceil(maxBytes / 8));
  const logs: EventLog[] = [];
  try {
    for (let i = 0; i < partitionCount; i++) {
      logs.push(await openSegmentLog(join(folder, String(i)), { maxBytes, segmentBytes }));
    }
  } catch (error) {
    for (const log of logs) await log.close();
    throw error;
  }
  return { createdAt, logs };
}

// The number of partitions is part of where a device's events are, so it never changes.
async function streamFacts(file: string, { partitionCount, now }: StreamFolderOptions): Promise<StreamFacts> {
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
