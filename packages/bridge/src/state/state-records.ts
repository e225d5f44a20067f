/**
 * Records of states, changed by optimistic writes: what was written by somebody else meanwhile is read again, and the
 * change is made of that.
 */
import type { DeviceState, StateChange } from "../core/device-state.ts";
import type { DeviceStates } from "../core/state-store.ts";

/** Writers of one record at once; each round one of them gets on. */
const STALE_TRIES = 100;

/** `null`: nothing is to be changed. */
export type Edit = (before: DeviceState) => StateChange | null;

export interface StateRecordsOptions {
  readonly states: Pick<DeviceStates, "deviceState" | "deviceStates" | "saveStates">;
  /** Each record that was written, after it is on disk. */
  readonly onSaved: (before: DeviceState, change: StateChange) => void;
}

export class StateRecords {
  readonly #options: StateRecordsOptions;

  constructor(options: StateRecordsOptions) {
    this.#options = options;
  }

  /** Returns the record as it is then; `null` when there is none. */
  async change(deviceId: string, edit: Edit): Promise<DeviceState | null> {
    const [changed] = await this.changeEach([deviceId], edit);
    return changed ?? (await this.#options.states.deviceState(deviceId));
  }

  /** Changes many in few transactions. Returns those that were changed. */
  async changeEach(deviceIds: Iterable<string>, edit: Edit): Promise<readonly DeviceState[]> {
    const { states, onSaved } = this.#options;
    const saved: DeviceState[] = [];
    let left = [...new Set(deviceIds)];
    for (let tries = 0; left.length > 0 && tries < STALE_TRIES; tries += 1) {
      const befores = await states.deviceStates(left);
      const changes = [...befores.values()].flatMap((before) => {
        const change = edit(before);
        return change === null ? [] : [{ before, change }];
      });
      if (changes.length === 0) return saved;
      const stale = new Set(await states.saveStates(changes.map(({ change }) => change)));
      for (const { before, change } of changes) {
        if (stale.has(change.next.deviceId)) continue;
        saved.push(change.next);
        onSaved(before, change);
      }
      left = [...stale];
    }
    if (left.length > 0)
      throw new Error(`The state of ${left[0]} was written by others ${STALE_TRIES} times in a row.`);
    return saved;
  }

  /** A record that may be new. `null`: somebody else was quicker, or the device is gone. */
  async save(before: DeviceState, change: StateChange): Promise<DeviceState | null> {
    const stale = await this.#options.states.saveStates([change]);
    if (stale.length > 0) return null;
    this.#options.onSaved(before, change);
    return change.next;
  }
}

/** Several edits, one after the other, as one write. */
export function inTurn(before: DeviceState, edits: readonly Edit[]): StateChange | null {
  const conflicts: StateChange["conflicts"][number][] = [];
  let next = before;
  for (const edit of edits) {
    const change = edit(next);
    if (change === null) continue;
    next = change.next;
    conflicts.push(...change.conflicts);
  }
  return next === before ? null : { next: { ...next, revision: before.revision + 1 }, conflicts };
}
