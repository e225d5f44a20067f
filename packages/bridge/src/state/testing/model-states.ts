/** What the store keeps of states, as text in memory, for lives of a simulated bridge: it survives them. */
import type { DeviceState, StateChange, StateConflict } from "../../core/device-state.ts";
import type { DeviceStates } from "../../core/state-store.ts";
import type { Dice } from "../../delivery/testing/dice.ts";
import type { VirtualClock } from "../../delivery/testing/virtual-clock.ts";

export class ModelStates {
  readonly conflicts: StateConflict[] = [];
  readonly #rows = new Map<string, string>();
  readonly #clock: VirtualClock;
  readonly #dice: Dice;
  readonly #isGone: (deviceId: string) => boolean;

  constructor(clock: VirtualClock, dice: Dice, isGone: (deviceId: string) => boolean) {
    this.#isGone = isGone;
    this.#clock = clock;
    this.#dice = dice;
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
    const later = async <T>(work: () => T): Promise<T> => {
      if (this.#dice.chance(0.3)) await this.#clock.wait(this.#dice.int(this.#dice.chance(0.1) ? 400 : 10));
      if (!isAlive() && this.#dice.chance(0.5)) return new Promise(() => undefined);
      const value = work();
      if (this.#dice.chance(0.3)) await this.#clock.wait(this.#dice.int(this.#dice.chance(0.1) ? 400 : 10));
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
    if (this.#isGone(next.deviceId)) return false;
    if ((this.row(next.deviceId)?.revision ?? 0) !== next.revision - 1) return false;
    this.put(next);
    this.conflicts.push(...conflicts);
    return true;
  }
}

function pair(id: string, state: DeviceState | null): [string, DeviceState][] {
  return state === null ? [] : [[id, state]];
}
