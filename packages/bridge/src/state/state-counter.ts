/** Counts what becomes of states, for those who watch the server. */
import type { DeviceState, StateChange } from "../core/device-state.ts";
import type { StateCounts } from "../core/state-control.ts";
import { LAST_TELEMETRY } from "./document/stamps.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export class StateCounter {
  readonly #pushed: Writable<StateCounts["pushed"]> = { desired: 0, reported: 0, message: 0 };
  readonly #changed: Writable<StateCounts["changed"]> = { api: 0, device: 0, desired: 0, reported: 0, telemetry: 0 };
  readonly #conflicts: Writable<StateCounts["conflicts"]> = { ours: 0, theirs: 0 };

  pushed(what: keyof StateCounts["pushed"]): void {
    this.#pushed[what] += 1;
  }

  saved(before: DeviceState, { next, conflicts }: StateChange): void {
    for (const { kept } of conflicts) this.#conflicts[kept] += 1;
    // What the hub says of our own writes moves stamps and no values.
    if (next.state === before.state) return;
    for (const [path, [at, source]] of Object.entries(next.stamps)) {
      if (path === LAST_TELEMETRY) continue;
      const known = before.stamps[path];
      if (known === undefined || known[0] !== at || known[1] !== source) this.#changed[source] += 1;
    }
  }

  counts(): StateCounts {
    return { pushed: { ...this.#pushed }, changed: { ...this.#changed }, conflicts: { ...this.#conflicts } };
  }
}
