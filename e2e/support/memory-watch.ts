/** The memory of processes over time, each looked at under its name while it lives; a killed one comes back with another pid. */
import { readFileSync } from "node:fs";

const EVERY_MS = 5_000;

export class MemoryWatch {
  readonly #timer: NodeJS.Timeout;
  readonly #seen = new Map<string, number[]>();

  constructor(pids: Readonly<Record<string, () => number>>) {
    this.#timer = setInterval(() => {
      for (const [name, pid] of Object.entries(pids)) {
        const megabytes = residentOf(pid());
        if (megabytes !== null) this.#seen.set(name, [...(this.#seen.get(name) ?? []), megabytes]);
      }
    }, EVERY_MS).unref();
  }

  /** In MB, every five seconds. */
  stop(): Readonly<Record<string, readonly number[]>> {
    clearInterval(this.#timer);
    return Object.fromEntries(this.#seen);
  }
}

function residentOf(pid: number): number | null {
  try {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kilobytes === undefined ? null : Math.round(Number(kilobytes) / 1024);
  } catch {
    return null;
  }
}
