/** Twins and direct methods over MQTT, spoken by hand. */
import { expect, test } from "vitest";
import { startTestBed } from "./test-bed.ts";
import type { MqttPeer, TestBed } from "./test-bed.ts";

const FILTERS = ["$iothub/twin/res/#", "$iothub/twin/PATCH/properties/desired/#", "$iothub/methods/POST/#"];

async function subscriber(bed: TestBed): Promise<MqttPeer> {
  const peer = await bed.connect("d");
  const subscriptions = FILTERS.map((topic) => ({ topic, qos: 0 as const }));
  peer.send({ cmd: "subscribe", messageId: 1, subscriptions });
  await peer.expect("suback");
  return peer;
}

function publish(peer: MqttPeer, topic: string, payload = " ", qos: 0 | 1 = 0): void {
  peer.send({ cmd: "publish", topic, payload, qos, dup: false, retain: false, ...(qos === 1 ? { messageId: 7 } : {}) });
}

async function answer(peer: MqttPeer): Promise<{ topic: string; body: unknown }> {
  const { topic, payload } = await peer.expect("publish");
  const text = payload.toString();
  return { topic, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
}

test("a device reads its twin, reports and hears of desired properties", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await subscriber(bed);
  publish(peer, "$iothub/twin/GET/?$rid=a%20b");
  expect(await answer(peer)).toEqual({
    topic: "$iothub/twin/res/200/?$rid=a%20b",
    body: { desired: { $version: 1 }, reported: { $version: 1 } },
  });
  publish(peer, "$iothub/twin/PATCH/properties/reported/?$rid=2", '{"t":20}', 1);
  expect(await answer(peer)).toEqual({ topic: "$iothub/twin/res/204/?$rid=2&$version=2", body: undefined });
  expect(await peer.expect("puback")).toMatchObject({ messageId: 7 });
  await bed.hub.twins.patch("d", { desired: { t: 21, gone: null } });
  expect(await answer(peer)).toEqual({
    topic: "$iothub/twin/PATCH/properties/desired/?$version=2",
    body: { t: 21, gone: null, $version: 2 },
  });
});

test.each([
  ["no JSON", "{"],
  ["an array", "[1]"],
  ["too much", JSON.stringify({ a: Object.fromEntries(Array.from({ length: 10 }, (_, i) => [i, "x".repeat(4000)])) })],
])("a report of %s is answered with an error that a person understands", async (_what, body) => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await subscriber(bed);
  publish(peer, "$iothub/twin/PATCH/properties/reported/?$rid=1", body);
  const refused = await answer(peer);
  expect(refused.topic).toMatch(/^\$iothub\/twin\/res\/400\/\?\$rid=1$/);
  expect(refused.body).toMatchObject({
    errorCode: expect.any(Number) as number,
    message: expect.stringMatching(/./) as string,
    trackingId: expect.stringMatching(/^[0-9A-F]{32}$/) as string,
    timestampUtc: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
  });
});

test("a client that is not subscribed to responses gets none, and its requests are carried out all the same", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await bed.connect("d");
  publish(peer, "$iothub/twin/PATCH/properties/reported/?$rid=2", '{"t":20}', 1);
  await peer.expect("puback");
  expect(bed.hub.twins.own("d").reported).toEqual({ t: 20, $version: 2 });
});

const CALL = { methodName: "do it/now", payload: { x: 1 }, responseTimeoutMs: 5_000, connectTimeoutMs: 0 };

test("a device is called and answers", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await subscriber(bed);
  const result = bed.hub.methods.invoke({ deviceId: "d" }, CALL);
  const { topic, body } = await answer(peer);
  expect(body).toEqual({ x: 1 });
  const [, requestId] = /^\$iothub\/methods\/POST\/do%20it%2Fnow\/\?\$rid=([0-9a-f]+)$/.exec(topic) ?? [];
  publish(peer, `$iothub/methods/res/200/?$rid=0000`, "{}");
  publish(peer, `$iothub/methods/res/-1/?$rid=${requestId}`, '{"y":2}');
  expect(await result).toEqual({ status: -1, payload: { y: 2 } });
});

test("an answer with a status that is no number ends the connection, and the call with it", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await subscriber(bed);
  const result = bed.hub.methods.invoke({ deviceId: "d" }, CALL);
  const failed = result.catch((error: unknown) => error);
  const { topic } = await answer(peer);
  publish(peer, topic.replace("POST/do%20it%2Fnow", "res/fine"), "{}");
  expect(await failed).toMatchObject({ errorName: "DeviceConnectionClosedRemotely" });
  await peer.over;
});

test("a call reaches a device that connects while it waits", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const result = bed.hub.methods.invoke({ deviceId: "d" }, { ...CALL, connectTimeoutMs: 5_000 });
  const peer = await subscriber(bed);
  const { topic } = await answer(peer);
  publish(peer, topic.replace("POST/do%20it%2Fnow", "res/200"), "");
  expect(await result).toEqual({ status: 200, payload: null });
});
