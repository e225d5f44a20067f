import { expect, test } from "vitest";
import type { DeviceState } from "../../core/device-state.ts";
import type { JsonObject } from "../../core/json.ts";
import { takeSectionPatch, type SectionPatch } from "./hub-change.ts";
import { emptyState, reportState } from "./writing.ts";

const THING = { deviceId: "t", reach: "itself", connectionId: "h", hubDeviceId: "t" } as const;
const BEHIND_BRIDGE = { ...THING, reach: "bridge" } as const;

/** The device's word stands in the state, and a wish at the same path is being taken back. */
function takingBack(of: typeof THING | typeof BEHIND_BRIDGE): DeviceState {
  return {
    ...emptyState(of),
    state: { mode: "said" },
    stamps: { mode: [2_000, of.reach === "bridge" ? "device" : "reported"] },
    desired: { properties: { mode: "wished" }, version: 2, pending: { mode: null } },
    reported: { properties: { mode: "said" }, version: 2, pending: null },
    pendingSince: 2_500,
    revision: 4,
  };
}

function told(
  before: DeviceState,
  patch: Pick<SectionPatch, "side" | "properties">,
  rule: "newest" | "ours",
): DeviceState {
  const news = { kind: "patch", version: before[patch.side].version + 1, metadata: {}, at: 3_000, ...patch } as const;
  const change = takeSectionPatch(before, news, { rule, now: 3_000 });
  if (change === null || change === "gap") throw new Error(`Not taken: ${String(change)}`);
  return change.next;
}

test("what another service wishes is not taken back with the wish before it", () => {
  const next = told(takingBack(BEHIND_BRIDGE), { side: "desired", properties: { mode: "service" } }, "newest");
  expect(next.state).toEqual({ mode: "service" });
  expect(next.desired.pending).toBe(null);
});

test("a wish that is being taken back stands in no report's way, whatever the rule", () => {
  const next = told(takingBack(THING), { side: "reported", properties: { mode: { level: 3 } } }, "ours");
  expect(next.state).toEqual({ mode: { level: 3 } });
  expect(next.desired.pending).toEqual({ mode: null });
});

test("a report that comes to the hub after a newer one is followed by the newer one once more", () => {
  const first = reported(emptyState(BEHIND_BRIDGE), { level: 1 }, 1_000);
  const second = reported(first, { level: 2 }, 2_000);
  // The hub took the second, and then the first, which had been on its way when the server ended.
  const taken = { properties: { level: 2 }, version: 2, pending: null };
  const next = told({ ...second, reported: taken }, { side: "reported", properties: { level: 1 } }, "newest");
  expect(next.state).toEqual({ level: 2 });
  expect(next.reported).toMatchObject({ properties: { level: 1 }, version: 3, pending: { level: 2 } });
});

function reported(before: DeviceState, patch: JsonObject, at: number): DeviceState {
  const written = reportState(before, patch, at);
  if (!written.ok || written.change === null) throw new Error("Nothing was reported.");
  return written.change.next;
}
