/** One plan on its way: a few identities at once, each written down when it is done. */
import type { Clock } from "../core/clock.ts";
import type { IdentityScanStore, PlanLine, PlanReport, PlanState } from "../core/hub-identities.ts";
import type { Log } from "../core/log.ts";
import { applyOne, type ApplyOptions } from "./apply.ts";
import type { Step } from "./identity-scans.ts";

const AT_ONCE = 4;
/** Lines that are written together at most; a crash forgets so many. */
const LINES_AT_ONCE = 20;

export interface PlanRunOptions {
  readonly plan: PlanReport;
  readonly steps: readonly Step[];
  readonly apply: ApplyOptions;
  readonly store: Pick<IdentityScanStore, "continuePlan">;
  readonly clock: Clock;
  readonly log: Log;
}

export class PlanRun {
  readonly #options: PlanRunOptions;
  #report: PlanReport;
  #next = 0;
  #lines = 0;
  #unwritten: PlanLine[] = [];
  #stopped: string | null = null;
  #running: Promise<void> | undefined;

  constructor(options: PlanRunOptions) {
    this.#options = options;
    this.#report = options.plan;
  }

  get report(): PlanReport {
    return this.#report;
  }

  /** Resolves when all is done and written. Never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Begins nothing more. */
  async stop(reason: string): Promise<void> {
    this.#stopped ??= reason;
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, log, plan } = this.#options;
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, () => this.#work()));
    } catch (error) {
      this.#stopped ??= String(error);
    }
    const state: PlanState = this.#stopped === null ? "done" : "stopped";
    this.#report = { ...this.#report, state, message: this.#stopped, endedAt: clock.now() };
    await this.#write().catch((error: unknown) => log.error({ reason: String(error) }, "identity_plan.not_written"));
    log.info({ plan: plan.id, state, results: this.#report.results }, "identity_plan.ended");
  }

  async #work(): Promise<void> {
    const { steps, apply } = this.#options;
    while (this.#stopped === null) {
      const step = steps[this.#next];
      if (step === undefined) return;
      this.#next += 1;
      const [action, identity] = step;
      const { result, message, failure } = await applyOne(apply, action, identity);
      const { results } = this.#report;
      this.#report = { ...this.#report, results: { ...results, [result]: results[result] + 1 } };
      this.#lines += 1;
      this.#unwritten.push({ line: this.#lines, action, hubDeviceId: identity.hubDeviceId, result, message });
      if (failure !== null) this.#stopped ??= `Stopped: ${failure.message}`;
      if (this.#unwritten.length >= LINES_AT_ONCE) await this.#write();
    }
  }

  async #write(): Promise<void> {
    const lines = this.#unwritten;
    this.#unwritten = [];
    await this.#options.store.continuePlan(this.#report, lines);
  }
}
