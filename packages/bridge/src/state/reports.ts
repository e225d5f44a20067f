/** How the mirroring of one hub goes, for people and metrics. */
import type { Failure } from "../core/failure.ts";
import type { StateHubReport } from "../core/state-control.ts";
import type { StateConnectionCount } from "../core/state-store.ts";
import type { SweepState } from "./sweep.ts";

export interface Reported {
  readonly count: StateConnectionCount;
  readonly hostName: string;
  readonly removals: number;
  readonly consumerGroup: string;
  /** `null`: its messages are not read, because it has no Things or nobody knows where it is. */
  readonly reading: Omit<StateHubReport["reading"], "consumerGroup"> | null;
  readonly sweep: SweepState | null;
  /** Why nothing is written to it. */
  readonly writing: Failure | null;
}

const NOT_READING = { isReading: false, failure: null, lastEventAt: null, behind: null, expired: 0 };
const NOT_SWEPT: SweepState = { lastAt: null, lastMs: null, repaired: 0, failure: null };

export function hubReport({
  count,
  hostName,
  removals,
  consumerGroup,
  reading,
  sweep,
  writing,
}: Reported): StateHubReport {
  const { connectionId, devices, pending, missing, oldestPending } = count;
  return {
    connectionId,
    hostName,
    devices,
    pending,
    missing,
    oldestPending,
    removals,
    writing: { failure: writing },
    reading: { consumerGroup, ...(reading ?? NOT_READING) },
    sweep: sweep ?? NOT_SWEPT,
  };
}
