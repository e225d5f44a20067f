import { expect, test } from "vitest";
import { STATE_DEFAULTS, type DeviceState, type StateConflict } from "../../core/device-state.ts";
import { emptyState } from "../document/writing.ts";
import type { Ending } from "./ending.ts";
import { orderPromises } from "./order-promises.ts";
import { Origins, type LocalWrite } from "./origins.ts";
import { SimulatedHub } from "./simulated-hub.ts";
import { VirtualClock } from "../../delivery/testing/virtual-clock.ts";
import { createDice } from "../../delivery/testing/dice.ts";

const [LANDED, LOST, SAID, SHOWN] = [1, 2, 3, 4];

/** What is wrong when one wish lost to what the device said, which then said more, and another is the newest in the hub. */
function wrongOf(order: { readonly landedAskedAt: number; readonly lostAskedAt: number }): string[] {
  const clock = new VirtualClock();
  const hub = new SimulatedHub({ clock, dice: createDice(1), skewMs: 0, trace: () => undefined });
  const { deviceId } = hub.create("t0");
  const asked = (value: number, at: number): LocalWrite => ({
    deviceId,
    at,
    kind: "merge",
    path: "a",
    value,
    answeredAt: at + 5,
  });
  const conflict: StateConflict = {
    deviceId,
    at: 300,
    path: "a",
    ours: LOST,
    theirs: SAID,
    theirSource: "telemetry",
    kept: "theirs",
    rule: "newest",
  };
  const known = emptyState({ deviceId, reach: "itself", connectionId: "hub", hubDeviceId: deviceId });
  const record: DeviceState = { ...known, state: { a: SHOWN } };
  const view = hub.view(deviceId)!;
  const ending: Ending = {
    deviceId,
    record,
    view,
    writes: [
      { path: "a", value: SAID, at: 250, kind: "telemetry", by: "device" },
      { path: "a", value: SHOWN, at: 260, kind: "telemetry", by: "device" },
      { path: "a", value: LANDED, at: 280, kind: "desired", by: "bridge" },
    ],
    conflicts: [conflict],
    localWrites: [asked(LANDED, order.landedAskedAt), asked(LOST, order.lostAskedAt)],
    origins: new Origins(),
    settings: STATE_DEFAULTS,
    skewMs: 0,
    lastTelemetry: null,
    pushes: 1,
    unguarded: 0,
    messages: [],
    repeats: 0,
    isMeddled: false,
    isDeleted: false,
    isFlat: true,
  };
  return orderPromises.flatMap((check) => check(ending, record, view));
}

test("a wish that was written over here by one that lost may come to the hub as the newest", () => {
  expect(wrongOf({ landedAskedAt: 100, lostAskedAt: 200 })).toEqual([]);
});

test("a wish that was written after the one that lost is to be shown", () => {
  expect(wrongOf({ landedAskedAt: 200, lostAskedAt: 100 }).join(" ")).toContain("the newest is");
});
