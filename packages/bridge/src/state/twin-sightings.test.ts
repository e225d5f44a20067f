import { expect, test } from "vitest";
import type { DeviceState } from "../core/device-state.ts";
import { emptyState } from "./document/writing.ts";
import { twinSightings } from "./twin-sightings.ts";

const NEW = emptyState({ deviceId: "d", reach: "itself", connectionId: "c1", hubDeviceId: "d" });
const SEEN: DeviceState = {
  ...NEW,
  desired: { properties: { lamp: { on: false }, level: 1 }, version: 3, pending: null },
  reported: { properties: { lit: false }, version: 5, pending: null },
};

function desired(stamps: DeviceState["stamps"], properties: DeviceState["state"]): DeviceState {
  return { ...SEEN, stamps, desired: { properties, version: 4, updatedAt: 900, pending: null } };
}

test("what was written from here and what others wrote is told apart by who wrote the values", () => {
  const ours = desired({ "lamp.on": [1, "api"] }, { lamp: { on: true } });
  const at = { deviceId: "d", connectionId: "c1", hubDeviceId: "d", at: 900, section: "desired", version: 4 };
  expect(twinSightings(SEEN, ours, 1_000)).toEqual([
    { ...at, by: { kind: "bridge", name: "state" }, patch: { level: null, lamp: { on: true } } },
  ]);
  const others = desired({ level: [900, "desired"] }, { lamp: { on: false }, level: 2 });
  expect(twinSightings(SEEN, others, 1_000)).toEqual([{ ...at, by: { kind: "hub", name: null }, patch: { level: 2 } }]);
});

test("what is reported is the device's, and dated by this clock where the hub's runs ahead", () => {
  const reported = { properties: { lit: true }, version: 6, updatedAt: 9_000, pending: null };
  expect(twinSightings(SEEN, { ...SEEN, reported }, 1_000)).toMatchObject([
    { section: "reported", by: { kind: "device", name: null }, patch: { lit: true }, at: 1_000 },
  ]);
  expect(twinSightings(SEEN, { ...SEEN, reach: "bridge", reported }, 1_000)).toMatchObject([
    { by: { kind: "device", name: "through the bridge" } },
  ]);
});

test("a first look, a version without a change and a move to another hub are no changes", () => {
  expect(twinSightings(NEW, SEEN, 1_000)).toEqual([]);
  expect(twinSightings(SEEN, { ...SEEN, desired: { ...SEEN.desired, version: 9 } }, 1_000)).toEqual([]);
  const other = desired({}, {});
  expect(twinSightings(SEEN, { ...other, connectionId: "c2" }, 1_000)).toEqual([]);
  expect(twinSightings(SEEN, { ...other, connectionId: null }, 1_000)).toEqual([]);
});
