import fc from "fast-check";
import { expect, test } from "vitest";
import type { JsonObject } from "../../core/json.ts";
import { takeMessages, takeTelemetry, takeTwin } from "./hub-change.ts";
import { leavesAlong, leavesOf, overlaps, pathFrom, valueAt, withLeaf, withLeaves, withoutLeaves } from "./paths.ts";
import { settlePending, withdrawPending } from "./pending.ts";
import { emptyState, writeState } from "./writing.ts";

const RULE = { rule: "newest", now: 1_000 } as const;
const key = fc.constantFrom("a", "b", "c", "__proto__");
const path = fc.array(key, { minLength: 1, maxLength: 4 });
const documents = fc.letrec<{ value: unknown; object: JsonObject }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, fc.integer({ min: 0, max: 3 }), fc.constant([1]), tie("object")),
  object: fc
    .array(fc.tuple(key, tie("value")), { maxLength: 3 })
    .map((entries) => Object.fromEntries(entries)) as fc.Arbitrary<JsonObject>,
})).object;

test("the leaves along a path are those that overlap it", () => {
  fc.assert(
    fc.property(documents, path, (document, at) => {
      const all = [...leavesOf(document)].filter(([text]) => overlaps(pathFrom(text), at));
      expect(leavesAlong(document, at)).toEqual(all.map(([text, value]) => [pathFrom(text), value]));
    }),
  );
});

test("many leaves set and removed at once make what they make one by one, and leave what was as it was", () => {
  fc.assert(
    fc.property(documents, fc.array(fc.tuple(path, fc.nat(3)), { maxLength: 6 }), fc.array(path), (from, set, gone) => {
      const before = JSON.stringify(from);
      const singly = set.reduce<JsonObject>((document, [at, value]) => withLeaf(document, at, value), from);
      const many = withLeaves(from, set);
      expect(many).toEqual(singly);
      for (const [at, value] of set.slice(-1)) expect(valueAt(many, at)).toBe(value);
      const left = withoutLeaves(many, gone);
      for (const at of gone) expect(valueAt(left, at)).toBeUndefined();
      expect(many).toEqual(singly);
      expect(JSON.stringify(from)).toBe(before);
    }),
  );
});

test("what waits is settled by what was written, and withdrawn where somebody else has won", () => {
  const pending = { a: { b: 1, c: null, d: {} }, e: null };
  expect(settlePending(pending, { a: { b: 2, c: null } })).toEqual({ a: { b: 1, d: {} }, e: null });
  expect(settlePending(pending, { a: null, e: null })).toEqual({ a: { b: 1, d: {} } });
  expect(settlePending({ e: null }, { e: null })).toBeNull();
  expect(withdrawPending({ properties: { e: { x: 1, y: { z: 2 } } }, pending }, ["e", "x"])).toEqual({
    a: { b: 1, c: null, d: {} },
    e: { y: { z: null } },
  });
  expect(withdrawPending({ properties: {}, pending }, ["a"])).toEqual({ e: null });
});

test("a device that changes thousands of properties at once holds nobody up", () => {
  const keys = Array.from({ length: 1_500 }, (_, i) => i.toString(36));
  const of = (value: string): JsonObject => ({ all: Object.fromEntries(keys.map((name) => [name, value])) });
  const empty = emptyState({ deviceId: "t", reach: "itself", connectionId: "h", hubDeviceId: "t" });
  const written = writeState(empty, { kind: "merge", patch: of("1") }, { at: 1_000 });
  const ours = written.ok ? written.change!.next : empty;
  const section = { properties: of("2"), version: 2, metadata: {} };
  const standing = { status: "enabled", connectionState: "connected", lastActivity: null } as const;
  const twin = { deviceId: "t", ...standing, etag: "e", version: 3, desired: section, reported: section };
  for (const rule of ["newest", "hub", "ours"] as const) {
    const conflicts = takeTwin(ours, twin, { rule, now: 2_000 })!;
    expect(conflicts.conflicts.length).toBeGreaterThanOrEqual(keys.length);
    expect(conflicts.next.state).toEqual(of(rule === "ours" ? "1" : "2"));
  }
  const told = takeTelemetry(empty, { body: of("1"), at: 1, sequenceNumber: 1 }, { ...RULE, mode: "merge" });
  if (told === null || told === "unfit") throw new Error("not taken");
  expect(told.next.state).toEqual(of("1"));
  const gone = takeTelemetry(told.next, { body: {}, at: 2, sequenceNumber: 2 }, { ...RULE, mode: "replace" });
  expect(gone).toMatchObject({ next: { state: {} } });
});

test("a message that no state can hold is passed over, however it is made", () => {
  const empty = emptyState({ deviceId: "t", reach: "itself", connectionId: "h", hubDeviceId: "t" });
  const deep = `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`;
  for (const text of [deep, '{"a":1e999}', '{"a":[-1e999]}']) {
    const body = JSON.parse(text) as JsonObject;
    expect(takeTelemetry(empty, { body, at: 1, sequenceNumber: 1 }, { ...RULE, mode: "merge" })).toBe("unfit");
  }
});

test("messages taken at once make what they make one by one", () => {
  const empty = emptyState({ deviceId: "t", reach: "itself", connectionId: "h", hubDeviceId: "t" });
  const bodies = fc.array(documents, { maxLength: 5 });
  fc.assert(
    fc.property(documents, bodies, fc.constantFrom("merge", "replace"), (first, all, mode) => {
      const written = writeState(empty, { kind: "merge", patch: withoutLeaves(first, [["__proto__"]]) }, { at: 2 });
      const before = written.ok && written.change !== null ? written.change.next : { ...empty, revision: 1 };
      const messages = all.map((body, i) => ({ body, at: i + 1, sequenceNumber: i }));
      const judging = { ...RULE, mode } as const;
      let singly = before;
      for (const message of messages) {
        const change = takeTelemetry(singly, message, judging);
        if (change !== null && change !== "unfit") singly = change.next;
      }
      const { change, unfit } = takeMessages(before, messages, judging);
      expect(unfit).toBe(0);
      // What is again as it was has not changed.
      const rest = { revision: 0, changedAt: 0 };
      expect({ ...(change?.next ?? before), ...rest }).toEqual({ ...singly, ...rest });
    }),
  );
});

test("a device with thousands of properties that changes one of them often holds nobody up", () => {
  const keys = Array.from({ length: 6_000 }, (_, i) => i.toString(36));
  const body = Object.fromEntries(keys.map((name) => [name, ""]));
  const empty = emptyState({ deviceId: "t", reach: "itself", connectionId: "h", hubDeviceId: "t" });
  const often = Array.from({ length: 500 }, (_, i) => ({ body: { n: i }, at: i + 2, sequenceNumber: i + 1 }));
  const messages = [{ body, at: 1, sequenceNumber: 0 }, ...often];
  const { change, unfit } = takeMessages(empty, messages, { ...RULE, mode: "merge" });
  expect(unfit).toBe(0);
  expect(change?.next.state).toEqual({ ...body, n: 499 });
});
