import fc from "fast-check";
import { expect, test } from "vitest";
import type { DeviceState } from "../../core/device-state.ts";
import type { JsonObject } from "../../core/json.ts";
import type { TwinView } from "../../core/twin-hub.ts";
import { desiredWritten } from "./hub-answer.ts";
import { takeSectionPatch, takeTelemetry, takeTwin } from "./hub-change.ts";
import { cleaned } from "./json-values.ts";
import { mergePatch, patchBetween } from "./merge-patch.ts";
import { pathFrom, pathText } from "./paths.ts";
import { addPending, pendingTarget, withdrawPending } from "./pending.ts";
import { initialState, reportState, emptyState, writeState } from "./writing.ts";

const RULE = { rule: "newest", now: 1_000 } as const;

const key = fc.constantFrom("a", "b", "c", "d");
const documents = fc.letrec<{ value: unknown; object: JsonObject }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, fc.integer({ min: 0, max: 3 }), fc.constant([1]), tie("object")),
  object: fc.dictionary(key, tie("value"), { maxKeys: 3 }) as fc.Arbitrary<JsonObject>,
})).object;

function thing(state: JsonObject): DeviceState {
  const made = initialState({ deviceId: "t", reach: "itself", connectionId: "h", hubDeviceId: "t", state, at: 1 });
  if (!made.ok) throw new Error(made.fault.message);
  return made.state;
}

function twin(desired: JsonObject, version: number, at = 2_000): TwinView {
  const metadata = { $lastUpdated: new Date(at).toISOString() };
  return {
    deviceId: "t",
    status: "enabled",
    connectionState: "connected",
    lastActivity: null,
    etag: `e${version}`,
    version,
    desired: { properties: desired, version, metadata },
    reported: { properties: {}, version: 1, metadata: {} },
  };
}

test("a patch between two documents makes the one of the other", () => {
  fc.assert(
    fc.property(documents, documents, (from, to) => {
      expect(mergePatch(from, patchBetween(from, to))).toEqual(to);
      expect(patchBetween(to, to)).toEqual({});
    }),
  );
});

test("a path can be read back from its text, whatever its keys", () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), (path) => {
      expect(pathFrom(pathText(path))).toEqual(path);
    }),
  );
});

test("what waits makes the section what it shall be, whatever was written one after the other", () => {
  fc.assert(
    fc.property(documents, fc.array(documents, { maxLength: 5 }), (properties, states) => {
      let pending: JsonObject | null = null;
      let state = properties;
      for (const next of states) {
        pending = addPending({ properties, pending }, patchBetween(state, next));
        state = next;
        expect(pendingTarget({ properties, pending })).toEqual(state);
      }
    }),
  );
});

test("what is withdrawn is not written, and all else is", () => {
  fc.assert(
    fc.property(documents, documents, key, (properties, next, at) => {
      const pending = addPending({ properties, pending: null }, patchBetween(properties, next));
      const left = pendingTarget({ properties, pending: withdrawPending({ properties, pending }, [at]) });
      const expected = { ...next, [at]: properties[at] };
      expect(cleaned(JSON.parse(JSON.stringify(left)))).toEqual(JSON.parse(JSON.stringify(expected)));
    }),
  );
});

test.each([
  ["a key with a dot", { a: { "b.c": 1 } }, "a.b.c"],
  ["a key with a space", { "a b": 1 }, "a b"],
  ["a key of the hub", { $version: 1 }, "$version"],
  ["an empty key", { a: { "": 1 } }, "a"],
  ["a text over 4 KB", { a: { b: "x".repeat(4_097) } }, "a.b"],
  ["an integer of 52 bits", { a: [1, 2 ** 52] }, "a"],
  ["half a character", { a: { b: "x\ud800" } }, "a.b"],
  ["half a character in a key", { a: { "\udc00": 1 } }, "a.\udc00"],
  ["a null in an array", { a: { b: [null] } }, "a.b"],
  ["a null in an object in an array", { a: { b: [{ c: null }] } }, "a.b"],
  ["eleven levels", JSON.parse(`${'{"a":'.repeat(12)}1${"}".repeat(12)}`) as JsonObject, "a.a.a.a.a.a.a.a.a.a.a"],
  ["a key of JavaScript's own", JSON.parse('{"a":{"__proto__":{"b":1}}}') as JsonObject, "a.__proto__"],
  ["more than 32 KB", Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${i}`, "x".repeat(4_000)])), ""],
])("a state with %s is refused with its path, and nothing changes", (_, state, path) => {
  const before = thing({ kept: 1 });
  for (const write of [{ kind: "replace", state } as const, { kind: "merge", patch: state } as const]) {
    expect(writeState(before, write, { at: 5 })).toMatchObject({ ok: false, fault: { path } });
  }
});

test("a write that repeats what is there waits for nothing", () => {
  const before = desiredWritten(thing({ a: 1 }), { patch: { a: 1 }, view: twin({ a: 1 }, 2) }, RULE)?.next;
  if (before === undefined) throw new Error("nothing was settled");
  expect(before.pendingSince).toBeNull();
  expect(writeState(before, { kind: "merge", patch: { a: 1 } }, { at: 9 })).toEqual({ ok: true, change: null });
});

test("a twin that is told twice changes nothing the second time", () => {
  fc.assert(
    fc.property(documents, documents, (state, desired) => {
      const once = takeTwin(thing(state), twin(desired, 3), RULE)?.next;
      if (once === undefined) throw new Error("nothing was taken");
      expect(takeTwin(once, twin(desired, 3), RULE)).toBeNull();
    }),
  );
});

test("changes that were missed are noticed as a gap, changes seen already are passed over", () => {
  const known = takeTwin(thing({}), twin({ a: 1 }, 4), RULE)?.next;
  if (known === undefined) throw new Error("nothing was taken");
  const patch = { side: "desired", kind: "patch", properties: { a: 2 }, metadata: {}, at: 3_000 } as const;
  expect(takeSectionPatch(known, { ...patch, version: 6 }, RULE)).toBe("gap");
  expect(takeSectionPatch(known, { ...patch, version: 4 }, RULE)).toBeNull();
  expect(takeSectionPatch(known, { ...patch, version: 5 }, RULE)).toMatchObject({ next: { state: { a: 2 } } });
});

test.each([
  ["newest", 2_000, "theirs"],
  ["newest", 400, "ours"],
  ["hub", 400, "theirs"],
  ["ours", 2_000, "ours"],
] as const)("with the rule %s, a message of %i against a write of 500 that waits keeps %s", (rule, at, kept) => {
  const written = writeState(thing({}), { kind: "merge", patch: { a: 1 } }, { at: 500 });
  if (!written.ok || written.change === null) throw new Error("nothing was written");
  const message = { body: { a: 2 }, at, sequenceNumber: 1 };
  const change = takeTelemetry(written.change.next, message, { rule, now: 3_000, mode: "merge" });
  expect(change).toMatchObject({
    next: {
      state: { a: kept === "ours" ? 1 : 2 },
      desired: { pending: kept === "ours" ? { a: 1 } : null },
      conflicts: 1,
    },
    conflicts: [{ path: "a", ours: 1, theirs: 2, kept, rule }],
  });
});

test("a message tells when its device was heard last, one that comes late does not", () => {
  const before = thing({});
  const taken = (from: DeviceState, message: { at: number; sequenceNumber: number }): DeviceState => {
    const change = takeTelemetry(from, { body: { a: message.at }, ...message }, { ...RULE, mode: "merge" });
    if (change === null || change === "unfit") throw new Error("nothing was taken");
    return change.next;
  };
  const heard = taken(before, { at: 2_000, sequenceNumber: 1 });
  expect([before.standing.lastActivity, heard.standing.lastActivity]).toEqual([null, 2_000]);
  expect(taken(heard, { at: 1_500, sequenceNumber: 2 }).standing).toEqual(heard.standing);
});

test("a message that replaces removes what it does not have, and what it removed does not come back", () => {
  const before = takeTelemetry(
    thing({}),
    { body: { a: 1, b: 2 }, at: 2_000, sequenceNumber: 1 },
    { ...RULE, mode: "replace" },
  );
  if (before === null || before === "unfit") throw new Error("nothing was taken");
  const after = takeTelemetry(
    before.next,
    { body: { a: 1 }, at: 3_000, sequenceNumber: 2 },
    { ...RULE, mode: "replace" },
  );
  expect(after).toMatchObject({ next: { state: { a: 1 } } });
  if (after === null || after === "unfit") throw new Error("nothing was taken");
  const late = {
    ...twin({}, 2),
    reported: { properties: { c: 9 }, version: 2, metadata: { $lastUpdated: new Date(2_500).toISOString() } },
  };
  expect(takeTwin(after.next, late, RULE)?.next.state).toEqual({ a: 1 });
});

test("what a device reports here waits as reported, not as desired", () => {
  const before = emptyState({ deviceId: "d", reach: "bridge", connectionId: "h", hubDeviceId: "d" });
  expect(reportState(before, { t: 1 }, 5)).toMatchObject({
    ok: true,
    change: { next: { state: { t: 1 }, desired: { pending: null }, reported: { pending: { t: 1 } } } },
  });
  expect(writeState(before, { kind: "merge", patch: { deviceName: "x" } }, { at: 5 })).toMatchObject({
    ok: false,
    fault: { path: "deviceName" },
  });
});

test("a value that is shown after another was written is known as ours until the section has moved on, and no longer", () => {
  const twinAt = (value: number | null, version: number) =>
    ({
      side: "desired",
      kind: "patch",
      properties: { a: value },
      version,
      metadata: { $lastUpdated: new Date(3_000 + version).toISOString() },
      at: 3_000 + version,
    }) as const;
  const known = takeTwin(thing({}), twin({ a: 1 }, 4), RULE)!.next;
  // Its answer was lost: nobody knows whether 2 is there when 3 is written.
  const superseded = written(written(known, { a: 2 }, 2_100), { a: 3 }, 2_200);
  const echo = takeSectionPatch(superseded, twinAt(2, 5), RULE);
  if (echo === null || echo === "gap") throw new Error("nothing was taken");
  expect(echo).toMatchObject({ next: { state: { a: 3 }, desired: { pending: { a: 3 } } }, conflicts: [] });
  const others = takeSectionPatch(written(echo.next, { a: null }, 2_250), twinAt(9, 6), RULE);
  if (others === null || others === "gap") throw new Error("nothing was taken");
  // It waited here and never came to the hub: whoever writes it there now is somebody else.
  const theirs = takeSectionPatch(others.next, twinAt(3, 7), RULE);
  expect(theirs).toMatchObject({ next: { state: { a: 3 } } });
});

test("a removal by another service is heard when a removal of ours was replaced before", () => {
  const known = takeTwin(thing({}), twin({ a: 1 }, 4), RULE)!.next;
  const waits = written(written(known, { a: null }, 2_100), { a: 2 }, 2_200);
  // Ours came to the hub, and nobody but the stream said so.
  const section = { side: "desired", kind: "patch", metadata: {} } as const;
  const landed = takeSectionPatch(waits, { ...section, properties: { a: 2 }, version: 5, at: 2_300 }, RULE);
  if (landed === null || landed === "gap") throw new Error("nothing was taken");
  expect(landed.next.desired.pending).toBeNull();
  const removed = takeSectionPatch(landed.next, { ...section, properties: { a: null }, version: 6, at: 2_400 }, RULE);
  expect(removed !== "gap" && removed?.next.state).toEqual({});
});

test("what a device that publishes here said before is no news when its twin shows it", () => {
  const before = emptyState({ deviceId: "d", reach: "bridge", connectionId: "h", hubDeviceId: "d" });
  const first = reportState(before, { t: 1 }, 5);
  const second = first.ok && first.change !== null ? reportState(first.change.next, { t: 2 }, 6) : first;
  if (!second.ok || second.change === null) throw new Error("nothing was reported");
  const reported = { properties: { t: 1, former: true }, version: 2, metadata: {} };
  const seen = takeTwin(second.change.next, { ...twin({}, 2), reported }, RULE)?.next;
  expect(seen).toMatchObject({ state: { t: 2, former: true }, reported: { pending: { t: 2 } }, conflicts: 0 });
});

test("what a device reports here comes to its twin although a service wished something else meanwhile", () => {
  const before = emptyState({ deviceId: "d", reach: "bridge", connectionId: "h", hubDeviceId: "d" });
  const known = takeTwin(before, twin({ t: 1 }, 2), RULE)!.next;
  const reported = reportState(known, { t: 5 }, 2_100);
  if (!reported.ok || reported.change === null) throw new Error("nothing was reported");
  const wish = { side: "desired", kind: "patch", properties: { t: 9 }, version: 3, metadata: {}, at: 3_000 } as const;
  expect(takeSectionPatch(reported.change.next, wish, RULE)).toMatchObject({
    next: { state: { t: 9 }, reported: { pending: { t: 5 } } },
    conflicts: [{ ours: 5, theirs: 9, kept: "theirs" }],
  });
});

test("a removal through the API takes back a wish of which the state shows nothing any more", () => {
  const known = takeTwin(thing({}), twin({ a: 1 }, 4), RULE)!.next;
  const silent = takeTelemetry(known, { body: { b: 2 }, at: 5_000, sequenceNumber: 1 }, { ...RULE, mode: "replace" });
  if (silent === null || silent === "unfit") throw new Error("nothing was taken");
  expect(silent.next).toMatchObject({ state: { b: 2 }, desired: { properties: { a: 1 }, pending: null } });
  expect(written(silent.next, { a: null }, 6_000).desired.pending).toEqual({ a: null });
});

test("a wish that arrives takes nothing from what the device has reported since", () => {
  const empty = emptyState({ deviceId: "d", reach: "bridge", connectionId: "h", hubDeviceId: "d" });
  const known = takeTwin(empty, twin({}, 1), RULE)?.next ?? empty;
  const said = reportState(written(known, { t: 9 }, 1_000), { t: 17 }, 1_100);
  if (!said.ok || said.change === null) throw new Error("nothing was reported");
  const echo = { side: "desired", kind: "patch", properties: { t: 9 }, version: 2, metadata: {}, at: 3_000 } as const;
  const seen = takeSectionPatch(said.change.next, echo, RULE);
  expect(seen).toMatchObject({ next: { state: { t: 17 }, desired: { pending: null } }, conflicts: [] });
});

function written(before: DeviceState, patch: JsonObject, at: number): DeviceState {
  const result = writeState(before, { kind: "merge", patch }, { at });
  if (!result.ok || result.change === null) throw new Error("nothing was written");
  return result.change.next;
}

/** Wished, taken back and wished again before the hub had heard of any of it. */
function wishedTwice(before: DeviceState): DeviceState {
  return [{ a: 1 }, { a: null }, { a: 2 }].reduce((record, patch, i) => {
    const written = writeState(record, { kind: "merge", patch }, { at: 500 + i });
    if (!written.ok || written.change === null) throw new Error("nothing was written");
    return written.change.next;
  }, before);
}

/** Somebody else removes all, once the hub has the last wish. */
const REMOVAL = { side: "desired", kind: "whole", properties: {}, version: 3, metadata: {}, at: 3_000 } as const;

test("what the hub's news show to have arrived is ours no more: who removes it then has removed it", () => {
  const seen = takeTwin(wishedTwice(thing({})), twin({}, 1, 100), RULE)?.next;
  const arrived = {
    side: "desired",
    kind: "patch",
    properties: { a: 2 },
    version: 2,
    metadata: {},
    at: 2_000,
  } as const;
  const told = takeSectionPatch(seen!, arrived, RULE);
  if (told === null || told === "gap") throw new Error("nothing was taken");
  expect(told.next.desired.pending).toBeNull();
  const removed = takeSectionPatch(told.next, REMOVAL, RULE);
  expect(removed !== "gap" && removed?.next.state).toEqual({});
});

test("the hub's answer ends what was on its way, also where a report of the same still waits", () => {
  const device = emptyState({ deviceId: "t", reach: "bridge", connectionId: "h", hubDeviceId: "t" });
  const reported = reportState(device, { a: {} }, 400);
  if (!reported.ok || reported.change === null) throw new Error("nothing was reported");
  const waiting = wishedTwice(reported.change.next);
  const answered = desiredWritten(waiting, { patch: { a: 2 }, view: twin({ a: 2 }, 2) }, RULE);
  expect(answered).toMatchObject({ next: { desired: { pending: null }, reported: { pending: { a: {} } } } });
  const removed = takeSectionPatch(answered!.next, REMOVAL, RULE);
  expect(removed !== "gap" && removed?.next.state).toEqual({});
});

test("what another service wishes is not in conflict with a report that the API wrote over", () => {
  const device = emptyState({ deviceId: "t", reach: "bridge", connectionId: "h", hubDeviceId: "t" });
  const reported = reportState(device, { a: 1 }, 400);
  if (!reported.ok || reported.change === null) throw new Error("nothing was reported");
  const wished = written(reported.change.next, { a: 2 }, 500);
  const pushed = desiredWritten(wished, { patch: { a: 2 }, view: twin({ a: 2 }, 2) }, RULE);
  const others = { side: "desired", kind: "patch", properties: { a: 3 }, version: 3, metadata: {}, at: 3_000 } as const;
  const taken = takeSectionPatch(pushed!.next, others, { rule: "ours", now: 3_000 });
  expect(taken).toMatchObject({ next: { state: { a: 3 }, reported: { pending: { a: 1 } } }, conflicts: [] });
});
