/** What became of jobs at each device: the rows of `devices.jobs`. The newest are kept, in the journal when it lasts. */
import { identityKey } from "../registry/identity.ts";
import type { Journal } from "../journal/journal.ts";
import type { JsonObject } from "../twins/twin.ts";
import { formatDeviceJob } from "./job.ts";
import type { DeviceJob, Job } from "./job.ts";

const PREFIX = "device-job/";
const MAX_ROWS = 100_000;
/** Of all answers to methods together, in characters of their JSON. */
const MAX_ANSWERS = 32 * 1024 * 1024;

export class JobHistory {
  /** By number, in its order. */
  readonly #rows = new Map<number, DeviceJob>();
  readonly #journal: Journal;
  #lastNumber = 0;
  #answers = 0;

  constructor(journal: Journal) {
    this.#journal = journal;
    const kept = [...journal.entries].filter(([key]) => key.startsWith(PREFIX)).map(([, row]) => row as DeviceJob);
    for (const row of kept.toSorted((a, b) => a.number - b.number)) {
      this.#rows.set(row.number, row);
      this.#answers += answerOf(row);
    }
    this.#lastNumber = kept.reduce((last, { number }) => Math.max(last, number), 0);
  }

  /** A device's turn has come. In memory only: after a crash it comes again. */
  begin(row: Omit<DeviceJob, "number" | "status">): DeviceJob {
    const begun: DeviceJob = { ...row, number: ++this.#lastNumber, status: "running" };
    this.#rows.set(begun.number, begun);
    this.#forgetOldest();
    return begun;
  }

  /** A device's turn is over; resolves when that is written. */
  async end(row: DeviceJob): Promise<void> {
    if (!this.#rows.has(row.number)) return;
    this.#rows.set(row.number, row);
    this.#answers += answerOf(row);
    const written = this.#journal.commit([[PREFIX + row.number, row]]);
    this.#forgetOldest();
    await written;
  }

  /** Whom a job was done to before a restart, and whether with success. */
  ended({ jobId, createdTime }: Job): ReadonlyMap<string, boolean> {
    const ended = new Map<string, boolean>();
    for (const row of this.#rows.values()) {
      if (row.jobId !== jobId || row.createdTime !== createdTime || row.status === "running") continue;
      ended.set(identityKey(row.ref), row.status === "completed");
    }
    return ended;
  }

  /** Rows from a number on, as queries see them. */
  *from(number: number): Generator<readonly [place: number, row: JsonObject]> {
    for (const row of this.#rows.values()) if (row.number >= number) yield [row.number, formatDeviceJob(row)];
  }

  #forgetOldest(): void {
    for (const row of this.#rows.values()) {
      if (this.#rows.size <= MAX_ROWS && this.#answers <= MAX_ANSWERS) return;
      this.#rows.delete(row.number);
      this.#answers -= answerOf(row);
      // The row is gone from memory; should the write fail, the next start forgets it again.
      this.#journal.commit([[PREFIX + row.number, undefined]]).catch(() => undefined);
    }
  }
}

function answerOf({ response }: DeviceJob): number {
  return response === undefined ? 0 : JSON.stringify(response.payload).length;
}
