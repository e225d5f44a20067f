/** What is measured of states: each hub that mirrors some, and what became of them since the start. */
import { Counter, type Metric, type Registry } from "prom-client";
import type { StateCounts, StateHubReport } from "./core/state-control.ts";

export interface StatesMeasured {
  hubs(): Promise<readonly StateHubReport[]>;
  counts(): StateCounts;
}

type Labels = Readonly<Record<string, string>>;
type MakeGauge = (
  name: string,
  help: string,
  labelNames: string[],
  values: () => Promise<(readonly [labels: Labels, value: number])[]>,
) => Metric;

/** Of a report; `null`: there is no figure yet. */
type Figure = (report: StateHubReport, now: number) => number | null;

const HUB_FIGURES: readonly (readonly [name: string, help: string, figure: Figure])[] = [
  ["states", "Devices whose state the hub mirrors", ({ devices }) => devices],
  ["states_pending", "States of which something waits for the hub", ({ pending }) => pending],
  ["states_missing", "Things that the hub has no more", ({ missing }) => missing],
  [
    "states_oldest_pending_seconds",
    "How long the longest waiting state has been waiting",
    ({ oldestPending }, now) => (oldestPending === null ? 0 : seconds(now - oldestPending)),
  ],
  ["state_removals", "Devices that are still to be deleted in the hub", ({ removals }) => removals],
  ["state_reading", "1 while the messages of the hub's devices are read", ({ reading }) => (reading.isReading ? 1 : 0)],
  [
    "state_last_message_age_seconds",
    "Since the hub took the last message that was read",
    ({ reading: { lastEventAt } }, now) => (lastEventAt === null ? null : seconds(now - lastEventAt)),
  ],
  ["state_messages_behind", "Messages that the hub has and that were not read yet", ({ reading }) => reading.behind],
  [
    "state_messages_expired",
    "Messages that were too old for the hub before they were read, since the start",
    ({ reading }) => reading.expired,
  ],
  [
    "state_sweep_seconds",
    "How long the last comparison of all twins took",
    ({ sweep: { lastMs } }) => (lastMs === null ? null : seconds(lastMs)),
  ],
  [
    "state_sweep_age_seconds",
    "Since the last comparison of all twins",
    ({ sweep: { lastAt } }, now) => (lastAt === null ? null : seconds(now - lastAt)),
  ],
  ["state_sweep_repaired", "Twins that comparisons brought into step since the start", ({ sweep }) => sweep.repaired],
];

const COUNTERS: readonly (readonly [name: string, help: string, label: string, counts: keyof StateCounts])[] = [
  ["state_pushes_total", "Writes that hubs took: into desired or reported properties, or messages", "what", "pushed"],
  ["state_changes_total", "Values that changed, by who wrote them", "source", "changed"],
  ["state_conflicts_total", "Values that both sides wrote, by whose was kept", "kept", "conflicts"],
];

/** `maxHubs`: those with labels of their own. */
export function stateMetrics(options: {
  readonly gauge: MakeGauge;
  readonly registers: Registry[];
  readonly measured: () => StatesMeasured;
  readonly now: () => number;
  readonly maxHubs: number;
}): readonly Metric[] {
  const { gauge, registers, measured, now, maxHubs } = options;
  const reports = sharedFor(1_000, now, () => measured().hubs());
  const gauges = HUB_FIGURES.map(([name, help, figure]) =>
    gauge(name, help, ["connection", "hub"], async () =>
      (await reports()).slice(0, maxHubs).flatMap((report) => {
        const value = figure(report, now());
        const labels = { connection: report.connectionId, hub: report.hostName };
        return value === null ? [] : [[labels, value] as const];
      }),
    ),
  );
  const counters = COUNTERS.map(
    ([name, help, label, counts]) =>
      new Counter({
        name: `isthmus_${name}`,
        help,
        labelNames: [label],
        registers,
        collect() {
          this.reset();
          const counted: Readonly<Record<string, number>> = measured().counts()[counts];
          for (const [key, count] of Object.entries(counted)) this.inc({ [label]: key }, count);
        },
      }),
  );
  return [...gauges, ...counters];
}

/** One answer for all who ask within so many milliseconds. */
function sharedFor<T>(milliseconds: number, now: () => number, ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let askedAt = 0;
  return () => {
    if (answer !== undefined && now() - askedAt < milliseconds) return answer;
    askedAt = now();
    return (answer = ask());
  };
}

function seconds(milliseconds: number): number {
  return milliseconds / 1_000;
}
