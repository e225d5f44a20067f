import type { HubMeters } from "../core/hub-meter.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";

export function createHubMeters(worker: GroupCommit): HubMeters {
  return {
    addMetered: async (uses) => void (await worker.call("addMetered", uses)),
    meteredDays: (connectionIds, at) => worker.call("meteredDays", connectionIds, at),
    meterPoints: (connectionId, since) => worker.call("meterPoints", connectionId, since),
    hubFacts: (connectionIds) => worker.call("hubFacts", connectionIds),
    setHubFacts: async (connectionId, facts) => void (await worker.call("setHubFacts", connectionId, facts)),
  };
}
