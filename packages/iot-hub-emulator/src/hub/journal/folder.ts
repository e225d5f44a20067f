/**
 * What a hub keeps in its folder: `journal.jsonl` (policies, identities, twins, settings), `events/` (the built-in stream),
 * `endpoints/` (the streams of custom endpoints), `lock`.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { lockFolder } from "./folder-lock.ts";
import { openJournal } from "./journal-file.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import { openStreamFolder } from "../events/stream-folder.ts";
import type { StreamFolder, StreamFolderOptions } from "../events/stream-folder.ts";

const JOURNAL_FILE = "journal.jsonl";
const EVENTS_FOLDER = "events";
const ENDPOINTS_FOLDER = "endpoints";

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

/** Makes a folder that no hub has open as that of a new hub which knows these entries. Throws `FolderInUseError`. */
export async function emptyHubFolder(folder: string, entries: readonly JournalEntry[]): Promise<void> {
  const lock = await lockFolder(folder);
  try {
    for (const name of [JOURNAL_FILE, EVENTS_FOLDER, ENDPOINTS_FOLDER]) {
      await rm(join(folder, name), { recursive: true, force: true });
    }
    const journal = await openJournal(join(folder, JOURNAL_FILE));
    await journal.commit(entries);
    await journal.close();
  } finally {
    await lock.release();
  }
}

/** Throws `FolderInUseError` when another process has the folder and does not leave it within some seconds. */
export async function openHubFolder(folder: string, options: StreamFolderOptions): Promise<HubFolder> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const lock = await lockFolder(folder);
  const opened: { close(): Promise<void> }[] = [];
  // Names that differ in case alone would be one folder on some systems.
  const endpoint = (name: string): string => join(folder, ENDPOINTS_FOLDER, name.toLowerCase());
  try {
    const journal = await openJournal(join(folder, JOURNAL_FILE));
    opened.push(journal);
    return {
      journal,
      events: await openStreamFolder(join(folder, EVENTS_FOLDER), options),
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
