/** What previews, explanations and tests of integrations need of the embedded store. */
import type { DeviceEvent } from "../core/device-event.ts";
import type { Scope } from "../core/integration.ts";
import type { RecentEvents } from "../core/recent-events.ts";
import type { TestIdentities, TestIdentity } from "../core/test-identities.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";

export function createLooking(worker: GroupCommit, now: () => number): RecentEvents & TestIdentities {
  return {
    recentEvents(
      scope: Scope,
      query: { limit: number; prefix?: string; deviceId?: string },
    ): Promise<readonly DeviceEvent[]> {
      return worker.call("recentEvents", scope, query);
    },
    recentEvent(id: string): Promise<DeviceEvent | null> {
      return worker.call("recentEvent", id);
    },
    async noteTestIdentity(identity: TestIdentity): Promise<void> {
      await worker.call("noteTestIdentity", identity, now());
    },
    async forgetTestIdentity(identity: TestIdentity): Promise<void> {
      await worker.call("forgetTestIdentity", identity);
    },
    testIdentities(limit: number): Promise<readonly TestIdentity[]> {
      return worker.call("testIdentities", limit);
    },
  };
}
