import { expect, test } from "vitest";
import type { DeviceIdentity } from "../registry/identity.ts";
import { IdentityOrder } from "./identity-order.ts";

function identity(deviceId: string, generationId = "1"): DeviceIdentity {
  return { deviceId, generationId } as DeviceIdentity;
}

test("places last while thousands of others are deleted", () => {
  const alive = new Set<unknown>();
  const order = new IdentityOrder((name) => alive.has(name));
  const add = (id: string): void => {
    alive.add(id);
    order.add(identity(id));
  };
  for (let i = 0; i < 5000; i++) add(`d${i}`);
  const [place] = [...order.from(0)][4000] ?? [0];
  const under = order.from(4990);
  expect(under.next().value).toEqual([4990, "d4990"]);
  for (let i = 0; i < 4000; i++) {
    alive.delete(`d${i}`);
    order.removed();
  }
  add("new");
  expect(order.from(place).next().value).toEqual([4000, "d4000"]);
  expect(order.from(0).next().value).toEqual([4000, "d4000"]);
  expect([...order.from(4999)]).toEqual([
    [4999, "d4999"],
    [5000, "new"],
  ]);
  // Who was underway goes on with what was there.
  expect([...under].at(-1)).toEqual([4999, "d4999"]);
});

test("an id that is created again gets a new place", () => {
  let current = "1";
  const order = new IdentityOrder((name, generation) => (name === "d" ? generation === current : true));
  order.add(identity("d", "1"));
  order.add(identity("e", "2"));
  current = "3";
  order.removed();
  order.add(identity("d", "3"));
  expect([...order.from(0)].map(([, name]) => name)).toEqual(["e", "d"]);
});
