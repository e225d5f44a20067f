import { Message } from "azure-iot-device";
import { expect, test } from "vitest";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";

interface Asked {
  readonly status: number;
  readonly json: unknown;
}

async function ask(hub: LocalHub, method: string, path: string, body?: unknown): Promise<Asked> {
  const headers = { "x-admin-key": hub.addresses.policies["iothubowner"] ?? "" };
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await hub.send({ method, path: `/admin/${path}`, headers, ...text });
  return { status: answer.status, json: answer.text === "" ? undefined : JSON.parse(answer.text) };
}

test("only the owner's key or a token with every permission opens the admin API", async () => {
  await using hub = await startLocalHub();
  const status = async (headers: Record<string, string>): Promise<number> =>
    (await hub.send({ path: "/admin/dump", headers })).status;
  expect(await status({})).toBe(401);
  expect(await status({ "x-admin-key": hub.addresses.policies["service"] ?? "" })).toBe(401);
  expect(await status({ "x-admin-key": "short" })).toBe(401);
  expect(await status({ authorization: hub.token("registryReadWrite") })).toBe(401);
  expect(await status({ authorization: hub.token("iothubowner", "localhost/devices/d") })).toBe(401);
  expect(await status({ authorization: hub.token() })).toBe(200);
  expect(await status({ "x-admin-key": hub.addresses.policies["iothubowner"] ?? "" })).toBe(200);
});

test("a web page is never told that it may call", async () => {
  await using hub = await startLocalHub();
  const headers = { origin: "https://example.org", "access-control-request-method": "POST" };
  for (const path of ["/admin/reset", "/", "/page.json"]) {
    const answer = await hub.send({ method: "OPTIONS", path, headers });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  }
});

test("the clock is moved ahead, frozen and resumed; a token runs out by it", async () => {
  await using hub = await startLocalHub();
  const before = hub.emulator.clock.now();
  expect((await ask(hub, "POST", "clock", { frozen: true, advance: "P1DT1H30M5.5S" })).json).toMatchObject({
    frozen: true,
  });
  expect(hub.emulator.clock.now() - before - (25.5 * 3600_000 + 5500)).toBeLessThan(10_000);
  const { json } = await ask(hub, "GET", "clock");
  expect(json).toEqual({ time: new Date(hub.emulator.clock.now()).toISOString(), frozen: true });
  expect((await ask(hub, "POST", "clock", { frozen: false, advance: 100 * 365 * 24 * 3600_000 })).json).toMatchObject({
    frozen: false,
  });
  await expect(hub.registry().list()).rejects.toMatchObject({ name: "UnauthorizedError" });
});

test.each([
  ["clock", {}, /advance, frozen/],
  ["clock", { advance: "P1Y" }, /advance must be/],
  ["clock", { advance: "P" }, /advance must be/],
  ["clock", { advance: -1 }, /advance must be/],
  ["clock", { frozen: "yes" }, /frozen must be/],
  ["faults", { where: { point: "moon" } }, /where\.point/],
  ["wait-for-event", { deviceId: 7 }, /deviceId must be/],
  ["wait-for-event", { properties: [] }, /properties/],
  ["wait-for-event", { since: "yesterday" }, /since must be/],
  ["wait-for-event", { timeoutMs: 60_001 }, /timeoutMs must be/],
  ["wait-for-event", { endpoint: "nowhere" }, /no endpoint nowhere/],
])("POST %s %j is refused by the name of its field", async (path, body, message) => {
  await using hub = await startLocalHub();
  const { status, json } = await ask(hub, "POST", path, body);
  expect([status, (json as { Message: string }).Message]).toEqual([400, expect.stringMatching(message)]);
});

test("faults are set, shown and removed", async () => {
  await using hub = await startLocalHub();
  const rule = {
    where: { point: "http", operation: "GET /devices" },
    effect: { kind: "error", status: 503 },
    times: 1,
  };
  expect(await ask(hub, "POST", "faults", rule)).toMatchObject({ status: 201, json: { id: "fault-1", active: true } });
  await expect(hub.registry().list()).rejects.toMatchObject({ name: "ServiceUnavailableError" });
  expect((await ask(hub, "GET", "faults")).json).toMatchObject([{ id: "fault-1", struck: 1, active: false }]);
  expect((await ask(hub, "GET", "faults/fault-1")).status).toBe(200);
  expect((await ask(hub, "DELETE", "faults/fault-1")).status).toBe(204);
  expect((await ask(hub, "DELETE", "faults/fault-1")).status).toBe(404);
  expect((await ask(hub, "DELETE", "faults")).status).toBe(204);
});

test("an event is waited for by device, property and body, and comes as JSON", async () => {
  await using hub = await startLocalHub();
  await hub.registry().create({ deviceId: "d" });
  const waiting = ask(hub, "POST", "wait-for-event", {
    deviceId: "d",
    properties: { level: "high" },
    bodyContains: { room: { t: 21 } },
    timeoutMs: 20_000,
  });
  const device = hub.device("d");
  await device.sendEvent(new Message(JSON.stringify({ room: { t: 21 } })));
  const message = new Message(JSON.stringify({ room: { t: 21, h: 40 }, n: 1 }));
  message.properties.add("level", "high");
  message.messageId = "the-one";
  await device.sendEvent(message);
  expect(await waiting).toMatchObject({
    status: 200,
    json: {
      deviceId: "d",
      body: { room: { t: 21, h: 40 }, n: 1 },
      properties: { level: "high" },
      systemProperties: { messageId: "the-one" },
      source: "Telemetry",
    },
  });
  expect((await ask(hub, "POST", "wait-for-event", { bodyContains: '"h":40', timeoutMs: 5000 })).status).toBe(200);
  expect((await ask(hub, "POST", "wait-for-event", { bodyEquals: { n: 1 }, timeoutMs: 0 })).status).toBe(204);
  expect((await ask(hub, "POST", "wait-for-event", { since: "now", timeoutMs: 0 })).status).toBe(204);
});

test("bytes that are no text come in base64", async () => {
  await using hub = await startLocalHub();
  await hub.registry().create({ deviceId: "d" });
  await hub.device("d").sendEvent(new Message(Buffer.from([0xff, 0x00])));
  expect((await ask(hub, "POST", "wait-for-event", {})).json).toMatchObject({ bodyBase64: "/wA=" });
});

test("a reset over HTTPS is answered when the hub is as new", async () => {
  await using hub = await startLocalHub();
  await hub.registry().create({ deviceId: "d" });
  expect((await ask(hub, "POST", "reset")).status).toBe(204);
  expect((await ask(hub, "GET", "dump")).json).toMatchObject({ deviceCount: 0 });
  await hub.registry().create({ deviceId: "d" });
});

test("connections are listed and dropped", async () => {
  await using hub = await startLocalHub();
  await hub.registry().create({ deviceId: "d" });
  const { hub: model } = hub.emulator;
  const reasons: string[] = [];
  const open = model.connections.open(model.registry.get("d"), {
    protocol: "mqtt",
    close: ({ errorName }) => void reasons.push(errorName),
  });
  expect((await ask(hub, "GET", "connections")).json).toEqual([{ deviceId: "d", protocol: "mqtt" }]);
  expect((await ask(hub, "DELETE", "connections/d")).status).toBe(204);
  expect(reasons).toEqual(["ServiceUnavailable"]);
  open.closed();
  expect((await ask(hub, "DELETE", "connections/d")).status).toBe(404);
});

test("throttles show what is left", async () => {
  await using hub = await startLocalHub({ tier: "F1" });
  await hub.registry().create({ deviceId: "d" });
  const { json } = await ask(hub, "GET", "throttles");
  expect(json).toMatchObject({ tier: "F1", quota: { limit: 8000, used: 0 } });
  expect((json as { throttles: unknown[] }).throttles).toContainEqual(
    expect.objectContaining({ operation: "identity", limit: 100, windowMs: 60_000, available: 99 }),
  );
});
