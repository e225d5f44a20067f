/** Tells a full disk from a broken one: the driver of Node 20 reports both as the same I/O error. */
import { rmSync, writeFileSync } from "node:fs";

/** As much as the largest group may need. */
const PROBE_BYTES = 8 * 1024 * 1024;
/** No space, no quota, or the file system's largest file is reached. */
const NO_ROOM: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Whether the file system of `probeFile` refuses another few megabytes for want of room. Removes the file again. */
export function isDiskFull(probeFile: string): boolean {
  try {
    writeFileSync(probeFile, Buffer.alloc(PROBE_BYTES), { mode: 0o600 });
    return false;
  } catch (error) {
    return NO_ROOM.has((error as NodeJS.ErrnoException).code ?? "");
  } finally {
    rmSync(probeFile, { force: true });
  }
}
