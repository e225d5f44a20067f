/** What the store keeps of states, as text in memory, for lives of a simulated bridge: it survives them. */
import type { DeviceState, StateChange, StateConflict } from "../../core/device-state.ts";
import type { DeviceStates } from "../../core/state-store.ts";
import type { Dice } from "../../delivery/testing/dice.ts";
import type { VirtualClock } from "../../delivery/testing/virtual-clock.ts";

export interface ModelStatesOptions {
  readonly clock: VirtualClock;
  readonly dice: Dice;
  /** The device was deleted here. */
  readonly isGone: (deviceId: string) => boolean;
  /** Which share of what takes its time takes long. */
  readonly slow: number;
}

export class ModelStates {
  readonly conflicts: StateConflict[] = [];
  /** Hears of each record that is written. */
  onSaved: (state: DeviceState) => void = () => undefined;
  readonly #rows = new Map<string, string>();
  readonly #options: ModelStatesOptions;

  constructor(options: ModelStatesOptions) {
    this.#options = options;
  }

  row(deviceId: string): DeviceState | null {
    const text = this.#rows.get(deviceId);
    return text === undefined ? null : (JSON.parse(text) as DeviceState);
  }

  /** The device was deleted here. */
  forget(deviceId: string): void {
    this.#rows.delete(deviceId);
  }

  put(state: DeviceState): void {
    this.#rows.set(state.deviceId, JSON.stringify(state));
  }

  /** As one life of the bridge has it: its answers end with it, its writes may still come to the disk. */
  port(isAlive: () => boolean): DeviceStates {
    const { clock, dice, slow } = this.#options;
    const later = async <T>(work: () => T): Promise<T> => {
      if (dice.chance(0.3)) await clock.wait(dice.int(dice.chance(slow) ? 400 : 10));
      if (!isAlive() && dice.chance(0.5)) return new Promise(() => undefined);
      const value = work();
      if (dice.chance(0.3)) await clock.wait(dice.int(dice.chance(slow) ? 400 : 10));
      return isAlive() ? value : new Promise(() => undefined);
    };
    const all = (): DeviceState[] => [...this.#rows.keys()].flatMap((id) => this.row(id) ?? []);
    return {
      deviceState: (id) => later(() => this.row(id)),
      deviceStates: (ids) => later(() => new Map(ids.flatMap((id) => pair(id, this.row(id))))),
      statesInHub: (connectionId, ids) =>
        later(
          () =>
            new Map(
              all()
                .filter((state) => state.connectionId === connectionId && ids.includes(state.hubDeviceId))
                .map((state) => [state.hubDeviceId, state]),
            ),
        ),
      saveStates: (changes) =>
        later(() => changes.flatMap((change) => (this.#save(change) ? [] : [change.next.deviceId]))),
      statesToPush: (connectionId, { dueAt, limit }) =>
        later(() =>
          all()
            .filter((state) => state.connectionId === connectionId && state.pendingSince !== null)
            .filter(({ trouble }) => (trouble?.retryAt ?? 0) <= dueAt)
            .toSorted((a, b) => (a.pendingSince ?? 0) - (b.pendingSince ?? 0))
            .slice(0, limit),
        ),
      statesOf: () => later(all),
      conflictsOf: (id) => later(() => this.conflicts.filter(({ deviceId }) => deviceId === id)),
      conflictsIn: () => later(() => this.conflicts),
      stateConnections: () =>
        later(() => [
          { connectionId: "hub", devices: this.#rows.size, things: 0, pending: 0, missing: 0, oldestPending: null },
        ]),
    };
  }

  #save({ next, conflicts }: StateChange): boolean {
    if (this.#options.isGone(next.deviceId)) return false;
    if ((this.row(next.deviceId)?.revision ?? 0) !== next.revision - 1) return false;
    this.put(next);
    this.conflicts.push(...conflicts);
    this.onSaved(next);
    return true;
  }
}

function pair(id: string, state: DeviceState | null): [string, DeviceState][] {
  return state === null ? [] : [[id, state]];
}
