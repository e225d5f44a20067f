import { expect, test } from "vitest";
import { startTestBed } from "./test-bed.ts";
import type { TestBed } from "./test-bed.ts";

const METHODS = "$iothub/methods/POST/#";

async function subscribed(bed: TestBed, clean: boolean, topics: readonly string[]): Promise<readonly unknown[]> {
  const peer = await bed.connect("d", { clean });
  peer.send({ cmd: "subscribe", messageId: 1, subscriptions: topics.map((topic) => ({ topic, qos: 1 })) });
  const { granted } = await peer.expect("suback");
  peer.send({ cmd: "disconnect" });
  await peer.over;
  return granted;
}

async function sessionPresent(bed: TestBed, clean: boolean): Promise<boolean> {
  const peer = await bed.open();
  peer.send(bed.connectPacket("d", { clean }));
  const connack = await peer.expect("connack");
  await peer.ping();
  peer.send({ cmd: "disconnect" });
  await peer.over;
  return connack.sessionPresent;
}

test("only the documented filters are granted", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const granted = await subscribed(bed, true, [
    "devices/d/messages/devicebound/#",
    "$iothub/twin/res/#",
    "$iothub/twin/PATCH/properties/desired/#",
    METHODS,
    "#",
    "devices/d/#",
    "devices/e/messages/devicebound/#",
    "devices/d/messages/events/#",
    "devices/d/modules/m/inputs/#",
    "$share/g/devices/d/messages/devicebound/#",
    "$SYS/#",
  ]);
  expect(granted).toEqual([1, 1, 1, 1, ...Array<number>(7).fill(0x80)]);
});

test("a session lasts until a client asks for a clean one", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  expect(await sessionPresent(bed, false)).toBe(false);
  expect(await sessionPresent(bed, false)).toBe(true);
  expect(await sessionPresent(bed, true)).toBe(false);
  expect(await sessionPresent(bed, false)).toBe(false);
  expect(bed.hub.sessions.size).toBe(1);
});

test("a client that reconnects receives what it had subscribed to, without subscribing again", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  await subscribed(bed, false, [METHODS]);
  const peer = await bed.connect("d", { clean: false });
  const request = { methodName: "reboot", payload: null, responseTimeoutMs: 5_000, connectTimeoutMs: 0 };
  const result = bed.hub.methods.invoke({ deviceId: "d" }, request);
  const { topic } = await peer.expect("publish");
  const answer = topic.replace("POST/reboot", "res/200");
  peer.send({ cmd: "publish", topic: answer, payload: "{}", qos: 0, dup: false, retain: false });
  expect(await result).toEqual({ status: 200, payload: {} });
});

test("an identity made anew under the same id inherits no session", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await bed.connect("d", { clean: false });
  await peer.ping();
  await bed.hub.registry.delete("d");
  await peer.over;
  expect(bed.hub.sessions.size).toBe(0);
  await bed.hub.registry.create("d", {});
  expect(await sessionPresent(bed, false)).toBe(false);
});

test("a device counts as connected once it has published or subscribed", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const states: string[] = [];
  bed.hub.connections.onChange(({ deviceId }, state) => states.push(`${deviceId} ${state}`));
  const peer = await bed.connect("d");
  await peer.ping();
  expect(states).toEqual([]);
  peer.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: METHODS, qos: 0 }] });
  await peer.expect("suback");
  expect(states).toEqual(["d Connected"]);
  peer.destroy();
  while (states.length < 2) await new Promise(setImmediate);
  expect(states).toEqual(["d Connected", "d Disconnected"]);
});

test.each([
  ["deleted", async ({ hub }: TestBed) => hub.registry.delete("d"), "DeviceNotFound"],
  ["disabled", async ({ hub }: TestBed) => hub.registry.update("d", { status: "disabled" }), "DeviceDisabled"],
] as const)("a device that is %s is disconnected", async (_how, change, errorName) => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await bed.connect("d");
  await peer.ping();
  await change(bed);
  await peer.over;
  expect(bed.endings).toMatchObject([{ clientId: "d", reason: { errorName } }]);
});
