import { expect, test } from "vitest";
import type { DeviceState, StateSource } from "../../core/device-state.ts";
import type { JsonObject } from "../../core/json.ts";
import { pendingTarget } from "./pending.ts";
import { leavesOf } from "./paths.ts";
import { emptyState, writeState } from "./writing.ts";

const DEVICE = { deviceId: "d", reach: "itself", connectionId: "c", hubDeviceId: "d" } as const;

/** A state of which the hub has all: what the API wrote in its desired section, what the device said in the reported one. */
function record(written: JsonObject, said: JsonObject): DeviceState {
  const stamps = (part: JsonObject, source: StateSource): [string, readonly [number, StateSource]][] =>
    [...leavesOf(part).keys()].map((path) => [path, [1, source]]);
  return {
    ...emptyState(DEVICE),
    state: { ...written, ...said },
    stamps: Object.fromEntries([...stamps(written, "api"), ...stamps(said, "reported")]),
    desired: { properties: written, version: 2, pending: null },
    reported: { properties: said, version: 2, pending: null },
    revision: 3,
  };
}

function replace(before: DeviceState, state: JsonObject, seen?: JsonObject): DeviceState {
  const written = writeState(before, { kind: "replace", state, ...(seen && { seen }) }, { at: 9 });
  if (!written.ok) throw new Error(written.fault.message);
  return written.change?.next ?? before;
}

test("a whole state takes the place of what was written from this side", () => {
  const next = replace(record({ on: true, limits: { low: 1 } }, {}), { on: false });
  expect(next.state).toEqual({ on: false });
  expect(next.desired.pending).toEqual({ on: false, limits: null });
});

test("what the device said stays, and is not written to it", () => {
  const next = replace(record({ on: true }, { battery: 80, fan: { speed: 3 } }), { on: false, fan: { on: true } });
  expect(next.state).toEqual({ on: false, battery: 80, fan: { on: true, speed: 3 } });
  expect(next.desired.pending).toEqual({ on: false, fan: { on: true } });
});

test("null removes what the device said", () => {
  const next = replace(record({}, { battery: 80, old: 1 }), { old: null });
  expect(next.state).toEqual({ battery: 80 });
});

test("a client that sends back what it had read changes nothing of what the device has said since", () => {
  const before = record({ on: true }, { battery: 79, voltage: 3.6 });
  const next = replace(before, { on: true, battery: 80, voltage: 3.6 }, { battery: 80, voltage: 3.6 });
  expect(next).toBe(before);
});

test("a client that changes what the device said, or leaves it out having read it, is heard", () => {
  const before = record({}, { mode: "eco", battery: 80 });
  const next = replace(before, { mode: "away" }, { mode: "eco", battery: 80 });
  expect(next.state).toEqual({ mode: "away" });
  expect(next.desired.pending).toEqual({ mode: "away", battery: null });
});

test("a wish is taken back although the device goes on saying the same", () => {
  const before = { ...record({ target: 20 }, {}), stamps: { target: [2, "reported"] as const } };
  const next = replace(before, {});
  expect(next.state).toEqual({ target: 20 });
  expect(pendingTarget(next.desired)).toEqual({});
  expect(replace(next, {}).revision).toBe(next.revision);
});

test("an empty state clears all that was written from this side", () => {
  expect(replace(record({ a: 1, b: { c: 2 } }, {}), {}).state).toEqual({});
});

test("what is sent back as it was read does not stand in the way of what the device has said since, whatever its form", () => {
  expect(replace(record({}, { a: { x: 13 } }), { a: 7, b: 1 }, { a: 7 }).state).toEqual({ a: { x: 13 }, b: 1 });
  expect(replace(record({}, { a: 13 }), { a: { x: 7 }, b: 1 }, { a: { x: 7 } }).state).toEqual({ a: 13, b: 1 });
});

test("a wish is taken back where the whole state has something of another form", () => {
  const before = { ...record({ c: 11 }, {}), state: { c: { d: 12 } }, stamps: { "c.d": [2, "reported"] as const } };
  const next = replace(before, { c: { d: 12 } }, { c: { d: 12 } });
  expect(next.state).toEqual({ c: { d: 12 } });
  expect(pendingTarget(next.desired)).toEqual({});
});
