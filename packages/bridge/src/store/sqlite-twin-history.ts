/** The history of twins in the embedded store. */
import type { KeptTwinChange, TwinChangeInHub, TwinHistory } from "../core/twin-history.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";

const STEP = 500;

export function createTwinHistory(worker: GroupCommit): TwinHistory {
  return {
    async saveTwinChanges(changes: readonly TwinChangeInHub[]): Promise<void> {
      await worker.call("saveTwinChanges", changes);
    },
    twinChanges(query: Parameters<TwinHistory["twinChanges"]>[0]): Promise<readonly KeptTwinChange[]> {
      return worker.call("twinChanges", query);
    },
    forgetTwinChanges(before: number): Promise<number> {
      return worker.call("forgetTwinChanges", before, STEP);
    },
  };
}
