/** Events and what is to be delivered of them, in the embedded store. */
import type { PendingDelivery, Settlement } from "../core/delivery.ts";
import type { DeliveryQueue, EventLog } from "../core/delivery-queue.ts";
import type { DeviceEvent } from "../core/device-event.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";

export interface SqliteQueue extends EventLog, DeliveryQueue {
  /** A new event for this integration alone; the parked delivery `of` ends as expired. */
  appendCopy(integrationId: string, of: number, event: DeviceEvent & { deviceId: string }): Promise<PendingDelivery>;
  /** Tries that failed since the store was opened, by failure code. */
  failedTries(): ReadonlyMap<string, number>;
  /** Integrations of which more than `limit` deliveries are pending. */
  overBacklog(limit: number): Promise<readonly string[]>;
}

export interface SqliteQueueOptions {
  readonly worker: GroupCommit;
  readonly now: () => number;
  readonly heardFrom: (deviceId: string, at: number) => void;
}

export function createQueue({ worker, heardFrom }: Omit<SqliteQueueOptions, "now">): SqliteQueue {
  const failed = new Map<string, number>();

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
    async append(event, integrationIds) {
      return appended(event, integrationIds, await worker.call("appendEvent", event, integrationIds));
    },

    async appendOnce(event, integrationIds, prints) {
      const result = await worker.call("appendEventOnce", event, integrationIds, prints);
      if ("firstId" in result) return result;
      return { deliveries: appended(event, integrationIds, result.placed) };
    },

    async appendCopy(integrationId, of, event) {
      const { copy } = await worker.call("appendCopy", integrationId, of, event);
      return copy;
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

    overBacklog: (limit) => worker.call("overBacklog", limit),
  };
}
