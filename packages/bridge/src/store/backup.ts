/**
 * Copies of the database while the server works. The file is at rest while it is copied, for what is written meanwhile is
 * in the log alone; then the log is copied as far as it has come, which cuts off at a whole transaction whatever is being
 * written at that moment. A thread of its own makes one file of both and looks whether it is whole.
 */
import { constants } from "node:fs";
import { chmod, copyFile, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Backup } from "../core/backup.ts";
import { WORKER, type GroupCommit } from "./sqlite/group-commit.ts";
import type { WorkerTask } from "./sqlite/worker.ts";

const PREFIX = "backup-";
const NAME = "isthmus.db";

/** All that was acknowledged before the call is in it. `folder`: the data folder, which has to have room for it. */
export async function backUp(worker: GroupCommit, folder: string): Promise<Backup> {
  const place = await mkdtemp(join(folder, PREFIX));
  const file = join(place, NAME);
  const remove = (): Promise<void> => rm(place, { recursive: true, force: true });
  try {
    await worker.withFileAtRest(async () => {
      await copyFile(join(folder, NAME), file, constants.COPYFILE_FICLONE);
      await copyFile(join(folder, `${NAME}-wal`), `${file}-wal`).catch(unlessMissing);
    });
    await chmod(file, 0o600);
    await finish(file);
    return { file, bytes: (await stat(file)).size, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Those that a killed process left behind. */
export async function removeLeftBackups(folder: string): Promise<void> {
  const left = (await readdir(folder)).filter((name) => name.startsWith(PREFIX));
  await Promise.all(left.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

function finish(file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(WORKER, { workerData: { file, isCopy: true } satisfies WorkerTask });
    thread.once("error", reject).once("exit", () => resolve());
  });
}

/** Nothing was written since the last start. */
function unlessMissing(error: unknown): void {
  if ((error as { readonly code?: unknown }).code !== "ENOENT") throw error;
}
