import { expect, test } from "vitest";
import { makeSharedAccessSignature } from "iot-hub-protocol";
import { generate } from "mqtt-packet";
import { answerTo, startTestBed } from "./test-bed.ts";

test.each([
  ["{hub}/{d}/?api-version=2021-04-12", "d"],
  ["{hub}/{d}/?api-version=2021-04-12&DeviceClientType=py-azure-iot-device%2F2.14", "d"],
  ["{hub}/{d}/?DeviceClientType=x&api-version=2020-09-30", "d"],
  ["{hub}/{d}/?&api-version=2021-04-12&DeviceClientType=.NET%2F1.42.0%20(.NET%208.0)&model-id=dtmi%3Acom%3Ax%3B1", "d"],
  ["{hub}/{d}/?api-version=2021-04-12&DeviceClientType=a/b", "d%1"],
  ["{hub}/d%231/?api-version=2021-04-12", "d#1"],
  ["{hub}/{d}/api-version=2016-11-14", "d"],
  ["{hub}/{d}/api-version=2016-11-14/DeviceClientType=c%2F1.0", "d"],
  ["{hub}:8883/{d}/?api-version=2021-04-12", "d"],
  ["127.0.0.1/{d}/?api-version=2021-04-12", "d"],
])("the user name %s is understood", async (form, deviceId) => {
  await using bed = await startTestBed({ devices: [deviceId] });
  const username = form.replace("{hub}", bed.hub.hostName).replace("{d}", deviceId);
  expect(await answerTo(bed, bed.connectPacket(deviceId, { username }))).toMatchObject({
    returnCode: 0,
    sessionPresent: false,
  });
});

test.each([
  ["a user name of another form", { username: "d" }],
  ["no api-version", { username: "localhost/d/?x=1" }],
  ["another hub", { username: "elsewhere.azure-devices.net/d/?api-version=2021-04-12" }],
  ["another device's name", { username: "localhost/e/?api-version=2021-04-12", clientId: "e" }],
  ["a client id that is not the device's", { clientId: "e" }],
  ["a client id that is a module's", { clientId: "d/m" }],
  ["a user name that is a module's", { username: "localhost/d/m/?api-version=2021-04-12" }],
  ["a client id with more behind it", { clientId: "d/m/x", username: "localhost/d/m/?api-version=2021-04-12" }],
  ["no client id", { clientId: "" }],
  [
    "a wrong token",
    { password: Buffer.from("SharedAccessSignature sr=localhost%2Fdevices%2Fd&sig=AAAA&se=9999999999") },
  ],
  ["an empty password", { password: Buffer.alloc(0) }],
])("%s is not authorized", async (_what, change) => {
  await using bed = await startTestBed({ devices: ["d", "e"] });
  const peer = await bed.open();
  peer.send(bed.connectPacket("d", change));
  expect(await peer.expect("connack")).toMatchObject({ returnCode: 5, sessionPresent: false });
  await peer.over;
  const { clientId } = bed.connectPacket("d", change);
  expect(bed.endings).toMatchObject([{ clientId, reason: { errorName: "IotHubUnauthorizedAccess" } }]);
});

test("an unknown device, a disabled one and an expired token are not authorized", async () => {
  await using bed = await startTestBed({ devices: ["d", "off"] });
  const password = Buffer.from(bed.policyToken("device"));
  expect(await answerTo(bed, bed.connectPacket("d", { password }))).toMatchObject({ returnCode: 0 });
  await bed.hub.registry.update("off", { status: "disabled" });
  expect(await answerTo(bed, bed.connectPacket("off", { password }))).toMatchObject({ returnCode: 5 });
  const old = Buffer.from(bed.deviceToken("d", -3600));
  expect(await answerTo(bed, bed.connectPacket("d", { password: old }))).toMatchObject({ returnCode: 5 });
  const service = Buffer.from(bed.policyToken("service"));
  expect(await answerTo(bed, bed.connectPacket("d", { password: service }))).toMatchObject({ returnCode: 5 });
  const unknown = { clientId: "who", username: "localhost/who/?api-version=2021-04-12", password };
  expect(await answerTo(bed, bed.connectPacket("d", unknown))).toMatchObject({ returnCode: 5 });
});

test("MQTT 5 and MQTT 3.1 are answered with 'unacceptable protocol version'", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const five = generate(bed.connectPacket("d", { protocolVersion: 5 }));
  expect(await answerTo(bed, five)).toMatchObject({ returnCode: 1 });
  const three = generate(bed.connectPacket("d", { protocolVersion: 3, protocolId: "MQIsdp" }));
  expect(await answerTo(bed, three)).toMatchObject({ returnCode: 1 });
});

test("the first packet must be CONNECT, and there is only one", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const early = await bed.open();
  early.send({ cmd: "pingreq" });
  expect(await early.next()).toBeUndefined();
  const late = await bed.connect("d");
  late.send(bed.connectPacket("d"));
  expect(await late.next()).toBeUndefined();
  expect(bed.endings.map(({ reason }) => reason.message)).toEqual([
    "The first packet must be CONNECT.",
    "CONNECT came twice.",
  ]);
});

test("a client that sends no CONNECT within a minute is dropped", async () => {
  let now = 0;
  await using bed = await startTestBed({ clock: () => now });
  const peer = await bed.open();
  while (bed.front.connections === 0) await new Promise(setImmediate);
  now = 59_999;
  bed.front.tick();
  expect(bed.front.connections).toBe(1);
  now = 60_000;
  bed.front.tick();
  await peer.over;
});

test.each([
  [60, 90_000],
  [1177, 1_765_500],
  [40_000, 1_767_000],
  [0, 1_767_000],
])("a client with keep-alive %i is dropped after %i ms of silence", async (keepalive, silence) => {
  let now = 0;
  await using bed = await startTestBed({ devices: ["d"], clock: () => now, hub: { now: () => 1_700_000_000_000 } });
  const peer = await bed.connect("d", { keepalive });
  now = silence - 1;
  bed.front.tick();
  await peer.ping();
  now += silence - 1;
  bed.front.tick();
  expect(bed.front.connections).toBe(1);
  now += 1;
  bed.front.tick();
  await peer.over;
});

test("a connection ends with its token, by the hub's time", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  bed.hub.clock.freeze();
  const peer = await bed.connect("d", { password: Buffer.from(bed.deviceToken("d", 60)) });
  bed.hub.clock.advance(60_000);
  await peer.ping(); // clocks may differ by five minutes
  bed.hub.clock.advance(300_000);
  await peer.over;
  expect(bed.endings).toMatchObject([{ clientId: "d", reason: { errorName: "IotHubUnauthorizedAccess" } }]);
});

test.each([
  ["for the whole hub", "localhost", 0],
  ["for {hub}/{d}", "localhost/d", 0],
  ["encoded twice", "localhost%2Fdevices%2Fd", 0],
  ["for another host", "elsewhere", 5],
  ["for another device", "localhost/e", 5],
])(
  "a token signed by the device's key %s is for the client that shows it, or nobody",
  async (_what, resource, code) => {
    await using bed = await startTestBed({ devices: ["d", "e"] });
    const key = bed.hub.registry.get("d").authentication.symmetricKey.primaryKey ?? "";
    const token = makeSharedAccessSignature({ resource, key, expiry: Math.floor(bed.hub.now() / 1000) + 60 });
    const password = Buffer.from(token);
    expect(await answerTo(bed, bed.connectPacket("d", { password }))).toMatchObject({ returnCode: code });
    expect(await answerTo(bed, bed.connectPacket("e", { password }))).toMatchObject({ returnCode: 5 });
  },
);
