/**
 * What a hub keeps in its folder: `journal.jsonl` (policies, identities, twins, settings), `events/` (the built-in stream),
 * `endpoints/` (the streams of custom endpoints), `lock`.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { lockFolder } from "./folder-lock.ts";
import { openJournal } from "./journal-file.ts";
import type { Journal } from "./journal.ts";
import { openStreamFolder } from "./stream-folder.ts";
import type { StreamFolder, StreamFolderOptions } from "./stream-folder.ts";

export interface HubFolder {
  readonly journal: Journal;
  /** The built-in stream. */
  readonly events: StreamFolder;
  /** The stream of a custom endpoint; its name must be fit for a file. */
  openEndpoint(name: string, options: StreamFolderOptions): Promise<StreamFolder>;
  deleteEndpoint(name: string): Promise<void>;
  /** Lets another process have the folder. Journal and logs are closed before. */
  release(): Promise<void>;
}

/** Throws `FolderInUseError` when another process has the folder and does not leave it within some seconds. */
export async function openHubFolder(folder: string, options: StreamFolderOptions): Promise<HubFolder> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const lock = await lockFolder(folder);
  const opened: { close(): Promise<void> }[] = [];
  // Names that differ in case alone would be one folder on some systems.
  const endpoint = (name: string): string => join(folder, "endpoints", name.toLowerCase());
  try {
    const journal = await openJournal(join(folder, "journal.jsonl"));
    opened.push(journal);
    return {
      journal,
      events: await openStreamFolder(join(folder, "events"), options),
      openEndpoint: (name, facts) => openStreamFolder(endpoint(name), facts),
      deleteEndpoint: (name) => rm(endpoint(name), { recursive: true, force: true }),
      release: () => lock.release(),
    };
  } catch (error) {
    for (const part of opened) await part.close();
    await lock.release();
    throw error;
  }
}
