/** What a twin may hold, judged by a hub that the vendor's client asks: at the limits, and one beyond each. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json, JsonObject } from "../../core/json.ts";
import { startTwinsUnderTest } from "../../hub/testing/twins-under-test.ts";
import { cleaned } from "./json-values.ts";
import { sizeOf } from "./twin-limits.ts";
import { emptyState, initialState, wholeFault, writeState } from "./writing.ts";

const SECTION = 32 * 1024;

/** The shape that Microsoft's documentation shows: `levels` objects or arrays in each other, and a value in the last. */
function nested(levels: number, kinds: readonly ("object" | "array")[]): Json {
  let value: Json = 1;
  for (let level = 0; level < levels; level += 1)
    value = kinds[level % kinds.length] === "array" ? [value] : { n: value };
  return value;
}

/** A section of so many bytes, with this as a part of it. */
function filled(part: JsonObject, bytes: number): JsonObject {
  const whole: Record<string, Json> = { ...part };
  for (let left = bytes - sizeOf(part), i = 0; left > 4; i += 1) {
    const key = `f${String(i).padStart(3, "0")}`;
    const length = Math.min(4_096, left - key.length);
    whole[key] = "x".repeat(length);
    left -= length + key.length;
  }
  return whole;
}

const FIT = ["a", "ключ", "constructor", "\u{1f600}", "a\u00a0b", "a/b", "a\\b", "k".repeat(1_024), "é".repeat(512)];
const UNFIT = [
  "",
  "\ud800",
  "a.b",
  "a b",
  "$a",
  "a\u0000",
  "a\u0085",
  "a\u007f",
  "k".repeat(1_025),
  `${"é".repeat(512)}k`,
];
const NUMBERS = [0, -0, 1.5, 5e-324, 2 ** 52 - 1, 2 ** 52, -(2 ** 52), -(2 ** 52) - 1, 2 ** 52 - 0.5, 1e300, -1e-300];
const TEXTS = [
  "",
  "é",
  "\ud800",
  "\u0000",
  "x".repeat(4_096),
  "x".repeat(4_097),
  "é".repeat(2_048),
  `${"é".repeat(2_048)}x`,
];

const { document } = fc.letrec<{ value: Json; document: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Json>(true, false, null, [], {}, [null], [{ a: null }], { a: null }, ...NUMBERS, ...TEXTS),
    fc
      .tuple(
        fc.integer({ min: 8, max: 12 }),
        fc.array(fc.constantFrom("object" as const, "array" as const), { minLength: 1, maxLength: 3 }),
      )
      .map(([levels, kinds]) => nested(levels, kinds)),
    fc.string({ unit: "binary", maxLength: 5 }),
    tie("document"),
    fc.array(tie("value"), { maxLength: 3 }),
  ),
  document: fc.dictionary(
    fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom("a", "b", "c") },
      { weight: 1, arbitrary: fc.constantFrom(...FIT, ...UNFIT) },
    ),
    tie("value"),
    { maxKeys: 3 },
  ) as fc.Arbitrary<JsonObject>,
}));
/** A third of them at a section's size, or one byte beyond it. */
const states = fc
  .tuple(document, fc.constantFrom(0, 0, 0, 0, SECTION, SECTION + 1))
  .map(([part, bytes]) => (bytes === 0 ? part : filled(part, bytes)));

type Registry = Awaited<ReturnType<typeof startTwinsUnderTest>>["registry"];

/** Whether the hub takes this patch of desired properties. */
async function isTaken(registry: Registry, deviceId: string, desired: JsonObject): Promise<boolean> {
  try {
    await registry.updateTwin(deviceId, { properties: { desired } }, "*");
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "ArgumentError") return false;
    throw error;
  }
}

test("a state is refused here exactly when a hub refuses it, and so is what comes on top of it", async () => {
  const { registry } = await startTwinsUnderTest();
  const seen = { taken: 0, refused: 0, takenOnTop: 0, refusedOnTop: 0 };
  for (const [i, [first, patch]] of fc.sample(fc.tuple(states, document), 150).entries()) {
    const deviceId = `d${i}`;
    await registry.create({ deviceId });
    // What a first state removes is not there.
    const state = cleaned(first);
    const made = initialState({ deviceId, reach: "itself", connectionId: "h", hubDeviceId: deviceId, state, at: 1 });
    expect({ state, isTaken: made.ok, made }).toEqual({
      state,
      isTaken: await isTaken(registry, deviceId, state),
      made,
    });
    seen[made.ok ? "taken" : "refused"] += 1;
    if (!made.ok) continue;
    const written = writeState(made.state, { kind: "merge", patch }, { at: 2 });
    // Whose key no twin could hold, it cannot remove either; here that removes nothing.
    if (written.ok && JSON.stringify(patch).includes("null")) continue;
    const took = await isTaken(registry, deviceId, patch);
    expect({ state, patch, isTaken: written.ok, written }).toEqual({ state, patch, isTaken: took, written });
    seen[took ? "takenOnTop" : "refusedOnTop"] += 1;
  }
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(5);
});

test.each([
  ["levels of objects", (more: number) => ({ n: nested(10 + more, ["object"]) }), "n.n.n.n.n.n.n.n.n.n.n"],
  ["levels of arrays", (more: number) => ({ n: nested(10 + more, ["array"]) }), "n"],
  ["an integer", (more: number) => ({ a: [{ b: 2 ** 52 - 1 + more }] }), "a"],
  ["an integer below", (more: number) => ({ a: { b: -(2 ** 52) - more } }), "a.b"],
  ["a key", (more: number) => ({ a: { [`${"é".repeat(512)}${"k".repeat(more)}`]: 1 } }), `a.${"é".repeat(512)}k`],
  ["a text", (more: number) => ({ a: `${"é".repeat(2_048)}${"x".repeat(more)}` }), "a"],
  ["a section", (more: number) => filled({ a: 1 }, SECTION + more), ""],
])("%s at the limit is taken, and one more is refused with its path", (_, stateWith, path) => {
  expect(wholeFault(stateWith(0) as JsonObject)).toBeNull();
  expect(wholeFault(stateWith(1) as JsonObject)).toMatchObject({ path });
});

test("beside the state of a device that publishes here there is room for the longest name", async () => {
  const { registry } = await startTwinsUnderTest();
  const deviceId = "d";
  await registry.create({ deviceId });
  const empty = emptyState({ deviceId, reach: "bridge", connectionId: "h", hubDeviceId: deviceId });
  const room = SECTION - "deviceName".length - 3 * 128;
  const written = (bytes: number): ReturnType<typeof writeState> =>
    writeState(empty, { kind: "merge", patch: filled({}, bytes) }, { at: 1 });
  expect([written(room), written(room + 1)]).toMatchObject([{ ok: true }, { ok: false, fault: { path: "" } }]);
  expect(await isTaken(registry, deviceId, filled({}, room))).toBe(true);
  expect(await isTaken(registry, deviceId, { deviceName: "啊".repeat(128) })).toBe(true);
  expect(await isTaken(registry, deviceId, { more: 1 })).toBe(false);
});
