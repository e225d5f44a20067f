/**
 * One process to a folder: a file that names the process, left behind only by one that was killed.
 *
 * The file appears whole (it is linked, not written), so whoever finds it can read it. A file of a dead process is moved
 * aside before it is removed, and looked at once more there: of two that find it, one moves it and the other finds
 * nothing, or what the first has put in its place, and puts that back.
 */
import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Another living process has the folder. */
export class FolderInUseError extends Error {
  readonly code = "folder_in_use";
}

export interface FolderLock {
  release(): Promise<void>;
}

const ASK_AGAIN_MS = 50;

/** Takes the folder; waits up to `waitMs` for another process to leave it, as one does that was told to stop. */
export async function lockFolder(folder: string, waitMs: number = 10_000): Promise<FolderLock> {
  const file = join(folder, "lock");
  const mine = `${process.pid} ${await startOf(process.pid)}`;
  const draft = `${file}.${randomUUID()}`;
  const end = Date.now() + waitMs;
  await writeFile(draft, mine, { mode: 0o600 });
  try {
    while (!(await linked(draft, file))) {
      const holder = await textOf(file);
      if (holder !== undefined && !(await isAlive(holder))) await removeStale(file, holder);
      else if (Date.now() < end) await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
      else throw new FolderInUseError(inUse(folder, holder));
    }
  } finally {
    await rm(draft, { force: true });
  }
  return { release: () => rm(file, { force: true }) };
}

function inUse(folder: string, holder: string | undefined): string {
  const process = holder?.split(" ")[0] ?? "unknown";
  return `${folder} is in use by process ${process}. Stop that one, or choose another folder.`;
}

async function removeStale(file: string, holder: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if ((await textOf(aside)) !== holder) await linked(aside, file);
  await unlink(aside);
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function isAlive(holder: string): Promise<boolean> {
  const [pid = "", start = ""] = holder.split(" ");
  if (!/^\d+$/.test(pid)) return false;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    // A process of somebody else is alive too.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  // Numbers are given again, in containers at every start: the time of its start tells a process from its namesake.
  return (await startOf(Number(pid))) === start;
}

/** When a process started, in the kernel's ticks; empty where the system does not say. A zombie counts as gone. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? "gone" : (fields[19] ?? "");
  } catch {
    return "";
  }
}
