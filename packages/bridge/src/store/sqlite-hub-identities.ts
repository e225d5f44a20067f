import type { IdentityScanStore } from "../core/hub-identities.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";

export interface SqliteHubIdentities {
  readonly identityScans: IdentityScanStore;
}

export function createHubIdentities(worker: GroupCommit): SqliteHubIdentities {
  return {
    identityScans: {
      identityFacts: (connectionIds, asked) => worker.call("identityFacts", connectionIds, asked),
      knownIdentities: (connectionId, after, limit) => worker.call("knownIdentities", connectionId, after, limit),
      deviceBriefs: (after, limit) => worker.call("deviceBriefs", after, limit),
      haveSent: (pairs) => worker.call("haveSent", pairs),
      forgetIdentity: async (connectionId, hubDeviceId) =>
        void (await worker.call("forgetIdentity", connectionId, hubDeviceId)),
      startPlan: async (plan) => void (await worker.call("startPlan", plan)),
      continuePlan: async (plan, lines) => void (await worker.call("continuePlan", plan, lines)),
      plans: (connectionId) => worker.call("plans", connectionId),
      planLines: (planId, after, limit) => worker.call("planLines", planId, after, limit),
    },
  };
}
