import { expect, test } from "vitest";
import type { DeviceState } from "../../core/device-state.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import type { TwinSectionView, TwinView } from "../../core/twin-hub.ts";
import { desiredWritten } from "./hub-answer.ts";
import { takeSectionPatch, takeTwin } from "./hub-change.ts";
import { emptyState } from "./writing.ts";

const THING = { deviceId: "t", reach: "itself", connectionId: "h", hubDeviceId: "t" } as const;
const BEHIND_BRIDGE = { ...THING, reach: "bridge" } as const;

const section = (properties: JsonObject, version: number, at: number): TwinSectionView => ({
  properties,
  version,
  metadata: { $lastUpdated: new Date(at).toISOString() },
});

function twin(desired: TwinSectionView, reported: TwinSectionView): TwinView {
  const { status, connectionState, lastActivity } = emptyState(THING).standing;
  const version = desired.version + reported.version;
  return { deviceId: "t", status, connectionState, lastActivity, etag: `e${version}`, version, desired, reported };
}

test.each([
  ["a Thing", THING, "reported"],
  ["a device that publishes here", BEHIND_BRIDGE, "device"],
] as const)(
  "an empty object that was wished is not taken back because %s has put something into it",
  (_, of, source) => {
    const before: DeviceState = {
      ...emptyState(of),
      state: { fan: { speed: 2 } },
      stamps: { fan: [1_000, "api"], "fan.speed": [1_500, source] },
      desired: { properties: {}, version: 1, pending: { fan: {} } },
      reported: { properties: { fan: { speed: 2 } }, version: 2, pending: null },
      etag: "e3",
      pendingSince: 1_000,
      revision: 4,
    };
    const view = twin(section({ fan: {} }, 2, 2_000), section({ fan: { speed: 2 } }, 2, 1_500));
    const written = desiredWritten(before, { patch: { fan: {} }, view }, { rule: "newest", now: 2_000 });
    expect(written?.next).toMatchObject({
      state: { fan: { speed: 2 } },
      desired: { properties: { fan: {} }, pending: null },
      pendingSince: null,
    });
  },
);

/** A value that was at `mode` in the section is removed here; the removal waits. */
function removing(side: "desired" | "reported"): DeviceState {
  const of = side === "desired" ? THING : BEHIND_BRIDGE;
  return {
    ...emptyState(of),
    stamps: { mode: [2_000, side === "desired" ? "api" : "device"] },
    desired: { properties: {}, version: 2, pending: null },
    reported: { properties: {}, version: 2, pending: null },
    [side]: { properties: { mode: 4 }, version: 2, pending: { mode: null } },
    pendingSince: 2_000,
    revision: 4,
  };
}

test("what a device takes back is taken back whole, also when an object has come in its place", () => {
  const view = twin(section({}, 2, 1_000), section({ mode: { level: 8 } }, 3, 1_900));
  const taken = takeTwin(removing("reported"), view, { rule: "newest", now: 3_000 });
  expect(taken?.next).toMatchObject({
    state: {},
    reported: { properties: { mode: { level: 8 } }, pending: { mode: null } },
  });
});

test.each<[rule: "newest" | "ours" | "hub", at: number, kept: "ours" | "theirs", state: JsonObject, pending: Json]>([
  ["newest", 1_900, "ours", {}, { mode: null }],
  ["newest", 2_100, "theirs", { mode: { level: 8 } }, null],
  ["ours", 2_100, "ours", {}, { mode: null }],
  ["hub", 1_900, "theirs", { mode: { level: 8 } }, null],
])(
  "a removal that waits and an object of another service in its place are a conflict: %s at %d",
  (rule, at, kept, state, pending) => {
    const properties = { mode: { level: 8 } };
    const news = { side: "desired", kind: "patch", properties, version: 3, metadata: {}, at } as const;
    expect(takeSectionPatch(removing("desired"), news, { rule, now: 3_000 })).toMatchObject({
      next: { state, desired: { properties, pending } },
      conflicts: [{ path: "mode.level", ours: null, theirs: 8, kept }],
    });
  },
);
