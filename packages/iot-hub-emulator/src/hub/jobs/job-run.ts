/** One run of a job: whom it is for is found at its start, then some of them are worked on at a time. */
import type { IdentityRef } from "../registry/identity.ts";
import { identityKey } from "../registry/identity.ts";
import type { JobStatistics } from "./job.ts";

/** Devices worked on at a time. */
const AT_ONCE = 50;

export interface JobRunParts {
  readonly targets: AsyncIterable<IdentityRef>;
  /** Those that an earlier run, before a restart, has dealt with; by key, whether they succeeded. */
  readonly earlier: ReadonlyMap<string, boolean>;
  /** Does the job's work at one device; resolves with whether it succeeded. Must not reject. */
  readonly work: (ref: IdentityRef) => Promise<boolean>;
}

export class JobRun {
  readonly #parts: JobRunParts;
  #waiting: IdentityRef[] = [];
  #next = 0;
  #running = 0;
  #succeeded = 0;
  #failed = 0;
  #stopped = false;

  constructor(parts: JobRunParts) {
    this.#parts = parts;
  }

  /** Resolves when no device is left, or soon after `stop`. */
  async run(): Promise<void> {
    for await (const ref of this.#parts.targets) {
      if (this.#stopped) break;
      const before = this.#parts.earlier.get(identityKey(ref));
      if (before === undefined) this.#waiting.push(ref);
      else if (before) this.#succeeded++;
      else this.#failed++;
    }
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, this.#waiting.length) }, () => this.#work()));
  }

  /** No further device is begun. */
  stop(): void {
    this.#stopped = true;
  }

  get statistics(): JobStatistics {
    const pendingCount = this.#waiting.length - this.#next;
    return {
      deviceCount: pendingCount + this.#running + this.#succeeded + this.#failed,
      failedCount: this.#failed,
      succeededCount: this.#succeeded,
      runningCount: this.#running,
      pendingCount,
    };
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      const ref = this.#waiting[this.#next];
      if (ref === undefined) return;
      this.#next++;
      this.#running++;
      const succeeded = await this.#parts.work(ref);
      this.#running--;
      if (succeeded) this.#succeeded++;
      else this.#failed++;
    }
  }
}
