/** Deliveries that the store changes at somebody's wish, a step at a time: others wait for the worker too. */
import { replayQueue } from "../core/delivery.ts";
import type { Lane } from "./sqlite/delivery-rows.ts";

/** Deliveries that one transaction changes at most when many are to change. */
export const STEP = 500;

/** Deliveries changed behind the dispatcher's back: devices by the queue whose lanes must read the store anew. */
export interface Changes {
  readonly count: number;
  readonly lanes: ReadonlyMap<string, ReadonlySet<string>>;
}

export class Gathered implements Changes {
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

export function gathered(integrationId: string, { count, lanes }: { count: number; lanes: readonly Lane[] }): Changes {
  const changes = new Gathered();
  changes.add(integrationId, count, lanes);
  return changes;
}
