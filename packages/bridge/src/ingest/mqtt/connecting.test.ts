/** Who may connect, on what terms, and how a connection ends. */
import { generate } from "mqtt-packet";
import type { IConnackPacket, IConnectPacket } from "mqtt-packet";
import { expect, test } from "vitest";
import { VirtualClock } from "../../delivery/testing/virtual-clock.ts";
import { DEVICE, openDoor, OTHER } from "./testing/door-under-test.ts";
import type { DoorUnderTest } from "./testing/door-under-test.ts";

async function connack(bed: DoorUnderTest, change: Partial<IConnectPacket>): Promise<IConnackPacket> {
  const peer = await bed.open();
  peer.send(bed.connectPacket(DEVICE, change));
  return peer.expect("connack");
}

test.each([4, 5] as const)(
  "protocol %i: user name and password are the device's id and token, the client id may be anything",
  async (protocolVersion) => {
    await using bed = await openDoor();
    for (const clientId of ["sensor 1", DEVICE, "ü".repeat(100)]) {
      expect(await connack(bed, { protocolVersion, clientId })).toMatchObject({ sessionPresent: false });
    }
    expect(bed.door.links.link(DEVICE)).toMatchObject({ address: "127.0.0.1" });
    expect(bed.door.links.link(OTHER)).toBeNull();
    expect(bed.lastLinks.get(DEVICE)).toMatchObject({ address: "127.0.0.1" });
  },
);

test("where the user name is empty or left out, the client id is the device's id", async () => {
  await using bed = await openDoor();
  expect(await connack(bed, { username: "", clientId: DEVICE })).toMatchObject({ returnCode: 0 });
  const field = (text: string): Buffer => Buffer.concat([Buffer.from([0, text.length]), Buffer.from(text)]);
  // MQTT 5 allows a password without a user name: the flags are password and clean start.
  const body = Buffer.concat([
    field("MQTT"),
    Buffer.from([5, 0x42, 0, 60, 0]),
    field(DEVICE.toUpperCase()),
    field(bed.tokenOf(DEVICE)),
  ]);
  const peer = await bed.open();
  peer.send(Buffer.concat([Buffer.from([0x10, body.length]), body]));
  expect((await peer.expect("connack")).sessionPresent).toBe(false);
  expect(bed.door.links.link(DEVICE)).not.toBeNull();
});

test.each([
  ["another device's token", { password: Buffer.from(`token-of-${OTHER}`) }],
  ["no token", { password: Buffer.alloc(0) }],
  ["a token of a megabyte's beginning", { password: Buffer.alloc(4_000, "x") }],
  ["a device that is not there", { username: "eeeeeeeeeeeeeeeeeeeeeeee" }],
  ["a name in place of the id", { username: "__proto__" }],
])("%s is refused, always alike", async (_what, change) => {
  await using bed = await openDoor();
  expect(await connack(bed, change)).toMatchObject({ returnCode: 4 });
  const five = await connack(bed, { ...change, protocolVersion: 5 });
  expect(five).toMatchObject({ reasonCode: 0x86 });
  expect(five.properties?.reasonString).toMatch(/user name must be the device's id/);
  expect(JSON.stringify(bed.log)).not.toContain("token-of");
  expect(bed.door.links.link(DEVICE)).toBeNull();
});

test("a denied device is refused, a quarantined one is not", async () => {
  await using bed = await openDoor();
  bed.devices.set(DEVICE, { ...bed.devices.get(DEVICE)!, approval: "denied" });
  expect(await connack(bed, {})).toMatchObject({ returnCode: 5 });
  bed.devices.set(DEVICE, { ...bed.devices.get(DEVICE)!, approval: "quarantined" });
  expect(await connack(bed, {})).toMatchObject({ returnCode: 0 });
});

test("MQTT 3.1 and versions to come are answered before the end", async () => {
  await using bed = await openDoor();
  const peer = await bed.open();
  peer.send(bed.connectPacket(DEVICE, { protocolId: "MQIsdp", protocolVersion: 3 }));
  expect(await peer.rest()).toMatchObject([{ cmd: "connack", returnCode: 1 }]);
  const future = await bed.open();
  future.send(Buffer.from("100c00044d5154540602003c0000", "hex"));
  expect(await future.rest()).toMatchObject([{ cmd: "connack", returnCode: 1 }]);
});

test("MQTT 5 is told what is granted and what is not there", async () => {
  await using bed = await openDoor();
  const properties = { sessionExpiryInterval: 0xffffffff };
  const { properties: granted } = await connack(bed, { protocolVersion: 5, clientId: "", keepalive: 0, properties });
  expect(granted).toEqual({
    sessionExpiryInterval: 3_600,
    assignedClientIdentifier: DEVICE,
    serverKeepAlive: 1_200,
    receiveMaximum: 20,
    maximumPacketSize: 65_536,
    topicAliasMaximum: 10,
    retainAvailable: false,
    subscriptionIdentifiersAvailable: false,
    sharedSubscriptionAvailable: false,
  });
});

test("3.1.1 without a client id gets no session that is kept", async () => {
  await using bed = await openDoor();
  expect(await connack(bed, { clientId: "", clean: true })).toMatchObject({ returnCode: 0 });
  const bytes = generate(bed.connectPacket(DEVICE, { clientId: "", clean: true }));
  bytes[9]! &= ~0x02;
  const peer = await bed.open();
  peer.send(bytes);
  expect(await peer.rest()).toMatchObject([{ cmd: "connack", returnCode: 2 }]);
});

test("an authentication exchange is not offered", async () => {
  await using bed = await openDoor();
  const properties = { authenticationMethod: "SCRAM-SHA-1", authenticationData: Buffer.from("x") };
  expect(await connack(bed, { protocolVersion: 5, properties })).toMatchObject({ reasonCode: 0x8c });
});

test.each([4, 5] as const)("protocol %i: a newer connection of the device takes over", async (protocolVersion) => {
  await using bed = await openDoor();
  const first = await bed.connect(DEVICE, { protocolVersion });
  const second = await bed.connect(DEVICE, { protocolVersion, clientId: "another" });
  expect(await first.rest()).toMatchObject(protocolVersion === 5 ? [{ cmd: "disconnect", reasonCode: 0x8e }] : []);
  await second.ping();
  expect(bed.door.links.link(DEVICE)).not.toBeNull();
});

test.each(["revoked", "removed", "denied"] as const)(
  "a device whose token or place is %s is disconnected at once",
  async (how) => {
    await using bed = await openDoor();
    const peer = await bed.connect(DEVICE, { protocolVersion: 5 });
    const other = await bed.connect(OTHER);
    if (how === "revoked") bed.revoke(DEVICE);
    else {
      const device = bed.devices.get(DEVICE)!;
      if (how === "removed") bed.devices.delete(DEVICE);
      else bed.devices.set(DEVICE, { ...device, approval: "denied" });
      bed.door.deviceChanged(DEVICE);
    }
    expect(await peer.rest()).toMatchObject([{ cmd: "disconnect", reasonCode: 0x87 }]);
    await other.ping();
  },
);

test("a device that changes product publishes into the new one", async () => {
  await using bed = await openDoor();
  const peer = await bed.connect();
  bed.devices.set(DEVICE, { ...bed.devices.get(DEVICE)!, productId: 8 });
  bed.door.deviceChanged(DEVICE);
  await peer.ping();
  peer.send({
    cmd: "publish",
    topic: `devices/${DEVICE}/events/t`,
    payload: "1",
    qos: 1,
    messageId: 1,
    dup: false,
    retain: false,
  });
  await peer.expect("puback");
  expect(bed.taken[0]).toMatchObject({ productId: 8, device: { productId: 8 } });
});

test.each([
  [4, 10, 15_000],
  [5, 10, 15_000],
  [5, 0, 1_800_000],
] as const)(
  "protocol %i with a keep-alive of %i s may be silent for %i ms",
  async (protocolVersion, keepalive, silence) => {
    const clock = new VirtualClock();
    await using bed = await openDoor({ clock });
    const peer = await bed.connect(DEVICE, { protocolVersion, keepalive });
    await clock.advance(silence - 1);
    bed.door.tick();
    await peer.ping();
    await clock.advance(silence);
    bed.door.tick();
    expect(await peer.rest()).toMatchObject(protocolVersion === 5 ? [{ cmd: "disconnect", reasonCode: 0x8d }] : []);
  },
);

test("a peer that says nothing, or half a CONNECT, is dropped after five seconds", async () => {
  const clock = new VirtualClock();
  await using bed = await openDoor({ clock });
  const silent = await bed.open();
  const slow = await bed.open();
  slow.send(Buffer.from([0x10, 0x40, 0x00]));
  await expect.poll(() => bed.door.connections).toBe(2);
  await clock.advance(5_000);
  bed.door.tick();
  await Promise.all([silent.over, slow.over]);
  expect(bed.door.connections).toBe(0);
});

test("an address that connects too often is let in again when its allowance is back", async () => {
  const clock = new VirtualClock();
  await using bed = await openDoor({ clock, limits: { connects: { intervalMs: 1_000, burst: 2 } } });
  await bed.connect(DEVICE);
  await bed.connect(OTHER);
  const third = await bed.open();
  await third.over;
  await clock.advance(1_000);
  await bed.connect(DEVICE);
  expect(bed.door.links.link(DEVICE)).not.toBeNull();
});

test("connections beyond the limit are not taken", async () => {
  await using bed = await openDoor({ limits: { maxConnections: 1 } });
  const first = await bed.connect();
  const second = await bed.open();
  await second.over;
  await first.ping();
  expect(bed.door.connections).toBe(1);
});

test("a server that stops answers what it received and says goodbye", async () => {
  await using bed = await openDoor();
  let flush = (): void => undefined;
  bed.flush = new Promise((resolve) => (flush = resolve));
  const peer = await bed.connect(DEVICE, { protocolVersion: 5 });
  peer.send({
    cmd: "publish",
    topic: `devices/${DEVICE}/events/t`,
    payload: "1",
    qos: 1,
    messageId: 1,
    dup: false,
    retain: false,
  });
  await expect.poll(() => bed.taken.length).toBe(1);
  const closed = bed.door.close();
  flush();
  expect(await peer.rest()).toMatchObject([
    { cmd: "puback", messageId: 1 },
    { cmd: "disconnect", reasonCode: 0x8b },
  ]);
  await closed;
  expect(bed.door.connections).toBe(0);
});
