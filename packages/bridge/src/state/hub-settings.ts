/** What the settings of all scopes whose devices are in one hub come to. */
import { STATE_DEFAULTS, type EventEndpoint, type StateSettings } from "../core/device-state.ts";

/** Where and as whom a hub's messages are read. */
export interface Reading {
  readonly consumerGroup: string;
  /** `null`: found through the hub. */
  readonly endpoint: EventEndpoint | null;
}

export interface HubSettings {
  readonly reading: Reading;
  /** `null`: as often as is usual for the hub. */
  readonly sweepSeconds: number | null;
}

/** A hub is read once for all: by the first scope that says where and how, else by the server's own settings. */
export function hubSettings(all: readonly StateSettings[], ownEndpoint: EventEndpoint | null): HubSettings {
  const group = all.find(({ consumerGroup }) => consumerGroup !== STATE_DEFAULTS.consumerGroup)?.consumerGroup;
  const endpoint = all.find(({ eventEndpoint }) => eventEndpoint !== null)?.eventEndpoint;
  const seconds = all.flatMap(({ sweepSeconds }) => sweepSeconds ?? []);
  return {
    reading: { consumerGroup: group ?? STATE_DEFAULTS.consumerGroup, endpoint: endpoint ?? ownEndpoint },
    sweepSeconds: seconds.length === 0 ? null : Math.min(...seconds),
  };
}

export function isSameReading(a: Reading, b: Reading): boolean {
  return (
    a.consumerGroup === b.consumerGroup &&
    a.endpoint?.endpoint === b.endpoint?.endpoint &&
    a.endpoint?.name === b.endpoint?.name
  );
}
