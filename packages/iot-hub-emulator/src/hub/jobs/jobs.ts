/**
 * Scheduled jobs: twin updates and method calls for all devices that a condition means. Jobs and their history outlive a
 * restart; one that was running goes on with the devices it had not finished.
 */
import type { HubClock } from "../clock/clock.ts";
import { HubError, asHubError } from "../errors.ts";
import type { IdentityRef } from "../registry/identity.ts";
import { requireDeviceId } from "../registry/identity-fields.ts";
import type { Journal } from "../journal/journal.ts";
import type { Methods } from "../methods/methods.ts";
import { Continuations } from "../query/continuation.ts";
import { MAX_PAGE } from "../query/query.ts";
import type { PageRequest, Query } from "../query/query.ts";
import type { JsonObject, JsonValue } from "../twins/twin.ts";
import type { Twins } from "../twins/twins.ts";
import { formatJob, hasEnded } from "./job.ts";
import type { DeviceJob, Job, JobStatus } from "./job.ts";
import type { JobHistory } from "./job-history.ts";
import { actionOf, parseJobRequest, targetOf } from "./job-request.ts";
import type { JobAction } from "./job-request.ts";
import { JobRun } from "./job-run.ts";

export interface JobsParts {
  readonly journal: Journal;
  readonly clock: HubClock;
  readonly query: Query;
  readonly twins: Twins;
  readonly methods: Methods;
  readonly history: JobHistory;
}

export interface JobFilter {
  readonly type?: string;
  readonly status?: string;
}

export interface JobPage {
  readonly rows: readonly JsonObject[];
  readonly continuation?: string;
}

const PREFIX = "job/";
/** Jobs that are remembered; the oldest that ended makes room. */
const MAX_JOBS = 1_000;
/** Jobs that run at a time; the service runs 1 to 10, by its tier. */
const MAX_RUNNING = 10;
const DEFAULT_PAGE = 100;

export class Jobs {
  readonly #parts: JobsParts;
  readonly #jobs = new Map<string, Job>();
  readonly #runs = new Map<string, JobRun>();
  readonly #continuations = new Continuations();
  #lastNumber = 0;
  #closed = false;

  constructor(parts: JobsParts) {
    this.#parts = parts;
    const kept = [...parts.journal.entries].filter(([key]) => key.startsWith(PREFIX)).map(([, job]) => job as Job);
    for (const job of kept.toSorted((a, b) => a.number - b.number)) {
      this.#jobs.set(job.jobId, job);
      this.#lastNumber = job.number;
    }
    for (const job of kept) if (!hasEnded(job)) this.#startAt(job);
  }

  /**
   * Schedules a job from a client's document; it starts at once when its time has come. Throws `ArgumentInvalid`,
   * `JobAlreadyExists` or `JobQuotaExceeded`.
   */
  async schedule(jobId: string, document: unknown): Promise<JsonObject> {
    requireDeviceId(jobId);
    const request = parseJobRequest(document);
    if (this.#jobs.has(jobId)) throw new HubError("JobAlreadyExists", `A job with the id ${jobId} exists already.`);
    const now = this.#parts.clock.now();
    const startTime = Math.max(request.startTime ?? now, now);
    const job: Job = {
      ...request,
      number: ++this.#lastNumber,
      jobId,
      createdTime: now,
      startTime,
      status: startTime > now ? "scheduled" : "queued",
    };
    const forgotten = this.#makeRoom();
    this.#jobs.set(jobId, job);
    await this.#parts.journal.commit([...forgotten, [PREFIX + jobId, job]]);
    this.#startAt(job);
    return formatJob(job);
  }

  /** Throws `JobNotFound`. */
  get(jobId: string): JsonObject {
    return formatJob(this.#find(jobId), this.#runs.get(jobId)?.statistics);
  }

  /** No further device is begun; calls under way end by themselves. A job that ended stays as it is. Throws `JobNotFound`. */
  async cancel(jobId: string): Promise<JsonObject> {
    if (!hasEnded(this.#find(jobId))) await this.#end(jobId, "cancelled");
    return this.get(jobId);
  }

  /** A page of jobs in the order of their creation. Throws `ArgumentInvalid` for a continuation that cannot be used. */
  list({ type = "", status = "" }: JobFilter, { maxItemCount = DEFAULT_PAGE, continuation }: PageRequest): JobPage {
    const name = `jobs ${JSON.stringify([type, status])}`;
    const from = continuation === undefined ? 0 : this.#continuations.read(name, continuation).position;
    const limit = Math.min(maxItemCount, MAX_PAGE);
    const rows: JsonObject[] = [];
    for (const job of this.#jobs.values()) {
      if (job.number < from || !means(type, job.type) || !means(status, job.status)) continue;
      if (rows.length === limit)
        return { rows, continuation: this.#continuations.write(name, { position: job.number }) };
      rows.push(this.get(job.jobId));
    }
    return { rows };
  }

  /** Begins nothing further and writes nothing more. */
  close(): void {
    this.#closed = true;
    for (const run of this.#runs.values()) run.stop();
  }

  #find(jobId: string): Job {
    const job = this.#jobs.get(jobId);
    if (job === undefined) throw new HubError("JobNotFound", `There is no job with the id ${jobId}.`);
    return job;
  }

  #makeRoom(): readonly (readonly [string, undefined])[] {
    if (this.#jobs.size < MAX_JOBS) return [];
    for (const job of this.#jobs.values()) {
      if (!hasEnded(job)) continue;
      this.#jobs.delete(job.jobId);
      return [[PREFIX + job.jobId, undefined]];
    }
    throw new HubError("JobQuotaExceeded", `The hub holds ${MAX_JOBS} jobs that have not ended; cancel some.`);
  }

  // A job that is due does not wait for the clock, which may be frozen.
  #startAt({ jobId, startTime }: Job): void {
    const { clock } = this.#parts;
    const start = (): void => {
      const job = this.#jobs.get(jobId);
      if (job === undefined || hasEnded(job)) return;
      if (job.status === "scheduled") this.#jobs.set(jobId, { ...job, status: "queued" });
      this.#startDue();
    };
    if (startTime <= clock.now()) queueMicrotask(start);
    else clock.at(startTime, start);
  }

  #startDue(): void {
    const now = this.#parts.clock.now();
    for (const job of this.#jobs.values()) {
      if (this.#closed || this.#runs.size >= MAX_RUNNING) return;
      if (!hasEnded(job) && job.startTime <= now && !this.#runs.has(job.jobId)) void this.#run(job);
    }
  }

  // Never rejects: what goes wrong with the job as a whole is told by its status.
  async #run(job: Job): Promise<void> {
    const { clock } = this.#parts;
    const { jobId } = job;
    let cancelDeadline: () => void = () => undefined;
    try {
      const deadline = job.startTime + job.maxExecutionTimeInSeconds * 1000;
      const run = this.#newRun(job, deadline);
      this.#runs.set(jobId, run);
      cancelDeadline = clock.at(deadline, () => run.stop());
      await this.#change(jobId, { status: "running" });
      await run.run();
      const unreached = run.statistics.pendingCount;
      const failureReason = `The execution time ran out before ${unreached} devices had their turn.`;
      await (unreached === 0 ? this.#end(jobId, "completed") : this.#end(jobId, "failed", failureReason));
    } catch (error) {
      // When even that cannot be written, the folder still says "running" and a restart takes the job up again.
      await this.#end(jobId, "failed", asHubError(error).message).catch(() => undefined);
    } finally {
      cancelDeadline();
      this.#runs.delete(jobId);
      this.#startDue();
    }
  }

  #newRun(job: Job, deadline: number): JobRun {
    const { query, history } = this.#parts;
    const action = actionOf(job);
    return new JobRun({
      targets: query.matching(targetOf(job)),
      earlier: history.ended(job),
      work: (ref) => this.#work(job, ref, action, deadline),
    });
  }

  async #work(job: Job, ref: IdentityRef, action: JobAction, deadline: number): Promise<boolean> {
    const { history, clock } = this.#parts;
    const startTime = clock.now();
    const { jobId, type, createdTime } = job;
    const row = history.begin({ jobId, type, ref, createdTime, startTime, updatedTime: startTime });
    const result = await this.#act(ref, action, deadline);
    if (this.#closed) return false;
    const ended: DeviceJob = { ...row, ...result, updatedTime: clock.now() };
    // A result that cannot be written counts as a failure: after a restart the device would have its turn again.
    const written = await history.end(ended).then(
      () => true,
      () => false,
    );
    return written && ended.status === "completed";
  }

  async #act(
    ref: IdentityRef,
    action: JobAction,
    deadline: number,
  ): Promise<Pick<DeviceJob, "status" | "response" | "error">> {
    const { twins, methods, clock } = this.#parts;
    try {
      if (action.kind === "updateTwin") {
        await twins.patch(ref, action.change, action.ifMatch);
        return { status: "completed" };
      }
      const left = Math.max(deadline - clock.now(), 0);
      const { status, payload } = await methods.invoke(ref, {
        ...action.request,
        responseTimeoutMs: Math.min(action.request.responseTimeoutMs, left),
        connectTimeoutMs: Math.min(action.request.connectTimeoutMs, left),
      });
      return { status: "completed", response: { status, payload: payload as JsonValue } };
    } catch (error) {
      const { errorCode, message } = asHubError(error);
      return { status: "failed", error: { code: String(errorCode), description: message } };
    }
  }

  async #end(jobId: string, status: JobStatus, failureReason?: string): Promise<void> {
    const run = this.#runs.get(jobId);
    run?.stop();
    const current = this.#jobs.get(jobId);
    if (current === undefined || hasEnded(current)) {
      // A cancelled job's last calls have ended: what they came to is still counted.
      if (current !== undefined && run !== undefined) await this.#change(jobId, { statistics: run.statistics });
      return;
    }
    await this.#change(jobId, {
      status,
      endTime: this.#parts.clock.now(),
      ...(failureReason === undefined ? {} : { failureReason }),
      ...(run === undefined ? {} : { statistics: run.statistics }),
    });
  }

  async #change(jobId: string, fields: Partial<Job>): Promise<void> {
    const current = this.#jobs.get(jobId);
    if (current === undefined || this.#closed) return;
    const job: Job = { ...current, ...fields };
    this.#jobs.set(jobId, job);
    await this.#parts.journal.commit([[PREFIX + jobId, job]]);
  }
}

function means(wanted: string, actual: string): boolean {
  return wanted === "" || wanted.toLowerCase() === actual.toLowerCase();
}
