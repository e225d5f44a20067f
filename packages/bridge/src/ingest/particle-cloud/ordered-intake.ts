/** Events of a stream, stored in order for every device: as many at once as there are different devices in a row. */
import type { Source } from "../../core/source.ts";
import type { CloudEvent, Intake, IntakeResult } from "../cloud-intake.ts";

const MOST_AT_ONCE = 256;

export interface OrderedIntakeOptions {
  readonly intake: Intake;
  readonly onResult: (result: IntakeResult) => Promise<void>;
  /** The store takes nothing now: resolves when to try again; `false` gives up. */
  readonly onUnavailable: (retryAfterSeconds: number, message: string) => Promise<boolean>;
}

/** Whether all were taken. What the store could not take is tried again before anything that comes after it. */
export async function takeInOrder(
  source: Source,
  events: readonly CloudEvent[],
  { intake, onResult, onUnavailable }: OrderedIntakeOptions,
): Promise<boolean> {
  for (const group of groupsOfDifferent(events)) {
    let waiting = group;
    while (waiting.length > 0) {
      const results = await Promise.all(waiting.map((event) => intake(source, event)));
      const left: CloudEvent[] = [];
      let trouble: Extract<IntakeResult, { kind: "unavailable" }> | undefined;
      for (const [i, result] of results.entries()) {
        if (result.kind === "unavailable") {
          left.push(waiting[i]!);
          trouble = result;
        } else await onResult(result);
      }
      waiting = left;
      if (trouble !== undefined && !(await onUnavailable(trouble.retryAfterSeconds, trouble.message))) return false;
    }
  }
  return true;
}

/** Consecutive runs in which no device comes twice. */
function* groupsOfDifferent(events: readonly CloudEvent[]): Generator<readonly CloudEvent[]> {
  let group: CloudEvent[] = [];
  const devices = new Set<string>();
  for (const event of events) {
    if (devices.has(event.coreid) || group.length >= MOST_AT_ONCE) {
      yield group;
      group = [];
      devices.clear();
    }
    group.push(event);
    devices.add(event.coreid);
  }
  if (group.length > 0) yield group;
}
