/** What a device leaves behind when its connection breaks. */
import { expect, test } from "vitest";
import { RateLimit } from "../../core/rate-limit.ts";
import { VirtualClock } from "../../delivery/testing/virtual-clock.ts";
import { DEVICE, openDoor, OTHER } from "./testing/door-under-test.ts";

const TOPIC = `devices/${DEVICE}/events/status`;
const WILL = { topic: TOPIC, payload: "offline", qos: 1 as const, retain: false };

test.each([4, 5] as const)(
  "protocol %i: a connection that breaks leaves the will as an event",
  async (protocolVersion) => {
    await using bed = await openDoor();
    const peer = await bed.connect(DEVICE, { protocolVersion, will: WILL });
    peer.socket.destroy();
    await expect.poll(() => bed.taken.map(({ name, data }) => `${name}=${data}`)).toEqual(["status=offline"]);
  },
);

test("a goodbye leaves none, unless it asks for it", async () => {
  await using bed = await openDoor();
  const polite = await bed.connect(DEVICE, { will: WILL });
  polite.send({ cmd: "disconnect" });
  await polite.over;
  expect(bed.taken).toEqual([]);
  const peer = await bed.connect(DEVICE, { protocolVersion: 5, will: WILL });
  peer.send({ cmd: "disconnect", reasonCode: 4 });
  await peer.over;
  expect(bed.taken).toHaveLength(1);
});

test("a device that is no longer welcome leaves none, nor one whose server stops", async () => {
  await using bed = await openDoor();
  const revoked = await bed.connect(OTHER, { will: { ...WILL, topic: TOPIC.replace(DEVICE, OTHER) } });
  bed.revoke(OTHER);
  await revoked.over;
  const peer = await bed.connect(DEVICE, { will: WILL });
  const closed = bed.door.close();
  await peer.over;
  await closed;
  expect(bed.taken).toEqual([]);
});

test("a delayed will waits, and is not left when the device is back by then", async () => {
  const clock = new VirtualClock();
  await using bed = await openDoor({ clock });
  const delayed = { ...WILL, properties: { willDelayInterval: 60 } };
  const change = {
    protocolVersion: 5,
    clean: false,
    will: delayed,
    properties: { sessionExpiryInterval: 600 },
  } as const;
  const first = await bed.connect(DEVICE, change);
  first.socket.destroy();
  await expect.poll(() => bed.door.links.link(DEVICE)).toBeNull();
  const second = await bed.connect(DEVICE, change);
  await clock.advance(60_000);
  expect(bed.taken).toEqual([]);
  second.socket.destroy();
  await expect.poll(() => bed.door.links.link(DEVICE)).toBeNull();
  await clock.advance(59_999);
  expect(bed.taken).toEqual([]);
  await clock.advance(1);
  expect(bed.taken).toHaveLength(1);
});

test.each([
  ["another device's events", { topic: `devices/${OTHER}/events/status` }, 5, 0x87],
  ["no event", { topic: `devices/${DEVICE}/describe` }, 5, 0x90],
  ["a reserved name", { topic: `devices/${DEVICE}/events/spark/status` }, 5, 0x90],
  ["too long", { payload: "x".repeat(1025) }, 5, 0x99],
])("a will that is %s is refused when the device connects", async (_what, change, returnCode, reasonCode) => {
  await using bed = await openDoor();
  const four = await bed.open();
  four.send(bed.connectPacket(DEVICE, { will: { ...WILL, ...change } }));
  expect(await four.rest()).toMatchObject([{ cmd: "connack", returnCode }]);
  const five = await bed.open();
  five.send(bed.connectPacket(DEVICE, { protocolVersion: 5, will: { ...WILL, ...change } }));
  expect(await five.rest()).toMatchObject([{ cmd: "connack", reasonCode }]);
});

test("a connection that keeps breaking leaves no more wills than its rate lets through, and one waits", async () => {
  const clock = new VirtualClock();
  const rate = new RateLimit({ rate: { intervalMs: 1_000, burst: 1 }, elapsed: () => clock.elapsed() });
  await using bed = await openDoor({ clock, rate });
  for (let i = 0; i < 4; i++) {
    const peer = await bed.connect(DEVICE, { will: { ...WILL, payload: String(i) } });
    peer.socket.destroy();
    await expect.poll(() => bed.door.links.link(DEVICE)).toBeNull();
  }
  await clock.advance(1_000);
  await clock.advance(10_000);
  expect(bed.taken.map(({ data }) => data)).toEqual(["0", "1"]);
  expect(bed.log.filter(({ name }) => name === "mqtt.will_lost")).toHaveLength(2);
});

test("a store that is full loses the will and says so", async () => {
  await using bed = await openDoor();
  bed.isFull = true;
  const peer = await bed.connect(DEVICE, { will: WILL });
  peer.socket.destroy();
  await expect.poll(() => bed.log.some(({ name }) => name === "mqtt.will_lost")).toBe(true);
});
