/** Things in the embedded store. */
import type { StateChange } from "../core/device-state.ts";
import { newId } from "../core/ids.ts";
import type { Thing, ThingWithState } from "../core/thing.ts";
import type { ThingRecords } from "../core/thing-store.ts";
import { Gathered, type Changes } from "./changes.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";
import { createThingSearch } from "./thing-search.ts";

export interface SqliteThingsOptions {
  readonly worker: GroupCommit;
  readonly now: () => number;
  /** What is remembered of these devices is not true any more. */
  readonly onChanged: (deviceIds: readonly string[]) => void;
  /** Deliveries of a deleted Thing have ended. */
  readonly onEnded: (changes: Changes) => void;
}

export function createThings({ worker, now, onChanged, onEnded }: SqliteThingsOptions): ThingRecords {
  // Tells what this process has noted from what one before it left.
  const run = newId();

  // What is remembered is forgotten after the change is on disk; reads before it in the queue have answered by then.
  async function changing<T>(id: string, change: Promise<T>): Promise<T> {
    const result = await change;
    onChanged([id]);
    return result;
  }

  return {
    noteThing: (thing, connectionId) => worker.call("noteThing", thing, connectionId, run),

    confirmThing(id: string, state: StateChange): Promise<ThingWithState | null> {
      return changing(id, worker.call("confirmThing", id, state));
    },

    async dropThing(id: string, remove: boolean): Promise<void> {
      await worker.call("dropThing", id, remove, now());
    },

    dropUnconfirmedThings: () => worker.call("dropUnconfirmedThings", run, now()),

    async thing(id: string): Promise<ThingWithState | null> {
      const [found] = await worker.call("things", [id]);
      return found ?? null;
    },

    things: (ids) => worker.call("things", ids),

    saveThing(thing: Thing, state: StateChange | null): Promise<"saved" | "stale" | "unknown"> {
      return changing(thing.id, worker.call("saveThing", thing, state));
    },

    async deleteThing(id: string): Promise<boolean> {
      const deleted = await changing(id, worker.call("deleteThing", id, now()));
      if (deleted === null) return false;
      const ended = new Gathered();
      for (const lane of deleted.lanes) ended.add(lane.integrationId, 1, [lane]);
      if (ended.count > 0) onEnded(ended);
      return true;
    },

    ...createThingSearch(worker, now),

    countThings: (productId) => worker.call("countThings", productId),
  };
}
