import { expect, test } from "vitest";
import { DEVICE, OTHER, openDoor, type DoorUnderTest } from "./testing/door-under-test.ts";

const told = (bed: DoorUnderTest): string[] =>
  bed.told.map(({ name, data, device }) => `${device?.id === DEVICE ? "device" : "other"} ${name} ${data}`);

test("a device that connects is told online, and offline when it is gone, by goodbye or not", async () => {
  await using bed = await openDoor();
  const peer = await bed.connect();
  expect(told(bed)).toEqual(["device spark/status online"]);
  peer.send({ cmd: "disconnect" });
  await expect.poll(() => told(bed)).toEqual(["device spark/status online", "device spark/status offline"]);
  const other = await bed.connect(OTHER);
  other.socket.destroy();
  await expect.poll(() => told(bed).slice(2)).toEqual(["other spark/status online", "other spark/status offline"]);
});

test("a device that connects again over its old connection was never gone", async () => {
  await using bed = await openDoor();
  const former = await bed.connect();
  const present = await bed.connect();
  await former.over;
  expect(told(bed)).toEqual(["device spark/status online"]);
  present.socket.destroy();
  await expect.poll(() => told(bed)).toEqual(["device spark/status online", "device spark/status offline"]);
});

test("a server that stops calls nobody offline, and a store that takes nothing keeps nobody out", async () => {
  await using bed = await openDoor();
  bed.isFull = true;
  const peer = await bed.connect();
  expect(bed.log).toContainEqual(expect.objectContaining({ name: "mqtt.status_lost" }));
  bed.isFull = false;
  const closed = bed.door.close();
  await peer.over;
  await closed;
  expect(told(bed)).toEqual([]);
});
