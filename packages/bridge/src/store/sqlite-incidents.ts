/** What operators must know, and the settings that they change at run time. */
import type { Incident } from "../core/delivery-history.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";

export interface SqliteIncidents {
  /** Not yet acknowledged, newest first. */
  incidents(): Promise<readonly Incident[]>;
  acknowledgeIncident(id: number): Promise<boolean>;
  setting(name: string): Promise<string | null>;
  saveSetting(name: string, value: string): Promise<void>;
}

export function createIncidents(worker: GroupCommit, now: () => number): SqliteIncidents {
  return {
    incidents: () => worker.call("incidents"),
    acknowledgeIncident: (id) => worker.call("acknowledgeIncident", id, now()),
    setting: (name) => worker.call("setting", name),
    async saveSetting(name, value) {
      await worker.call("saveSetting", name, value);
    },
  };
}
