/** Scans of hubs and plans made of them: at most a few at once, and kept for a while. */
import type { Clock } from "../core/clock.ts";
import { fail } from "../core/failure.ts";
import type { Failure } from "../core/failure.ts";
import {
  IDENTITY_ACTIONS,
  IDENTITY_CLASSES,
  type ApplyAnswer,
  type ApplyAsked,
  type HubIdentities,
  type IdentityAction,
  type IdentityHub,
  type IdentityScanStore,
  type PlanReport,
  type ScanReport,
  type ScanState,
  type ScannedIdentity,
} from "../core/hub-identities.ts";
import type { Identities } from "../core/identities.ts";
import { newId } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import { actionFor } from "../core/identity-actions.ts";
import { deletesUnasked } from "./classify.ts";
import type { Needs } from "./needs.ts";
import { PlanRun } from "./plan-run.ts";
import { Scan } from "./scan.ts";

const MAX_RUNNING = 3;
/** Each holds what is ours of its hub. One connection's scans push out its own: nobody scans away what others look at. */
const MAX_KEPT = 8;
const MAX_KEPT_OF_ONE = 2;
const KEPT_MS = 3_600_000;

export interface IdentityScansOptions {
  readonly store: IdentityScanStore;
  readonly identities: Pick<Identities, "saveIdentity">;
  /** `null`: there is no such connection. */
  readonly hub: (connectionId: string) => Promise<IdentityHub | null>;
  /** All connections by which the same hub is known here to the same people; the asked one first. */
  readonly sameHub: (connectionId: string) => Promise<readonly string[]>;
  /** What these connections' integrations need, as it is at this moment. */
  readonly needs: (connectionIds: readonly string[]) => Promise<Needs>;
  readonly onChanged: (connectionId: string, hubDeviceId: string) => void;
  readonly clock: Clock;
  readonly log: Log;
}

interface Kept {
  readonly id: string;
  readonly connectionId: string;
  readonly connectionIds: readonly string[];
  readonly scan: Scan;
  readonly aborting: AbortController;
  readonly startedAt: number;
  readonly ended: Promise<void>;
  state: ScanState;
  endedAt: number | null;
  failure: Failure | null;
}

/** Deletions that nobody had to name the number of. */
interface Unasked {
  readonly connectionIds: readonly string[];
  readonly at: number;
  readonly count: number;
}

export class IdentityScans implements HubIdentities {
  readonly #options: IdentityScansOptions;
  /** Newest last. */
  #kept: Kept[] = [];
  /** By connection; `null`: about to begin. */
  readonly #applying = new Map<string, PlanRun | null>();
  /** Of the last hour, by whatever scan: a script that scans again and again deletes no more than one that scans once. */
  #unasked: readonly Unasked[] = [];
  #starting: Promise<unknown> = Promise.resolve();

  constructor(options: IdentityScansOptions) {
    this.#options = options;
  }

  scan(connectionId: string): Promise<ScanReport | "full"> {
    const starting = this.#starting.then(() => this.#scan(connectionId));
    this.#starting = starting.catch(() => undefined);
    return starting;
  }

  scans(connectionId: string): readonly ScanReport[] {
    this.#dropOld();
    return this.#kept
      .filter((one) => one.connectionId === connectionId)
      .toReversed()
      .map((kept) => this.#reportOf(kept));
  }

  report(connectionId: string, scanId: string): ScanReport | null {
    const found = this.#find(connectionId, scanId);
    return found === undefined ? null : this.#reportOf(found);
  }

  cancel(connectionId: string, scanId: string): boolean {
    const found = this.#find(connectionId, scanId);
    if (found?.state !== "running") return false;
    found.state = "cancelled";
    found.endedAt = this.#options.clock.now();
    found.aborting.abort();
    return true;
  }

  list: HubIdentities["list"] = (connectionId, scanId, { class: name, after, limit }) => {
    const found = this.#find(connectionId, scanId);
    return found === undefined ? null : (found.scan.identities.get(name) ?? []).slice(after, after + limit);
  };

  async apply(connectionId: string, scanId: string, asked: ApplyAsked): Promise<ApplyAnswer> {
    const found = this.#find(connectionId, scanId);
    if (found === undefined) return { kind: "unknown" };
    // What was not seen to its end says nothing of what is missing or orphaned.
    if (found.state !== "done") return { kind: "not_whole" };
    if (this.#applying.has(connectionId)) return { kind: "busy" };
    const steps = stepsOf(found.scan, asked);
    if (steps.length === 0) return { kind: "nothing" };
    const deletes = steps.filter(([action]) => action === "delete").length;
    const inHub = found.scan.inHub;
    const unasked = deletes <= this.#leftUnasked(found);
    if (deletes > 0 && !unasked && asked.confirmedDeletes !== deletes)
      return { kind: "mass_deletion", count: deletes, inHub };
    if (unasked && deletes > 0) {
      const { connectionIds } = found;
      this.#unasked = [...this.#unasked, { connectionIds, at: this.#options.clock.now(), count: deletes }];
    }
    return { kind: "started", plan: await this.#apply(found, steps, asked.accountId) };
  }

  async plans(connectionId: string): Promise<readonly PlanReport[]> {
    const stored = await this.#options.store.plans(connectionId);
    return stored.map((plan) => this.#asItIs(plan));
  }

  planLines: HubIdentities["planLines"] = async (connectionId, planId, { after, limit }) => {
    const plan = (await this.plans(connectionId)).find(({ id }) => id === planId);
    if (plan === undefined) return null;
    return { plan, lines: await this.#options.store.planLines(planId, after, limit) };
  };

  /** Ends what runs; a plan says how far it came. */
  async stop(): Promise<void> {
    for (const { aborting } of this.#kept) aborting.abort();
    await Promise.all([...this.#applying.values()].flatMap((run) => run?.stop("The server was stopped.") ?? []));
    await Promise.all(this.#kept.map(({ ended }) => ended));
  }

  async #scan(connectionId: string): Promise<ScanReport | "full"> {
    this.#dropOld();
    const running = this.#kept.filter(({ state }) => state === "running");
    const own = running.find((one) => one.connectionId === connectionId);
    if (own !== undefined) return this.#reportOf(own);
    if (running.length >= MAX_RUNNING) return "full";
    const { store, clock, hub: open } = this.#options;
    const hub = await open(connectionId);
    const connectionIds = await this.#options.sameHub(connectionId);
    const needs = await this.#options.needs(connectionIds);
    const aborting = new AbortController();
    const none: IdentityHub["firstDevices"] = async () => fail("hub_not_found", "There is no such hub.");
    const reading = hub ?? { firstDevices: none, glance: none as never };
    const scan = new Scan({ hub: reading, store, connectionIds, needs, signal: aborting.signal });
    const kept: Kept = {
      id: newId(),
      connectionId,
      connectionIds,
      scan,
      aborting,
      startedAt: clock.now(),
      ended: Promise.resolve().then(() => this.#run(kept)),
      state: "running",
      endedAt: null,
      failure: null,
    };
    this.#kept.push(kept);
    return this.#reportOf(kept);
  }

  async #run(kept: Kept): Promise<void> {
    const { log, clock } = this.#options;
    const { connectionId, scan } = kept;
    try {
      const ended = await scan.run();
      if (kept.aborting.signal.aborted) kept.state = "cancelled";
      else if (ended.ok) kept.state = "done";
      else [kept.state, kept.failure] = ["failed", ended.failure];
    } catch (error) {
      log.error({ connectionId, reason: String(error) }, "identity_scan.failed");
      [kept.state, kept.failure] = ["failed", fail("hub_error", "The scan could not be finished.").failure];
    }
    kept.endedAt = clock.now();
    log.info({ connectionId, state: kept.state, inHub: scan.inHub, counts: scan.counts }, "identity_scan.ended");
  }

  async #apply(kept: Kept, steps: readonly Step[], accountId: string): Promise<PlanReport> {
    const { connectionId } = kept;
    this.#applying.set(connectionId, null);
    try {
      const run = await this.#started(kept, steps, accountId);
      void run.run().finally(() => this.#applying.delete(connectionId));
      return run.report;
    } catch (error) {
      this.#applying.delete(connectionId);
      throw error;
    }
  }

  async #started(kept: Kept, steps: readonly Step[], accountId: string): Promise<PlanRun> {
    const { connectionId, connectionIds } = kept;
    const hub = await this.#options.hub(connectionId);
    if (hub === null) throw new Error("The connection went while its plan was made");
    const { store, identities, onChanged, log } = this.#options;
    const { clock } = this.#options;
    const needs = fresh(() => this.#options.needs(connectionIds), clock);
    const run = new PlanRun({
      plan: planOf(connectionId, steps, clock.now()),
      steps,
      apply: { connectionId, connectionIds, hub, store, identities, needs, onChanged },
      store,
      clock,
      log,
    });
    this.#applying.set(connectionId, run);
    await store.startPlan({ ...run.report, accountId });
    log.warn({ connectionId, accountId, plan: run.report.id, planned: run.report.planned }, "identity_plan.started");
    return run;
  }

  #asItIs(plan: PlanReport): PlanReport {
    const running = this.#applying.get(plan.connectionId)?.report;
    if (running?.id === plan.id) return running;
    return plan.state === "running" ? { ...plan, state: "interrupted", message: INTERRUPTED } : plan;
  }

  /** How many may be deleted of the hub now without naming the number. */
  #leftUnasked({ connectionIds, scan }: Kept): number {
    const since = this.#options.clock.now() - KEPT_MS;
    this.#unasked = this.#unasked.filter(({ at }) => at > since);
    const sameHub = this.#unasked.filter((one) => one.connectionIds.some((id) => connectionIds.includes(id)));
    const deleted = sameHub.reduce((sum, { count }) => sum + count, 0);
    return Math.max(0, deletesUnasked(scan.inHub) - deleted);
  }

  #reportOf(kept: Kept): ScanReport {
    return reportOf(kept, this.#leftUnasked(kept));
  }

  #find(connectionId: string, scanId: string): Kept | undefined {
    this.#dropOld();
    return this.#kept.find((one) => one.id === scanId && one.connectionId === connectionId);
  }

  #dropOld(): void {
    const limit = this.#options.clock.now() - KEPT_MS;
    const fresh = this.#kept.filter(({ state, endedAt }) => state === "running" || (endedAt ?? 0) > limit);
    const kept = fresh.filter(
      ({ state, connectionId }, at) =>
        state === "running" ||
        fresh.slice(at + 1).filter((newer) => newer.connectionId === connectionId).length < MAX_KEPT_OF_ONE,
    );
    const surplus = kept.length - MAX_KEPT;
    this.#kept = surplus <= 0 ? kept : kept.filter(({ state }, i) => state === "running" || i >= surplus);
  }
}

const INTERRUPTED = "The server ended before the plan did. Scan again to see what is left.";
const NEEDS_FRESH_MS = 1_000;

export type Step = readonly [action: IdentityAction, identity: ScannedIdentity];

/** Asked for each step, and read anew once in a while. */
function fresh(read: () => Promise<Needs>, clock: Clock): () => Promise<Needs> {
  let last: { readonly at: number; readonly needs: Promise<Needs> } | null = null;
  return () => {
    if (last === null || clock.elapsed() - last.at > NEEDS_FRESH_MS) last = { at: clock.elapsed(), needs: read() };
    return last.needs;
  };
}

function stepsOf(scan: Scan, { actions, hubDeviceIds }: ApplyAsked): readonly Step[] {
  const only = hubDeviceIds === null ? null : new Set(hubDeviceIds);
  return planned(scan).filter(
    ([action, { hubDeviceId }]) => actions.includes(action) && (only === null || only.has(hubDeviceId)),
  );
}

/** All that a scan finds to be done. */
function planned(scan: Scan): readonly Step[] {
  return IDENTITY_CLASSES.flatMap((name) =>
    (scan.identities.get(name) ?? []).flatMap((identity): Step[] => {
      const action = actionFor(identity);
      return action === null ? [] : [[action, identity]];
    }),
  );
}

function planOf(connectionId: string, steps: readonly Step[], createdAt: number): PlanReport {
  return {
    id: newId(),
    connectionId,
    state: "running",
    planned: countsOf(steps),
    results: { done: 0, skipped: 0, failed: 0 },
    message: null,
    createdAt,
    endedAt: null,
  };
}

function countsOf(steps: readonly Step[]): Record<IdentityAction, number> {
  const counts = Object.fromEntries(IDENTITY_ACTIONS.map((name) => [name, 0])) as Record<IdentityAction, number>;
  for (const [action] of steps) counts[action] += 1;
  return counts;
}

function reportOf(kept: Kept, leftUnasked: number): ScanReport {
  const { id, connectionId, state, startedAt, endedAt, failure, scan } = kept;
  const { inHub, devices, disabled, generationsCompared } = scan;
  return {
    id,
    connectionId,
    state,
    startedAt,
    endedAt,
    inHub,
    devices,
    counts: { ...scan.counts },
    disabled,
    generationsCompared,
    failure,
    plan: state === "done" ? countsOf(planned(scan)) : countsOf([]),
    deletesUnasked: leftUnasked,
  };
}
