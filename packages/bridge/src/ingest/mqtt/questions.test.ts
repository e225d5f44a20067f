/** Functions and variables: MQTT.js is the device. */
import type { MqttClient } from "mqtt";
import { expect, test } from "vitest";
import { VirtualClock } from "../../delivery/testing/virtual-clock.ts";
import { DEVICE, openDoor, OTHER } from "./testing/door-under-test.ts";
import type { DoorUnderTest } from "./testing/door-under-test.ts";

const ROOT = `devices/${DEVICE}`;

/** A device that answers as `answers` says; what is not in it stays unanswered. */
async function device(
  bed: DoorUnderTest,
  answers: Readonly<Record<string, (argument: string) => string | Buffer>>,
  protocolVersion: 4 | 5 = 5,
): Promise<MqttClient> {
  const client = await bed.client({ protocolVersion });
  client.on("message", (topic, payload) => {
    const [, , , kind, name, request] = topic.split("/");
    const answer = answers[`${kind}/${name}`]?.(payload.toString());
    if (answer !== undefined) client.publish(`${ROOT}/responses/${request}`, answer, { qos: 1 });
  });
  await client.subscribeAsync(`${ROOT}/commands/#`, { qos: 1 });
  return client;
}

function describe(client: MqttClient, description: object): Promise<unknown> {
  return client.publishAsync(`${ROOT}/describe`, JSON.stringify(description), { qos: 1 });
}

test.each([4, 5] as const)(
  "protocol %i: a function is called with its argument and answers with a number",
  async (protocolVersion) => {
    await using bed = await openDoor();
    await device(bed, { "functions/double": (argument) => String(Number(argument) * 2) }, protocolVersion);
    const { links } = bed.door;
    expect(await links.call(DEVICE, "double", "21")).toEqual({ kind: "answered", value: 42 });
    expect(await Promise.all(["-1", "0.25", ""].map((argument) => links.call(DEVICE, "double", argument)))).toEqual(
      [-2, 0.5, 0].map((value) => ({ kind: "answered", value })),
    );
  },
);

test("MQTT 5 devices are told where to answer and until when", async () => {
  await using bed = await openDoor();
  const peer = await bed.connect(DEVICE, { protocolVersion: 5 });
  peer.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: `${ROOT}/commands/#`, qos: 0 }] });
  await peer.expect("suback");
  const answer = bed.door.links.call(DEVICE, "f", "x");
  const { topic, properties } = await peer.expect("publish");
  const request = topic.split("/").at(-1);
  expect(properties).toEqual({ responseTopic: `${ROOT}/responses/${request}`, messageExpiryInterval: 30 });
  peer.send({ cmd: "publish", topic: properties!.responseTopic!, payload: "1", qos: 0, dup: false, retain: false });
  expect(await answer).toEqual({ kind: "answered", value: 1 });
});

test("variables come in their types", async () => {
  await using bed = await openDoor();
  const client = await device(bed, {
    "variables/level": () => "21.5",
    "variables/code": () => "007",
    "variables/on": () => "true",
    "variables/broken": () => "not a number",
  });
  const read = (name: string): Promise<unknown> => bed.door.links.read(DEVICE, name);
  expect(await read("code")).toEqual({ kind: "answered", value: "007" });
  await describe(client, { variables: { level: "double", code: "string", on: "bool", broken: "int32" } });
  expect(await Promise.all(["level", "code", "on", "broken"].map(read))).toEqual([
    { kind: "answered", value: 21.5 },
    { kind: "answered", value: "007" },
    { kind: "answered", value: true },
    { kind: "malformed" },
  ]);
});

test("what the device says of itself is kept, and what it does not have is not asked for", async () => {
  await using bed = await openDoor();
  const asked: string[] = [];
  const client = await device(bed, { "functions/open": () => "1" });
  client.on("message", (topic) => asked.push(topic));
  await describe(client, {
    functions: ["open", "open"],
    variables: { level: "int32" },
    firmware_version: 3,
    future: [],
  });
  const { links } = bed.door;
  expect(await links.description(DEVICE)).toEqual({ functions: ["open"], variables: { level: "int32" } });
  expect(bed.devices.get(DEVICE)!.firmwareVersion).toBe(3);
  expect(await links.call(DEVICE, "close", "")).toEqual({ kind: "unknown" });
  expect(await links.read(DEVICE, "open")).toEqual({ kind: "unknown" });
  expect(await links.read(DEVICE, "constructor")).toEqual({ kind: "unknown" });
  expect(asked).toEqual([]);
  await client.endAsync();
  await expect.poll(() => links.link(DEVICE)).toBeNull();
  expect(await links.call(DEVICE, "close", "")).toEqual({ kind: "not_connected" });
  expect(await links.description(DEVICE)).not.toBeNull();
});

test.each([
  ["functions that are no list", { functions: "open" }],
  ["a function with a slash", { functions: ["a/b"] }],
  ["too many functions", { functions: Array.from({ length: 51 }, (_, i) => `f${i}`) }],
  ["variables that are a list", { variables: ["a"] }],
  ["a type that is none", { variables: { a: "int" } }],
  ["a name that is none", JSON.parse('{"variables":{"__proto__":"int32"}}') as object],
  ["a firmware version that is none", { firmware_version: "1.2.3" }],
])("a description with %s is refused and changes nothing", async (_what, description) => {
  await using bed = await openDoor();
  const client = await bed.client({ protocolVersion: 5 });
  await expect(describe(client, description)).rejects.toMatchObject({ code: 0x99 });
  expect(bed.descriptions.size).toBe(0);
});

test.each(["a/b", "a+", "#", "", "x".repeat(65), "ü"])("the name '%s' reaches no topic", async (name) => {
  await using bed = await openDoor();
  await device(bed, {});
  expect(await bed.door.links.call(DEVICE, name, "")).toEqual({ kind: "unknown" });
});

test("nobody there, nobody listening, nobody answering, and an answer that is no number are told apart", async () => {
  const clock = new VirtualClock();
  await using bed = await openDoor({ clock, answerWithin: 30_000 });
  const { links } = bed.door;
  expect(await links.call(DEVICE, "f", "")).toEqual({ kind: "not_connected" });
  const deaf = await bed.connect();
  expect(await links.call(DEVICE, "f", "")).toEqual({ kind: "unknown" });
  deaf.socket.destroy();
  const client = await device(bed, { "functions/words": () => "forty-two", "functions/hex": () => "0x10" });
  expect(await links.call(DEVICE, "words", "")).toEqual({ kind: "malformed" });
  expect(await links.call(DEVICE, "hex", "")).toEqual({ kind: "malformed" });
  const heard = new Promise<string>((resolve) => client.once("message", resolve));
  const silent = links.call(DEVICE, "silent", "");
  const topic = await heard;
  await clock.advance(30_000);
  expect(await silent).toEqual({ kind: "not_answered" });
  // Too late: nobody waits for it, and nothing comes of it.
  await client.publishAsync(`${ROOT}/responses/${topic.split("/").at(-1)}`, "1", { qos: 1 });
});

test("an answer counts for the device that was asked, on whichever connection it gives it", async () => {
  await using bed = await openDoor();
  const first = await bed.connect();
  first.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: `${ROOT}/commands/#`, qos: 0 }] });
  await first.expect("suback");
  const answer = bed.door.links.call(DEVICE, "f", "");
  const { topic } = await first.expect("publish");
  const request = topic.split("/").at(-1);
  const stranger = await bed.client({}, OTHER);
  await stranger.publishAsync(`devices/${OTHER}/responses/${request}`, "666", { qos: 1 });
  first.socket.destroy();
  const again = await bed.client();
  await again.publishAsync(`${ROOT}/responses/${request}`, "1", { qos: 1 });
  expect(await answer).toEqual({ kind: "answered", value: 1 });
});

test("questions that wait are bounded, of one device and in all", async () => {
  const clock = new VirtualClock();
  await using bed = await openDoor({ clock, limits: { maxQuestions: 2 } });
  await device(bed, {});
  const { links } = bed.door;
  const asked = [1, 2, 3].map(() => links.call(DEVICE, "f", ""));
  expect(await asked[2]).toEqual({ kind: "busy" });
  await clock.advance(30_000);
  expect(await Promise.all(asked)).toMatchObject([
    { kind: "not_answered" },
    { kind: "not_answered" },
    { kind: "busy" },
  ]);
  void links.call(DEVICE, "f", "");
  await using small = await openDoor({ clock, limits: { maxQuestionsInAll: 0 } });
  await device(small, {});
  expect(await small.door.links.call(DEVICE, "f", "")).toEqual({ kind: "busy" });
});
