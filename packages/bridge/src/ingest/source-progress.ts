/** How far each source has come, kept in memory and written every few seconds: no source costs a write per event. */
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { emptyProgress } from "../core/source.ts";
import type { SourceProgress, Sources } from "../core/source.ts";
import { utcDay } from "../core/utc-day.ts";
import type { IntakeResult } from "./cloud-intake.ts";

const WRITE_EVERY_MS = 5_000;

export interface ProgressOptions {
  readonly store: Pick<Sources, "sourceProgress" | "saveSourceProgress">;
  readonly clock: Clock;
  readonly log: Log;
}

export class Progresses {
  readonly #options: ProgressOptions;
  readonly #known = new Map<string, SourceProgress>();
  readonly #changed = new Set<string>();
  #stopTimer: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  async of(sourceId: string): Promise<SourceProgress> {
    const known = this.#known.get(sourceId) ?? (await this.#options.store.sourceProgress(sourceId));
    // Another call may have read and changed it meanwhile.
    const progress = this.#ofToday(this.#known.get(sourceId) ?? known);
    this.#known.set(sourceId, progress);
    return progress;
  }

  async change(sourceId: string, change: (progress: SourceProgress) => Partial<SourceProgress>): Promise<void> {
    await this.of(sourceId);
    // As it is now: others may have changed it while this waited.
    const progress = this.#ofToday(this.#known.get(sourceId) ?? null);
    this.#known.set(sourceId, { ...progress, ...change(progress) });
    this.#changed.add(sourceId);
    if (this.#stopTimer === undefined && !this.#stopped) {
      this.#stopTimer = this.#options.clock.after(WRITE_EVERY_MS, () => {
        this.#stopTimer = undefined;
        this.#writing = this.write();
      });
    }
  }

  /** Counts what became of an event. */
  count(sourceId: string, result: IntakeResult): Promise<void> {
    const at = this.#options.clock.now();
    return this.change(sourceId, (progress) => {
      switch (result.kind) {
        case "accepted":
          return result.repeated
            ? { repeated: progress.repeated + 1 }
            : { accepted: progress.accepted + 1, lastEventAt: at };
        case "ignored":
          return result.reason === "test" ? { lastTestAt: at } : { ignored: progress.ignored + 1 };
        case "refused":
          return { refused: progress.refused + 1, lastRefusal: { at, message: result.message } };
        case "unavailable":
          return {};
      }
    });
  }

  forget(sourceId: string): void {
    this.#known.delete(sourceId);
    this.#changed.delete(sourceId);
  }

  /** Writes what has changed. */
  async write(): Promise<void> {
    const ids = [...this.#changed];
    this.#changed.clear();
    for (const id of ids) {
      const progress = this.#known.get(id);
      if (progress === undefined) continue;
      try {
        await this.#options.store.saveSourceProgress(id, progress);
      } catch (error) {
        this.#changed.add(id);
        this.#options.log.warn({ sourceId: id, reason: String(error) }, "source.progress_not_written");
      }
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopTimer?.();
    await this.#writing;
    await this.write();
  }

  #ofToday(progress: SourceProgress | null): SourceProgress {
    const day = utcDay(this.#options.clock.now());
    if (progress === null) return emptyProgress(day);
    return progress.day === day ? progress : { ...progress, day, accepted: 0, repeated: 0, ignored: 0, refused: 0 };
  }
}
