import { expect, test } from "vitest";
import { applyPatch, differences, patchBetween, same, typedObject, type JsonObject } from "./json.ts";

const BEFORE: JsonObject = { lamp: { on: true, level: 3 }, tags: ["a"], gone: 1 };
const AFTER: JsonObject = { lamp: { on: false, level: 3 }, tags: ["a", "b"], fresh: {} };

test("the patch between two documents makes one of the other and names nothing else", () => {
  const patch = patchBetween(BEFORE, AFTER);
  expect(patch).toEqual({ gone: null, lamp: { on: false }, tags: ["a", "b"], fresh: {} });
  expect(applyPatch(BEFORE, patch)).toEqual(AFTER);
  expect(patchBetween(BEFORE, BEFORE)).toEqual({});
});

test("differences are told leaf by leaf", () => {
  expect(differences(BEFORE, AFTER)).toEqual([
    { path: "lamp.on", before: true, after: false },
    { path: "tags", before: ["a"], after: ["a", "b"] },
    { path: "gone", before: 1, after: undefined },
    { path: "fresh", before: undefined, after: {} },
  ]);
});

test("an edit is merged with what somebody else wrote meanwhile", () => {
  const base: JsonObject = { lamp: { on: true }, level: 1 };
  const mine: JsonObject = { lamp: { on: false }, level: 1 };
  const theirs: JsonObject = { lamp: { on: true }, level: 2, extra: 1 };
  expect(applyPatch(theirs, patchBetween(base, mine))).toEqual({ lamp: { on: false }, level: 2, extra: 1 });
});

test("keys of every object's prototype are keys like any others", () => {
  const odd = JSON.parse('{"__proto__":{"a":1},"constructor":2}') as JsonObject;
  expect(Object.keys(patchBetween({}, odd))).toEqual(["__proto__", "constructor"]);
  expect(same(odd, { constructor: 2 } as unknown as JsonObject)).toBe(false);
});

test.each([
  ["", { ok: true, value: {} }],
  ['{"a":1}', { ok: true, value: { a: 1 } }],
  ["[]", { ok: false, message: "It must be a JSON object: { … }" }],
  ["null", { ok: false, message: "It must be a JSON object: { … }" }],
])("what is typed as %j", (text, typed) => {
  expect(typedObject(text)).toEqual(typed);
});

test("unfinished JSON is told as such", () => {
  expect(typedObject('{"a":')).toMatchObject({ ok: false, message: expect.stringContaining("no JSON yet") });
});

test("a number beyond all bounds is refused, as it would be sent as null, which removes", () => {
  expect(typedObject('{"a":[{"b":1e400}]}')).toMatchObject({
    ok: false,
    message: expect.stringContaining("too large"),
  });
});
