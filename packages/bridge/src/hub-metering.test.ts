/** What is counted of a hub's calls, by what a hub charges for. */
import { expect, test } from "vitest";
import type { DeviceHub, MethodAnswer } from "./core/device-desk.ts";
import { fail, succeed, type Result } from "./core/failure.ts";
import type { HubConnection } from "./core/integration.ts";
import { meteredTwinHubs } from "./hub-metering.ts";

function counting(hub: Partial<DeviceHub>): { readonly hub: DeviceHub; readonly counts: (string | number)[][] } {
  const counts: (string | number)[][] = [];
  const hubs = meteredTwinHubs({ openTwins: () => hub as DeviceHub }, (id, kind, bytes) =>
    counts.push([id, kind, bytes]),
  );
  return { hub: hubs.openTwins({ id: "c1" } as HubConnection), counts };
}

const CALL = { name: "reboot", payload: { delay: 3 }, responseTimeout: 5, connectTimeout: 0 };

test.each<[string, Result<MethodAnswer | null>, readonly number[]]>([
  ["is answered", succeed({ status: 200, payload: { heard: true } }), [11, 14]],
  ["is answered with nothing", succeed({ status: 204, payload: null }), [11, 0]],
  ["finds the device away", fail("device_not_online", "away"), [11, 0]],
  ["is not answered in time", fail("method_unanswered", "late"), [11]],
  ["is of nobody", succeed(null), []],
  ["does not reach the hub", fail("hub_unreachable", "no way"), []],
])("a method that %s", async (_when, answer, sizes) => {
  const { hub, counts } = counting({ invokeMethod: async () => answer });
  expect(await hub.invokeMethod("d", CALL)).toBe(answer);
  expect(counts).toEqual(sizes.map((bytes) => ["c1", "method", bytes]));
});

test("a change of a twin counts as it goes over the wire", async () => {
  const { hub, counts } = counting({ patchTwin: async () => succeed("changed") });
  await hub.patchTwin("d", { tags: { a: 1 }, desired: { b: 2 } }, null);
  expect(counts).toEqual([
    ["c1", "twin", JSON.stringify({ tags: { a: 1 }, properties: { desired: { b: 2 } } }).length],
  ]);
});
