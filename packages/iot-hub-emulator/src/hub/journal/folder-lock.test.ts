import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FolderInUseError, lockFolder } from "./folder-lock.ts";

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "folder-lock-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("one process at a time has the folder, and it is free again after the release", async () => {
  await inFolder(async (folder) => {
    const first = await lockFolder(folder);
    await expect(lockFolder(folder, 0)).rejects.toThrow(FolderInUseError);
    await expect(lockFolder(folder, 0)).rejects.toThrow(`process ${process.pid}`);
    await first.release();
    const second = await lockFolder(folder, 0);
    await second.release();
    expect(await readdir(folder)).toEqual([]);
  });
});

test("a waiting process gets the folder as soon as it is released", async () => {
  await inFolder(async (folder) => {
    const first = await lockFolder(folder);
    const waiting = lockFolder(folder, 10_000);
    await first.release();
    await (await waiting).release();
    expect(await readdir(folder)).toEqual([]);
  });
});

test("a lock left by a dead process is taken over, even when a living one has its process id", async () => {
  await inFolder(async (folder) => {
    const child = spawn(process.execPath, ["-e", ""]);
    await new Promise((resolve) => child.once("exit", resolve));
    for (const text of [`${child.pid} 1`, `${process.pid} 1`, ""]) {
      await writeFile(join(folder, "lock"), text);
      await (await lockFolder(folder, 0)).release();
    }
    expect(await readdir(folder)).toEqual([]);
  });
});
