/**
 * One process per data folder. The lock is a listening socket: it ends with its process however that ends, which a file
 * with a process id does not. What stays behind is the socket's file, which nobody answers any more; it is taken away by
 * renaming, because of two processes that find it at once only one can, and the other must not remove its new lock.
 */
import { createHash, randomBytes } from "node:crypto";
import { realpathSync, renameSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface FolderLock {
  release(): Promise<void>;
}

/** Told to whoever starts a second process on one folder. */
class FolderInUse extends Error {
  readonly code = "folder_in_use";
}

/** Rejects when another process, or this one, holds the folder. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const real = realpathSync(folder);
  const inUse = `Another Isthmus uses the data folder ${folder}. Stop it, or set ISTHMUS_DATA to another folder.`;
  // Linux has names without files, which nobody needs to clean up: among neighbours they leave no room for a race. The
  // file is for those who share the folder but not the network, such as two containers.
  const name = process.platform === "linux" ? await listen(`\0isthmus-${hashOf(real)}`) : null;
  if (name === undefined) throw new FolderInUse(inUse);
  const file = await lockFile(socketPath(real));
  if (file === undefined) {
    await closed(name);
    throw new FolderInUse(inUse);
  }
  return {
    async release() {
      await closed(file);
      await closed(name);
    },
  };
}

async function lockFile(path: string): Promise<Server | undefined> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const server = await listen(path);
    if (server !== undefined) return server;
    if ((await isAnswered(path)) || !(await removeDead(path))) return undefined;
  }
  return undefined;
}

function closed(server: Server | null): Promise<void> {
  return new Promise((resolve) => (server === null ? resolve() : server.close(() => resolve())));
}

function hashOf(folder: string): string {
  return createHash("sha256").update(folder).digest("hex").slice(0, 24);
}

// Socket paths end at about 100 characters, a few of which `removeDead` needs, so a deep folder's lock lies in the temporary folder, named by its hash.
function socketPath(folder: string): string {
  const hash = hashOf(folder);
  if (process.platform === "win32") return `\\\\.\\pipe\\isthmus-${hash}`;
  const beside = join(folder, "lock");
  return Buffer.byteLength(beside) < 95 ? beside : join(tmpdir(), `isthmus-${hash}.lock`);
}

function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
    );
    server.listen(path, () => resolve(server));
  });
}

/** Takes a socket's file away and looks again: `false` when it was alive after all, and is back in its place. */
async function removeDead(path: string): Promise<boolean> {
  const aside = `${path}-${randomBytes(2).toString("hex")}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return true;
    throw error;
  }
  if (await isAnswered(aside)) {
    renameSync(aside, path);
    return false;
  }
  rmSync(aside, { force: true });
  return true;
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
