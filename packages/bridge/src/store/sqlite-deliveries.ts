/** Events and deliveries in the embedded store. What touches many goes in steps: others wait for the worker too. */
import {
  replayQueue,
  type DeliveryRecord,
  type Ledger,
  type PendingDelivery,
  type Settlement,
} from "../core/delivery.ts";
import type { DeliveryPage, Replay, ReplayWindow, Selection } from "../core/delivery-history.ts";
import type { DeviceEvent } from "../core/device-event.ts";
import { newId } from "../core/ids.ts";
import type { Deliveries } from "../core/deliveries.ts";
import type { DeliveryQueue, EventLog } from "../core/delivery-queue.ts";
import type { Lane } from "./sqlite/delivery-rows.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";
import type { ParkedStep } from "./sqlite/parked-operations.ts";

/** Deliveries that one transaction changes at most when many are to change. */
const STEP = 500;
/** Rows that one step of a search looks at, and steps until it answers with what it has. */
const SCAN = 2_000;
const MAX_SCANS = 25;

export interface SqliteDeliveriesOptions {
  readonly worker: GroupCommit;
  readonly now: () => number;
  readonly heardFrom: (deviceId: string, at: number) => void;
}

/** Deliveries changed behind the dispatcher's back: devices by the queue whose lanes must read the store anew. */
export interface Changes {
  readonly count: number;
  readonly lanes: ReadonlyMap<string, ReadonlySet<string>>;
}

/** The part of the API's port that needs nothing but the store. */
type Looking = Pick<
  Deliveries,
  "ledger" | "ledgers" | "today" | "page" | "delivery" | "log" | "failures" | "series" | "replays"
>;

export interface SqliteDeliveries extends EventLog, DeliveryQueue, Looking {
  /** Parked deliveries become pending again. */
  retry(integrationId: string, which: Selection): Promise<Changes>;
  /** Parked deliveries, named ones also when they are pending, end as expired. */
  discard(integrationId: string, which: Selection, note: string): Promise<Changes>;
  /** A new event for this integration alone; the parked delivery `of` ends as expired. */
  appendCopy(integrationId: string, of: number, event: DeviceEvent & { deviceId: string }): Promise<PendingDelivery>;
  /** Pending and parked deliveries of a deleted integration end as expired. Returns how many. */
  expirePending(integrationId: string): Promise<number>;
  /** Expires what integrations left that were deleted just before a crash. */
  expireLeftovers(): Promise<number>;
  /** Ends what is pending or parked since before a time, unix milliseconds. */
  expireOld(integrationId: string, state: "pending" | "parked", before: number): Promise<Changes>;
  oldest(): Promise<
    readonly {
      readonly integrationId: string;
      readonly pendingSince: number | null;
      readonly parkedSince: number | null;
    }[]
  >;
  /** One step of forgetting what was settled before `before` (Unix milliseconds), over at most `limit` events. */
  prune(before: number, limit: number): Promise<{ removed: number; done: boolean }>;
  /** Merges and forgets what curves no longer need. */
  tidySeries(): Promise<void>;
  /** Tries that failed since the store was opened, by failure code. */
  failedTries(): ReadonlyMap<string, number>;
  overBacklog(limit: number): Promise<readonly string[]>;

  /** `null` while another one of the integration runs. */
  createReplay(integrationId: string, window: ReplayWindow): Promise<Replay | null>;
  runningReplays(): Promise<readonly Replay[]>;
  /** Queues what comes next, so that at most `room` wait. `idle`: nothing to do before some are sent. */
  replayStep(id: string, room: number): Promise<{ deviceIds: readonly string[]; idle: boolean }>;
  cancelReplay(integrationId: string, id: string): Promise<Changes | null>;

  /** Erases all events of a device. */
  eraseDevice(deviceId: string): Promise<{ events: number } & Changes>;
}

const DAY_MS = 86_400_000;
/** How long curves are kept by the minute, and at all. */
const MINUTES_FOR_MS = 2 * DAY_MS;
const SERIES_FOR_MS = 31 * DAY_MS;

export function createDeliveries({ worker, now, heardFrom }: SqliteDeliveriesOptions): SqliteDeliveries {
  const failed = new Map<string, number>();

  async function expirePending(integrationId: string): Promise<number> {
    let expired = 0;
    for (;;) {
      const count = await worker.call("expire", integrationId, now(), STEP);
      expired += count;
      if (count < STEP) return expired;
    }
  }

  function appended(
    event: DeviceEvent,
    integrationIds: readonly string[],
    placed: readonly number[],
  ): readonly PendingDelivery[] {
    const { deviceId } = event;
    if (deviceId === null) return [];
    heardFrom(deviceId, event.receivedAt);
    return integrationIds.map((integrationId, i) => ({
      id: placed[i * 2]!,
      integrationId,
      event: { ...event, deviceId },
      seq: placed[i * 2 + 1]!,
      attempts: 0,
    }));
  }

  /** Walks over all parked deliveries, or those of a cause. */
  async function walkParked(
    integrationId: string,
    code: string | null,
    step: (step: ParkedStep) => Promise<{ count: number; lanes: readonly Lane[]; nextAfter: number | null }>,
  ): Promise<Changes> {
    const changes = new Gathered();
    let after: number | null = 0;
    while (after !== null) {
      const taken: Awaited<ReturnType<typeof step>> = await step({ code, after, limit: STEP, at: now() });
      changes.add(integrationId, taken.count, taken.lanes);
      after = taken.nextAfter;
    }
    return changes;
  }

  return {
    async append(event, integrationIds) {
      return appended(event, integrationIds, await worker.call("appendEvent", event, integrationIds));
    },

    async appendOnce(event, integrationIds, prints) {
      const result = await worker.call("appendEventOnce", event, integrationIds, prints);
      if ("firstId" in result) return result;
      return { deliveries: appended(event, integrationIds, result.placed) };
    },

    devicesWithPending: (queue, after, limit) => worker.call("devicesWithPending", queue, after, limit),
    pending: (queue, deviceId, afterSeq, limit) => worker.call("pending", queue, deviceId, afterSeq, limit),
    async settle(settlement: Settlement): Promise<void> {
      await worker.call("settle", settlement);
      if (settlement.kind === "delivered") return;
      const { code } = settlement.failure;
      failed.set(code, (failed.get(code) ?? 0) + 1);
    },
    failedTries: () => failed,

    async deliveredOn(integrationId: string, day: string): Promise<number> {
      return (await worker.call("countersOfDay", integrationId, Date.parse(day))).success;
    },

    ledger: (integrationId): Promise<Ledger> => worker.call("ledger", integrationId),
    ledgers: () => worker.call("ledgers"),
    today: (integrationId) => worker.call("countersOfDay", integrationId, now()),
    delivery: (integrationId, id) => worker.call("delivery", integrationId, id),
    log: (integrationId) => worker.call("integrationLog", integrationId),
    failures: (integrationId) => worker.call("failureGroups", integrationId),
    series: (subject, query) => worker.call("series", subject, query),
    replays: (integrationId) => worker.call("replays", integrationId),

    async page(integrationId, { limit, before, ...filter }) {
      const records: DeliveryRecord[] = [];
      let next = before ?? null;
      for (let scan = 0; scan < MAX_SCANS; scan++) {
        const page: DeliveryPage = await worker.call("deliveryPage", integrationId, {
          ...filter,
          ...(next === null ? {} : { before: next }),
          limit: limit - records.length,
          scan: Math.max(SCAN, limit),
        });
        records.push(...page.records);
        ({ next } = page);
        if (next === null || records.length === limit) break;
      }
      return { records, next };
    },

    async retry(integrationId, which) {
      if (which.kind === "ids")
        return gathered(integrationId, await worker.call("retryIds", integrationId, which.ids, now()));
      const code = which.kind === "code" ? which.code : null;
      return walkParked(integrationId, code, (step) => worker.call("retryParked", integrationId, step));
    },

    async discard(integrationId, which, note) {
      if (which.kind === "ids") {
        return gathered(integrationId, await worker.call("discardIds", integrationId, which.ids, now(), note));
      }
      const code = which.kind === "code" ? which.code : null;
      return walkParked(integrationId, code, (step) => worker.call("discardParked", integrationId, { ...step, note }));
    },

    async appendCopy(integrationId, of, event) {
      const { copy } = await worker.call("appendCopy", integrationId, of, event);
      return copy;
    },

    expirePending,

    async expireLeftovers(): Promise<number> {
      let expired = 0;
      for (const id of await worker.call("goneIntegrations")) expired += await expirePending(id);
      return expired;
    },

    async expireOld(integrationId, state, before) {
      const changes = new Gathered();
      let after: number | null = 0;
      while (after !== null) {
        const step = { state, before, after, limit: STEP, at: now() };
        const taken: { count: number; lanes: Lane[]; nextAfter: number | null } = await worker.call(
          "expireOld",
          integrationId,
          step,
        );
        changes.add(integrationId, taken.count, taken.lanes);
        after = taken.nextAfter;
      }
      return changes;
    },

    oldest: () => worker.call("oldest"),
    prune: (before, limit) => worker.call("prune", before, limit),

    async tidySeries() {
      const before = { minutes: now() - MINUTES_FOR_MS, all: now() - SERIES_FOR_MS };
      while ((await worker.call("tidySeries", before, STEP)) >= STEP);
    },

    overBacklog: (limit) => worker.call("overBacklog", limit),

    createReplay: (integrationId, window) => worker.call("createReplay", newId(), integrationId, window, now()),
    runningReplays: () => worker.call("runningReplays"),

    async replayStep(id, room) {
      const { deviceIds, state, full } = await worker.call("replayStep", id, { scan: STEP, room, at: now() });
      return { deviceIds, idle: full || state !== "running" };
    },

    async cancelReplay(integrationId, id) {
      const isKnown = (await worker.call("replays", integrationId)).some((replay) => replay.id === id);
      if (!isKnown) return null;
      const changes = new Gathered();
      for (;;) {
        const step = await worker.call("cancelReplay", id, now(), STEP);
        if (step === null) return null;
        const lanes = step.deviceIds.map((deviceId): Lane => ({ isReplayed: true, deviceId }));
        changes.add(integrationId, lanes.length, lanes);
        if (step.done) return changes;
      }
    },

    async eraseDevice(deviceId) {
      const changes = new Gathered();
      for (;;) {
        const { count, lanes, done } = await worker.call("eraseDeliveries", deviceId, now(), STEP);
        changes.count += count;
        for (const lane of lanes) changes.add(lane.integrationId, 0, [lane]);
        if (done) break;
      }
      let events = 0;
      let after: number | null = 0;
      while (after !== null) {
        const step: { count: number; nextAfter: number | null } = await worker.call(
          "eraseEvents",
          deviceId,
          after,
          SCAN,
        );
        events += step.count;
        after = step.nextAfter;
      }
      await worker.truncateLog();
      return { events, count: changes.count, lanes: changes.lanes };
    },
  };
}

class Gathered implements Changes {
  count = 0;
  readonly lanes: Map<string, Set<string>> = new Map();

  add(integrationId: string, count: number, lanes: readonly Lane[]): void {
    this.count += count;
    for (const { isReplayed, deviceId } of lanes) {
      const queue = isReplayed ? replayQueue(integrationId) : integrationId;
      const devices = this.lanes.get(queue) ?? new Set();
      this.lanes.set(queue, devices.add(deviceId));
    }
  }
}

function gathered(integrationId: string, { count, lanes }: { count: number; lanes: readonly Lane[] }): Changes {
  const changes = new Gathered();
  changes.add(integrationId, count, lanes);
  return changes;
}
