import { expect, test } from "vitest";
import type { DeviceState, MirroredSection } from "../../core/device-state.ts";
import type { JsonObject } from "../../core/json.ts";
import type { StateWrite } from "../../core/state-control.ts";
import type { TwinView } from "../../core/twin-hub.ts";
import { messageSent, reportedWritten, takeDevice, takeMissing } from "./hub-answer.ts";
import { takeMessages, takeSectionPatch, takeTwin, type SectionPatch } from "./hub-change.ts";
import { pendingTarget } from "./pending.ts";
import { emptyState, reportState, writeState } from "./writing.ts";

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

test.each<[string, JsonObject, JsonObject]>([
  ["is of another value", { level: 30 }, { level: 1 }],
  ["removes it", { level: 30 }, { level: null }],
  ["shows what the API has written by chance", { level: 30 }, { level: 30 }],
  ["removes what the API has removed, too", { level: null }, { level: null }],
  ["stands below it", { level: { low: 3 } }, { level: { high: 1 } }],
])(
  "a report that comes late and %s is followed by the last one, also where the API has written since",
  (_, api, old) => {
    const last = settledReport(reported(emptyState(BEHIND_BRIDGE), { level: 29, other: 1 }, 1_000), 2);
    const before = patched(last, api, 2_000);
    const next = told(before, { side: "reported", properties: old }, "newest");
    expect(next.state).toEqual(before.state);
    expect(pendingTarget(next.reported)).toEqual({ level: 29, other: 1 });
  },
);

test("what was reported elsewhere before the device came here is left to whoever writes it", () => {
  const known = told(emptyState(BEHIND_BRIDGE), { side: "reported", properties: { level: 1 } }, "newest");
  expect(known.state).toEqual({ level: 1 });
  const next = told(known, { side: "reported", properties: { level: 2, also: 1 } }, "newest");
  expect(next.reported).toMatchObject({ properties: { level: 2, also: 1 }, pending: null });
});

test("a wish that the device has overtaken and a whole state takes back is known as ours when it arrives after all", () => {
  const before: DeviceState = {
    ...emptyState(BEHIND_BRIDGE),
    stamps: { mode: [2_000, "device"] },
    desired: { properties: {}, version: 2, pending: { mode: "wished" } },
    pendingSince: 1_500,
    revision: 4,
  };
  const written = writeState(before, { kind: "replace", state: { other: 1 } }, { at: 2_500 });
  if (!written.ok || written.change === null) throw new Error("Nothing was written.");
  const news = {
    side: "desired",
    kind: "patch",
    properties: { mode: "wished" },
    version: 3,
    metadata: {},
    at: 2_400,
  } as const;
  const change = takeSectionPatch(written.change.next, news, { rule: "hub", now: 3_000 });
  expect(change).toMatchObject({ conflicts: [], next: { state: { other: 1 } } });
  expect(change).toMatchObject({ next: { desired: { pending: { mode: null, other: 1 } } } });
});

test("a wish that lost to a report below it is known as ours when it arrives after all", () => {
  const before: DeviceState = {
    ...emptyState(THING),
    state: { mode: "wished" },
    stamps: { mode: [2_000, "api"] },
    desired: { properties: {}, version: 2, pending: { mode: "wished" } },
    reported: { properties: {}, version: 2, pending: null },
    pendingSince: 2_000,
    revision: 4,
  };
  const reported = told(before, { side: "reported", properties: { mode: { level: 3 } } }, "newest");
  expect(reported.desired.pending).toBe(null);
  const arrived = told(reported, { side: "desired", properties: { mode: "wished" } }, "newest");
  expect(arrived).toMatchObject({ state: { mode: { level: 3 } }, conflicts: 1 });
});

test("a device that was made while the registry looked for it in vain is not missing", () => {
  const judging = { rule: "newest", now: 5_000 } as const;
  const { standing } = emptyState(THING);
  const made: DeviceState = { ...emptyState(THING), standing: { ...standing, generationId: "g2" } };
  expect(takeMissing(made, "", judging)).toBe(null);
  expect(takeMissing(made, "g1", judging)).toBe(null);
  expect(takeMissing(made, "g2", judging)?.next.standing).toMatchObject({ generationId: "g2", missingSince: 5_000 });
});

test("what a device takes back while it is on its way goes from its twin, too", () => {
  const first = reported(emptyState(BEHIND_BRIDGE), { level: { high: 4 } }, 1_000);
  const second = reported(first, { level: null }, 2_000);
  const third = reported(second, { level: { high: null } }, 3_000);
  const judging = { rule: "newest", now: 3_000 } as const;
  const landed = reportedWritten(third, { patch: { level: { high: 4 } }, version: 2 }, judging);
  expect(landed?.next.reported).toMatchObject({
    properties: { level: { high: 4 } },
    pending: { level: { high: null } },
  });
});

test("a value that its writer replaces by an empty object goes, also while a report waits", () => {
  const before: DeviceState = {
    ...reported(emptyState(BEHIND_BRIDGE), { mode: { level: 1 } }, 1_000),
    state: { mode: "service" },
    stamps: { mode: [2_000, "desired"] },
    desired: { properties: { mode: "service" }, version: 2, pending: null },
  };
  expect(told(before, { side: "desired", properties: { mode: { level: null } } }, "newest").state).toEqual({
    mode: {},
  });
});

test("a wish that somebody else has taken back in the hub need not be taken back from here", () => {
  const next = told(takingBack(THING), { side: "desired", properties: { mode: null } }, "newest");
  expect(next).toMatchObject({ state: { mode: "said" }, desired: { properties: {}, pending: null } });
});

test("a removal that only a read twin shows takes nothing that others wrote at its path", () => {
  const section = (properties: JsonObject, version: number): MirroredSection => ({
    properties,
    version,
    pending: null,
  });
  const before: DeviceState = {
    ...emptyState(THING),
    state: { mode: "wished" },
    stamps: { mode: [2_000, "api"] },
    desired: section({ mode: "wished" }, 2),
    reported: section({ mode: "said" }, 2),
    standing: { ...emptyState(THING).standing, missingSince: 2_500 },
  };
  const metadata = { $lastUpdated: new Date(5_000).toISOString() };
  const view: TwinView = {
    deviceId: "t",
    status: "enabled",
    connectionState: "connected",
    lastActivity: null,
    etag: "e5",
    version: 5,
    desired: { properties: { mode: "wished" }, version: 2, metadata },
    reported: { properties: {}, version: 3, metadata },
  };
  const judging = { rule: "newest", now: 6_000 } as const;
  expect(takeTwin(before, view, judging)?.next).toMatchObject({
    state: { mode: "wished" },
    reported: { properties: {} },
    standing: { missingSince: null },
  });
  const bySaid: DeviceState = { ...before, state: { mode: "said" }, stamps: { mode: [2_000, "reported"] } };
  expect(takeTwin(bySaid, view, judging)?.next.state).toEqual({});
});

test("news from before the twin as it is known are of another one, which is read", () => {
  const before: DeviceState = {
    ...emptyState(THING),
    reported: { properties: {}, version: 2, updatedAt: 4_000, pending: null },
  };
  const news = { side: "reported", kind: "patch", properties: { a: 1 }, version: 3, metadata: {} } as const;
  const judging = { rule: "newest", now: 6_000 } as const;
  expect(takeSectionPatch(before, { ...news, at: 3_000 }, judging)).toBe("gap");
  expect(takeSectionPatch(before, { ...news, at: 5_000 }, judging)).toMatchObject({ next: { state: { a: 1 } } });
});

test("a device made anew is wished what was wished before, and its twin is not known", () => {
  const { standing } = emptyState(THING);
  const before: DeviceState = {
    ...emptyState(THING),
    state: { mode: "wished" },
    stamps: { mode: [2_000, "api"] },
    desired: { properties: { mode: "wished" }, version: 7, pending: null },
    standing: { ...standing, generationId: "g1", missingSince: 2_500 },
  };
  const { status, connectionState, lastActivity } = standing;
  const device = { deviceId: "t", generationId: "g2", status, connectionState, lastActivity };
  expect(takeDevice(before, device, { rule: "newest", now: 3_000 })?.next).toMatchObject({
    desired: { properties: {}, version: 0, pending: { mode: "wished" } },
    standing: { generationId: "g2", missingSince: null },
    pendingSince: 3_000,
  });
});

test("what was written while a message was sent is sent in another one", () => {
  const sending = writeState(emptyState(THING), { kind: "merge", patch: { mode: 1 } }, { at: 1_000, message: true });
  if (!sending.ok || sending.change === null) throw new Error("Nothing was written.");
  const { next: first } = sending.change;
  const second = writeState(first, { kind: "merge", patch: { mode: 2 } }, { at: 2_000, message: true });
  if (!second.ok || second.change === null) throw new Error("Nothing was written.");
  const judging = { rule: "newest", now: 3_000 } as const;
  expect(messageSent(second.change.next, first.messageFor!, judging)).toBe(null);
  const settled: DeviceState = { ...first, desired: { ...first.desired, pending: null } };
  expect(messageSent(settled, first.messageFor!, judging)?.next).toMatchObject({
    messageFor: null,
    pendingSince: null,
  });
});

/** Messages of a Thing, in the order in which they are read. */
function said(
  before: DeviceState,
  messages: readonly (readonly [at: number, body: JsonObject])[],
  mode: "merge" | "replace" = "merge",
): DeviceState {
  const all = messages.map(([at, body], i) => ({ at, body, sequenceNumber: i + 1 }));
  return takeMessages(before, all, { rule: "newest", now: 9_000, mode }).change?.next ?? before;
}

/** As reported at two seconds, and told late. */
function late(before: DeviceState, properties: JsonObject): JsonObject {
  const news = { side: "reported", kind: "patch", properties, metadata: {}, at: 2_000 } as const;
  const change = takeSectionPatch(before, { ...news, version: 1 }, { rule: "newest", now: 9_000 });
  if (change === null || change === "gap") throw new Error(`Not taken: ${String(change)}`);
  return change.next.state;
}

test("a message that is read again changes nothing, also where a later one is of the same moment", () => {
  const both = said(emptyState(THING), [
    [1_000, { level: 1 }],
    [1_000, { level: 2 }],
  ]);
  expect(said(both, [[1_000, { level: 1 }]])).toBe(both);
});

test.each<[string, JsonObject, JsonObject, JsonObject]>([
  ["what was said again since", { a: 1 }, { a: 5 }, { a: 1 }],
  ["an object that was removed since", { c: null }, { c: { e: 2 } }, {}],
  ["leaves that were set below it since", { c: { d: 3 } }, { c: 5 }, { c: { d: 3 } }],
])("news that come late do not touch %s", (_, body, properties, state) => {
  const before = said(emptyState(THING), [
    [1_000, { a: 1, c: { d: 1 } }],
    [3_000, body],
  ]);
  const shown = late(before, properties);
  expect(
    Object.fromEntries(Object.keys(properties).flatMap((key) => (key in shown ? [[key, shown[key]]] : []))),
  ).toEqual(state);
});

test.each<[string, StateWrite]>([
  ["patch", { kind: "merge", patch: { c: null } }],
  ["whole state", { kind: "replace", state: { a: 1, c: null } }],
])("a %s that removes an object removes what of it comes late, too", (_, write) => {
  const before = said(emptyState(THING), [[1_000, { a: 1, c: { d: 1 } }]]);
  const written = writeState(before, write, { at: 3_000 });
  if (!written.ok || written.change === null) throw new Error("Nothing was written.");
  expect(late(written.change.next, { c: { e: 2 } })).toEqual({ a: 1 });
});

test("a report that removes an object removes what of it comes late, too", () => {
  const before = reported(emptyState(BEHIND_BRIDGE), { c: { d: 1 }, a: 1 }, 1_000);
  const removed = reported(settledReport(before, 2), { c: null }, 3_000);
  const next = told(settledReport(removed, 3), { side: "reported", properties: { c: { e: 2 } } }, "newest");
  expect(next.state).toEqual({ a: 1 });
  expect(pendingTarget(next.reported)).toEqual({ a: 1 });
});

test("an object that nobody has is not removed", () => {
  const before = said(emptyState(THING), [[1_000, { a: 1 }]]);
  expect(writeState(before, { kind: "merge", patch: { c: null } }, { at: 3_000 })).toEqual({ ok: true, change: null });
});

test("a message that replaces the whole state removes what comes late, too", () => {
  expect(late(said(emptyState(THING), [[3_000, { b: 1 }]], "replace"), { a: 1 })).toEqual({ b: 1 });
});

test("what is written here is later than what it replaces, whatever the clocks say", () => {
  const before: DeviceState = { ...emptyState(THING), state: { a: 1 }, stamps: { a: [5_000, "reported"] } };
  const written = writeState(before, { kind: "merge", patch: { a: 2 } }, { at: 1_000 });
  expect(written).toMatchObject({ change: { next: { stamps: { a: [5_001, "api"] } } } });
});

/** The hub has what was reported. */
function settledReport(before: DeviceState, version: number): DeviceState {
  return { ...before, reported: { properties: pendingTarget(before.reported), version, pending: null } };
}

function patched(before: DeviceState, patch: JsonObject, at: number): DeviceState {
  const written = writeState(before, { kind: "merge", patch }, { at });
  if (!written.ok || written.change === null) throw new Error("Nothing was written.");
  return written.change.next;
}

function reported(before: DeviceState, patch: JsonObject, at: number): DeviceState {
  const written = reportState(before, patch, at);
  if (!written.ok || written.change === null) throw new Error("Nothing was reported.");
  return written.change.next;
}
