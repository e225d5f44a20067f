/** What previews, explanations and tests of integrations need of the embedded store. */
import type { DeviceEvent } from "../core/device-event.ts";
import type { Scope } from "../core/integration.ts";
import type { RecentEvents } from "../core/recent-events.ts";
import type { TestIdentities, TestIdentity } from "../core/test-identities.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";

/** Events that one step of a search looks at, and steps until it answers with what it has. */
const SCAN = 2_000;
const MAX_STEPS = 10;

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
    async eventPage(view, { limit, before, ...filter }) {
      const events: DeviceEvent[] = [];
      let next = before ?? null;
      // Step by step, so that events are stored in between.
      for (let step = 0; step < MAX_STEPS; step++) {
        const rest = { ...filter, limit: limit - events.length, ...(next !== null && { before: next }) };
        const page = await worker.call("eventPage", view, { ...rest, scan: SCAN });
        events.push(...page.events);
        ({ next } = page);
        if (next === null || events.length === limit) break;
      }
      return { events, next };
    },
    eventTrace: (id) => worker.call("eventTrace", id),
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
