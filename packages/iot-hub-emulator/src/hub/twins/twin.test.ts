/** Twins under changes of any shape. Set TWIN_CASES for a longer run. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { asHubError } from "../errors.ts";
import { parseIdentityFields, parseModuleFields } from "../registry/identity-fields.ts";
import { parseReported, parseTwinChange, patchTwin, replaceTwin, reportTwin } from "./twin-change.ts";
import { isObject, newTwin, twinEtag } from "./twin.ts";
import type { JsonObject, JsonValue, StoredTwin } from "./twin.ts";

const RUNS = { numRuns: Number(process.env["TWIN_CASES"] ?? 500) };
const AT = "2030-01-01T00:00:00.000Z";

const key = fc.constantFrom("a", "b", "c", "constructor", "__proto__", "x-y");
const scalar = fc.oneof(fc.integer(), fc.boolean(), fc.string({ maxLength: 5 }));
const { patches } = fc.letrec<{ patches: JsonObject; value: JsonValue }>((tie) => ({
  patches: fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc.constant(null),
    fc.array(scalar, { maxLength: 2 }),
    tie("patches"),
  ),
}));

/** What a device does with a notification: JSON Merge Patch, RFC 7396, written once more from its text. */
function mergePatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isObject(patch)) return patch;
  const result = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else result.set(name, mergePatch(result.get(name), value));
  }
  return Object.fromEntries(result);
}

/** The keys of metadata without the hub's own, which should be those of the values. */
function skeleton(value: JsonValue | undefined): JsonValue {
  if (!isObject(value)) return {};
  const entries = Object.entries(value).filter(([name]) => !name.startsWith("$"));
  return Object.fromEntries(entries.map(([name, inner]): [string, JsonValue] => [name, skeleton(inner)]));
}

function applyAll(
  changes: readonly JsonObject[],
  apply: (twin: StoredTwin, patch: JsonObject) => StoredTwin,
): StoredTwin {
  return changes.reduce(apply, newTwin(0));
}

test("patches merge as RFC 7396 says, and metadata mirrors the keys of the values", () => {
  fc.assert(
    fc.property(fc.array(patches, { maxLength: 5 }), (changes) => {
      const desired = applyAll(changes, (twin, patch) => patchTwin(twin, { desired: patch }, AT)).desired;
      const reported = applyAll(changes, (twin, patch) => reportTwin(twin, patch, AT)).reported;
      const expected = changes.reduce<JsonValue>(mergePatch, {});
      for (const { values, metadata } of [desired, reported]) {
        expect(values).toEqual(expected);
        expect(skeleton(metadata)).toEqual(skeleton(values));
      }
      expect(reported.version).toBe(changes.length + 1);
    }),
    RUNS,
  );
});

test("a replacement leaves nothing of what was there, and no etag comes twice", () => {
  fc.assert(
    fc.property(patches, patches, (first, second) => {
      const before = patchTwin(newTwin(0), { tags: first, desired: first }, AT);
      const after = replaceTwin(before, { tags: second, desired: second }, AT);
      const fresh = replaceTwin(newTwin(0), { tags: second, desired: second }, AT);
      expect([after.tags, after.desired.values]).toEqual([fresh.tags, fresh.desired.values]);
      expect(skeleton(after.desired.metadata)).toEqual(skeleton(after.desired.values));
      expect(new Set([newTwin(0), before, after].map(twinEtag)).size).toBe(3);
    }),
    RUNS,
  );
});

test("documents of any shape are read or refused, and fail in no other way", () => {
  const names = ["tags", "properties", "desired", "authentication", "type", "symmetricKey", "primaryKey", "status"];
  const more = ["capabilities", "iotEdge", "parentScopes", "deviceScope", "x509Thumbprint", "statusReason", "$version"];
  const document = fc.object({ key: fc.constantFrom(...names, ...more, "__proto__", ""), maxDepth: 5 });
  const readers = [parseTwinChange, parseReported, parseIdentityFields, parseModuleFields];
  const refusals = new Set<string>();
  fc.assert(
    fc.property(fc.oneof(document, fc.jsonValue()), fc.constantFrom(...readers), (given, read) => {
      // As it comes from a client: what JSON can say.
      const parsed: unknown = JSON.parse(JSON.stringify(given));
      try {
        read(parsed);
      } catch (error) {
        refusals.add(asHubError(error).errorName);
      }
    }),
    RUNS,
  );
  expect([...refusals]).toEqual(["ArgumentInvalid"]);
});
