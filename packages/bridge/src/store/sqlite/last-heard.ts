/** When devices were heard last: gathered in memory and written now and then. A crash may lose it, events it may not. */
import type { Transaction } from "./transaction.ts";

const WRITE_EVERY_MS = 2_000;

export interface LastHeard {
  note(deviceId: string, at: number): void;
  /** Newer than the table knows. */
  of(deviceId: string): number | undefined;
  /** Brings the table up to date, for those who read many devices. */
  write(): void;
}

export function createLastHeard({ db, beforeCommit, onRollback }: Transaction): LastHeard {
  const update = db.prepare("UPDATE device SET last_heard = ? WHERE id = ?");
  const heard = new Map<string, number>();
  let writtenAt = 0;

  function write(): void {
    for (const [deviceId, at] of heard) update.run(at, deviceId);
    heard.clear();
  }

  beforeCommit(() => {
    const now = Date.now();
    if (heard.size === 0 || now - writtenAt < WRITE_EVERY_MS) return;
    writtenAt = now;
    write();
  });
  // Also when the disk is full: what waits here would keep every later group from committing.
  onRollback(() => heard.clear());

  return { note: (deviceId, at) => void heard.set(deviceId, at), of: (deviceId) => heard.get(deviceId), write };
}
