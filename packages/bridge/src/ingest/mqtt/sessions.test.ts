/** Subscriptions, commands and what outlives a connection. */
import { expect, test } from "vitest";
import { VirtualClock } from "../../delivery/testing/virtual-clock.ts";
import { DEVICE, openDoor, OTHER } from "./testing/door-under-test.ts";
import type { DoorUnderTest, Peer } from "./testing/door-under-test.ts";

const COMMANDS = `devices/${DEVICE}/commands/#`;

async function subscribe(peer: Peer, ...topics: readonly string[]): Promise<readonly unknown[]> {
  peer.send({ cmd: "subscribe", messageId: 7, subscriptions: topics.map((topic) => ({ topic, qos: 1 as const })) });
  return (await peer.expect("suback")).granted;
}

function command(bed: DoorUnderTest, topicRest = "signal"): Promise<boolean> {
  return bed.door.links.command(DEVICE, topicRest, Buffer.from("1"));
}

test("a command reaches the device that subscribed, and counts when it is acknowledged", async () => {
  await using bed = await openDoor();
  const client = await bed.client({ protocolVersion: 5 });
  await client.subscribeAsync(COMMANDS, { qos: 1 });
  const heard: string[] = [];
  client.on("message", (topic, payload) => heard.push(`${topic} ${payload.toString()}`));
  expect(await command(bed)).toBe(true);
  expect(heard).toEqual([`devices/${DEVICE}/commands/signal 1`]);
});

test("a command to a device that is away, or does not listen, is not taken", async () => {
  await using bed = await openDoor();
  expect(await command(bed)).toBe(false);
  const peer = await bed.connect();
  expect(await command(bed)).toBe(false);
  await subscribe(peer, `devices/${DEVICE}/commands/other`);
  expect(await command(bed)).toBe(false);
  await subscribe(peer, COMMANDS);
  const taken = command(bed);
  const { messageId } = await peer.expect("publish");
  peer.socket.destroy();
  expect([messageId, await taken]).toEqual([1, false]);
});

test("with QoS 0 it counts when it is sent", async () => {
  await using bed = await openDoor();
  const peer = await bed.connect();
  peer.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: COMMANDS, qos: 0 }] });
  await peer.expect("suback");
  expect(await command(bed)).toBe(true);
  expect(await peer.expect("publish")).toMatchObject({ qos: 0 });
});

test.each([
  ["all its commands", COMMANDS, 1],
  ["everything of its own", `devices/${DEVICE}/#`, 1],
  ["one level", `devices/${DEVICE}/commands/+/x`, 1],
  ["state to come", `devices/${DEVICE}/state/desired`, 1],
  ["another device", `devices/${OTHER}/commands/#`, 0x87],
  ["all devices", "devices/+/commands/#", 0x87],
  ["everything", "#", 0x87],
  ["the server", "$SYS/#", 0x87],
  ["its own events", `devices/${DEVICE}/events/#`, 0x87],
  ["a share", `$share/a/${COMMANDS}`, 0x9e],
  ["a wildcard within a level", `devices/${DEVICE}/commands/a+`, 0x8f],
  ["a wildcard before the end", `devices/${DEVICE}/commands/#/a`, 0x8f],
  ["a topic of 257 bytes", `devices/${DEVICE}/commands/`.padEnd(257, "x"), 0x8f],
  ["a topic of eleven levels", `devices/${DEVICE}/commands/1/2/3/4/5/6/7/8`, 0x8f],
])("a subscription to %s", async (_what, topic, code) => {
  await using bed = await openDoor();
  const five = await bed.connect(DEVICE, { protocolVersion: 5 });
  expect(await subscribe(five, topic)).toEqual([code]);
  const four = await bed.connect(DEVICE);
  expect(await subscribe(four, topic, COMMANDS)).toEqual([code === 1 ? 1 : 0x80, 1]);
});

test("subscriptions are bounded", async () => {
  await using bed = await openDoor({ limits: { maxSubscriptions: 2 } });
  const peer = await bed.connect(DEVICE, { protocolVersion: 5 });
  const topics = ["a", "b", "b", "c"].map((name) => `devices/${DEVICE}/commands/${name}`);
  expect(await subscribe(peer, ...topics)).toEqual([1, 1, 1, 0x97]);
});

test("what is unsubscribed is heard no more", async () => {
  await using bed = await openDoor();
  const peer = await bed.connect(DEVICE, { protocolVersion: 5 });
  await subscribe(peer, COMMANDS);
  peer.send({ cmd: "unsubscribe", messageId: 3, unsubscriptions: [COMMANDS, "never/there"] });
  expect((await peer.expect("unsuback")).granted).toEqual([0, 0x11]);
  expect(await command(bed)).toBe(false);
});

test.each([4, 5] as const)(
  "protocol %i: a session that is kept has its subscriptions an hour later, and not longer",
  async (protocolVersion) => {
    const clock = new VirtualClock();
    await using bed = await openDoor({ clock });
    const kept = {
      protocolVersion,
      clean: false,
      ...(protocolVersion === 5 && { properties: { sessionExpiryInterval: 100_000 } }),
    };
    const first = await bed.connect(DEVICE, kept);
    await subscribe(first, COMMANDS);
    first.socket.destroy();
    await expect.poll(() => bed.door.links.link(DEVICE)).toBeNull();
    await clock.advance(3_599_999);
    bed.door.tick();
    const second = await bed.open();
    second.send(bed.connectPacket(DEVICE, kept));
    expect(await second.expect("connack")).toMatchObject({ sessionPresent: true });
    const taken = command(bed);
    const { messageId } = await second.expect("publish");
    second.send({ cmd: "puback", messageId: messageId! });
    expect(await taken).toBe(true);
    second.send({ cmd: "disconnect" });
    await second.over;
    await clock.advance(3_600_000);
    const third = await bed.open();
    third.send(bed.connectPacket(DEVICE, kept));
    expect(await third.expect("connack")).toMatchObject({ sessionPresent: false });
  },
);

test("a clean start, another client id, and a session that was not to be kept begin anew", async () => {
  await using bed = await openDoor();
  const present = async (change: object): Promise<boolean> => {
    const peer = await bed.open();
    peer.send(bed.connectPacket(DEVICE, change));
    return (await peer.expect("connack")).sessionPresent;
  };
  expect(await present({ clean: false })).toBe(false);
  expect(await present({ clean: false })).toBe(true);
  expect(await present({ clean: false, clientId: "another" })).toBe(false);
  expect(await present({ clean: true, clientId: "another" })).toBe(false);
  expect(await present({ clean: false, clientId: "another" })).toBe(false);
  expect(await present({ clean: false, protocolVersion: 5, clientId: "another" })).toBe(true);
  expect(await present({ clean: false, protocolVersion: 5, clientId: "another" })).toBe(false);
});

test("a device that lost its place finds no session when it is back", async () => {
  await using bed = await openDoor();
  const peer = await bed.connect(DEVICE, { clean: false });
  const device = bed.devices.get(DEVICE)!;
  bed.devices.set(DEVICE, { ...device, approval: "denied" });
  bed.door.deviceChanged(DEVICE);
  await peer.over;
  bed.devices.set(DEVICE, device);
  const again = await bed.open();
  again.send(bed.connectPacket(DEVICE, { clean: false }));
  expect(await again.expect("connack")).toMatchObject({ sessionPresent: false });
});

test("more commands than the device acknowledges are not sent", async () => {
  await using bed = await openDoor();
  const peer = await bed.connect(DEVICE, { protocolVersion: 5, properties: { receiveMaximum: 2 } });
  await subscribe(peer, COMMANDS);
  const taken = [command(bed), command(bed), command(bed)];
  expect(await taken[2]).toBe(false);
  for (let i = 0; i < 2; i++) peer.send({ cmd: "puback", messageId: (await peer.expect("publish")).messageId! });
  expect(await Promise.all(taken)).toEqual([true, true, false]);
});

test("a message that the client has no room for is not sent", async () => {
  await using bed = await openDoor();
  const peer = await bed.connect(DEVICE, { protocolVersion: 5, properties: { maximumPacketSize: 100 } });
  await subscribe(peer, COMMANDS);
  expect(await bed.door.links.command(DEVICE, "signal", Buffer.alloc(100))).toBe(false);
  await peer.ping();
});
