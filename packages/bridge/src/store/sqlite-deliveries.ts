/** Events and deliveries in the embedded store. */
import type { DeliveryRecord, DeliveryState, Ledger, PendingDelivery, Settlement } from "../core/delivery.ts";
import type { DeviceEvent } from "../core/device-event.ts";
import type { DeliveryQueue, EventLog } from "../core/ports.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";
import type { ParkedOperations } from "./sqlite/parked-operations.ts";

/** Deliveries that one transaction changes at most when many are to change: others wait for it. */
const STEP = 1_000;

type RetryStep = ReturnType<ParkedOperations["retryParked"]>;

export interface SqliteDeliveriesOptions {
  readonly worker: GroupCommit;
  readonly now: () => number;
  readonly heardFrom: (deviceId: string, at: number) => void;
}

export interface SqliteDeliveries extends EventLog, DeliveryQueue {
  ledger(integrationId: string): Promise<Ledger>;
  /** Counted since midnight UTC. */
  today(integrationId: string): Promise<{ success: number; error: number }>;
  list(
    integrationId: string,
    query: { readonly state?: DeliveryState; readonly before?: number; readonly limit: number },
  ): Promise<readonly DeliveryRecord[]>;
  /** Parked deliveries become pending again; returns the devices whose lanes have something to do. */
  retryParked(integrationId: string, ids?: readonly number[]): Promise<{ count: number; deviceIds: readonly string[] }>;
  /** Pending and parked deliveries of a deleted integration end as expired. Returns how many. */
  expirePending(integrationId: string): Promise<number>;
  /** Expires what integrations left that were deleted just before a crash. */
  expireLeftovers(): Promise<number>;
  /** One step of forgetting what was settled before `before` (Unix milliseconds), over at most `limit` events. */
  prune(before: number, limit: number): Promise<{ removed: number; done: boolean }>;
}

export function createDeliveries({ worker, now, heardFrom }: SqliteDeliveriesOptions): SqliteDeliveries {
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

  return {
    async append(event: DeviceEvent, integrationIds: readonly string[]): Promise<readonly PendingDelivery[]> {
      return appended(event, integrationIds, await worker.call("appendEvent", event, integrationIds));
    },

    async appendOnce(
      event: DeviceEvent,
      integrationIds: readonly string[],
      prints: readonly string[],
    ): ReturnType<EventLog["appendOnce"]> {
      const result = await worker.call("appendEventOnce", event, integrationIds, prints);
      if ("firstId" in result) return result;
      return { deliveries: appended(event, integrationIds, result.placed) };
    },

    devicesWithPending(integrationId: string, after: string, limit: number): Promise<readonly string[]> {
      return worker.call("devicesWithPending", integrationId, after, limit);
    },

    pending(
      integrationId: string,
      deviceId: string,
      afterSeq: number,
      limit: number,
    ): Promise<readonly PendingDelivery[]> {
      return worker.call("pending", integrationId, deviceId, afterSeq, limit);
    },

    async settle(settlement: Settlement): Promise<void> {
      await worker.call("settle", settlement);
    },

    async deliveredOn(integrationId: string, day: string): Promise<number> {
      return (await worker.call("countersOfDay", integrationId, day)).success;
    },

    ledger(integrationId: string): Promise<Ledger> {
      return worker.call("ledger", integrationId);
    },

    today(integrationId: string): Promise<{ success: number; error: number }> {
      return worker.call("countersOfDay", integrationId, new Date(now()).toISOString().slice(0, 10));
    },

    list(
      integrationId: string,
      query: { readonly state?: DeliveryState; readonly before?: number; readonly limit: number },
    ): Promise<readonly DeliveryRecord[]> {
      return worker.call("deliveries", integrationId, query);
    },

    async retryParked(
      integrationId: string,
      ids?: readonly number[],
    ): Promise<{ count: number; deviceIds: readonly string[] }> {
      if (ids !== undefined) return worker.call("retryParkedIds", integrationId, ids, now());
      const deviceIds = new Set<string>();
      let count = 0;
      let after: number | null = 0;
      while (after !== null) {
        const step: RetryStep = await worker.call("retryParked", integrationId, {
          after,
          limit: STEP,
          at: now(),
        });
        count += step.count;
        for (const id of step.deviceIds) deviceIds.add(id);
        after = step.nextAfter;
      }
      return { count, deviceIds: [...deviceIds] };
    },

    expirePending,

    async expireLeftovers(): Promise<number> {
      let expired = 0;
      for (const id of await worker.call("goneIntegrations")) expired += await expirePending(id);
      return expired;
    },

    prune(before: number, limit: number): Promise<{ removed: number; done: boolean }> {
      return worker.call("prune", before, limit);
    },
  };
}
