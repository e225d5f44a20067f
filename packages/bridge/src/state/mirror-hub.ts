/** A hub that mirrors states, and how fast each part of it may be asked: its throttles are counted apart. */
import type { Random } from "../core/backoff.ts";
import type { Clock } from "../core/clock.ts";
import type { TwinHub } from "../core/twin-hub.ts";
import { HubPace } from "./hub-pace.ts";

export interface MirrorHub {
  readonly connectionId: string;
  readonly twins: TwinHub;
  /** Devices made, changed, deleted and looked up: 100 a minute on the smallest hubs. */
  readonly registry: HubPace;
  /** 20 a minute on the smallest. */
  readonly queries: HubPace;
  /** Twins read one by one: 100 a second. */
  readonly reads: HubPace;
}

export function mirrorHub(connectionId: string, twins: TwinHub, time: { clock: Clock; random: Random }): MirrorHub {
  return {
    connectionId,
    twins,
    registry: new HubPace({ ...time, atOnce: 8 }),
    queries: new HubPace({ ...time, atOnce: 2, pause: { firstMs: 3_000, maxMs: 60_000 }, firstDistanceMs: 1_000 }),
    reads: new HubPace({ ...time, atOnce: 16, firstDistanceMs: 20 }),
  };
}

export function closePaces({ registry, queries, reads }: MirrorHub): void {
  for (const pace of [registry, queries, reads]) pace.close();
}
