/** CPU and memory of running processes, from the kernel's books (Linux only; elsewhere the columns stay empty). */
import { readFileSync } from "node:fs";

export interface Usage {
  /** Seconds of CPU since the process began. */
  readonly cpuSeconds: number;
  /** Resident memory in MB. */
  readonly rssMb: number;
}

const TICKS_PER_SECOND = 100;

export function usageOf(pid: number): Usage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
    return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND, rssMb: (pages * 4096) / 1e6 };
  } catch {
    return undefined;
  }
}

/** The Local Hub is the bridge's only child process. */
export function childOf(pid: number): number | undefined {
  try {
    const child = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ")[0];
    return child ? Number(child) : undefined;
  } catch {
    return undefined;
  }
}
