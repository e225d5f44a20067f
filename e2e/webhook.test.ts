/** Webhooks as Particle's client makes them, with a target that has bad days. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import Particle from "particle-api-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeDevices, makeProduct, request, type FleetDevice } from "./support/cloud.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { until } from "./support/until.ts";

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

const isthmus = new IsthmusProcess({ ISTHMUS_LOCAL_HUB: "off" });
let firstRun: FirstRun;
let device: FleetDevice;
let target: Server;
let received: Received[] = [];
/** What the target answers to a path: a status, or nothing at all. */
let answers: Record<string, number> = {};
let echoes = false;

beforeAll(async () => {
  target = createServer((incoming, response) => {
    const pieces: Buffer[] = [];
    incoming.on("data", (piece: Buffer) => pieces.push(piece));
    incoming.on("end", () => {
      const { method = "", url = "", headers } = incoming;
      received.push({ method, url, headers, body: Buffer.concat(pieces).toString() });
      const answer = echoes ? JSON.stringify(headers) : '{"weather":"fine"}';
      response.writeHead(answers[url] ?? 200, { "content-type": "application/json" }).end(answer);
    });
  });
  await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
  firstRun = await isthmus.start();
  await makeProduct(firstRun, "hooks");
  [device] = (await makeDevices(firstRun, "hooks", 1)) as [FleetDevice];
});

afterAll(async () => {
  await isthmus.dispose();
  target.closeAllConnections();
  await new Promise((resolve) => target.close(resolve));
});

const client = (): InstanceType<typeof Particle> => new Particle({ baseUrl: firstRun.url });
const auth = (): string => firstRun.accessToken;
const at = (path: string): string => `http://127.0.0.1:${(target.address() as AddressInfo).port}${path}`;
const sentTo = (path: string): Received[] => received.filter(({ url }) => url === path);

async function publish(name: string, data: string): Promise<void> {
  const { status } = await request(firstRun, "POST", "/v1/devices/events", { name, data }, device.token);
  expect(status).toBe(200);
}

async function integration(id: string): Promise<Record<string, unknown>> {
  const { json } = await request(firstRun, "GET", `/v1/products/hooks/integrations/${id}`);
  return json["integration"] as Record<string, unknown>;
}

test("a webhook is made, listed and deleted by Particle's client, sends events and streams the answer back", async () => {
  const heard: { name: string; data: string; coreid: string }[] = [];
  const stream = await client().getEventStream({ product: "hooks", auth: auth() });
  stream.on("event", (event: (typeof heard)[number]) => heard.push(event));
  const made = await client().createWebhook({
    event: "weather",
    url: at("/in/{{PARTICLE_DEVICE_ID}}"),
    product: "hooks",
    auth: auth(),
    hook: {
      headers: { "X-Api-Key": "s3cr3t-canary" },
      json: { device: "{{PARTICLE_DEVICE_ID}}", t: "{{t}}" },
      responseTemplate: "It is {{weather}}",
    },
  } as never);
  expect(made.body).toMatchObject({
    ok: true,
    event: "weather",
    hookUrl: expect.stringContaining("/webhooks/") as unknown,
  });
  const { id } = made.body as unknown as { id: string };

  await publish("weather/now", '{"t":21}');
  const path = `/in/${device.id}`;
  await until(() => sentTo(path).length === 1, "the webhook");
  const [{ headers, body }] = sentTo(path) as [Received];
  expect(headers).toMatchObject({ "x-api-key": "s3cr3t-canary", "content-type": "application/json" });
  expect(JSON.parse(body)).toMatchObject({ event: "weather/now", coreid: device.id, device: device.id, t: "21" });

  await until(() => heard.some(({ name }) => name.includes("hook-response")), "the answer on the stream");
  expect(heard.find(({ name }) => name.startsWith("hook-sent/"))).toMatchObject({ coreid: "particle-internal" });
  expect(heard.find(({ name }) => name.includes("hook-response"))).toMatchObject({
    name: `${device.id}/hook-response/weather/now/0`,
    data: "It is fine",
  });
  stream.abort();

  const listed = await client().listWebhooks({ product: "hooks", auth: auth() });
  expect(JSON.stringify(listed.body)).not.toContain("s3cr3t-canary");
  expect(listed.body).toMatchObject([{ id, integration_type: "Webhook", headers: { "X-Api-Key": "********" } }]);
  const deleted = await client().deleteWebhook({ hookId: id, product: "hooks", auth: auth() });
  expect(deleted.statusCode).toBe(204);

  // Another webhook after it shows when the event would have been there.
  const after = await request(firstRun, "POST", "/v1/products/hooks/integrations", {
    event: "weather",
    url: at("/after"),
  });
  await publish("weather/later", "{}");
  await until(() => sentTo("/after").length === 1, "the other webhook");
  expect(sentTo(path)).toHaveLength(1);
  await request(firstRun, "DELETE", `/v1/products/hooks/integrations/${String(after.json["id"])}`);
});

test("a target that is down costs no event: they wait, keep their order, and go when it is back", async () => {
  answers = { "/down": 503 };
  const made = await request(firstRun, "POST", "/v1/products/hooks/integrations", { event: "down", url: at("/down") });
  const id = String(made.json["id"]);
  for (const data of ["1", "2", "3"]) await publish("down/x", data);
  await until(async () => {
    const { hub } = (await integration(id)) as { hub: { failure: { code: string } | null } };
    return hub.failure?.code === "webhook_error";
  }, "the pause");
  answers = {};
  await until(async () => {
    const { counters } = (await integration(id)) as { counters: { ledger: { delivered: number } } };
    return counters.ledger.delivered === 3;
  }, "the deliveries");
  const order = sentTo("/down").map(({ body }) => new URLSearchParams(body).get("data"));
  expect(order.slice(-3)).toEqual(["1", "2", "3"]);
  const ids = sentTo("/down").map(({ headers }) => headers["x-isthmus-event-id"]);
  expect(new Set(ids).size).toBe(3);
  await request(firstRun, "DELETE", `/v1/products/hooks/integrations/${id}`);
});

test("what the target refuses for good is parked, and the device's next event goes on", async () => {
  answers = { "/picky?bad": 422 };
  const made = await request(firstRun, "POST", "/v1/products/hooks/integrations", {
    event: "picky",
    url: at("/picky?{{PARTICLE_EVENT_VALUE}}"),
    noDefaults: true,
  });
  const id = String(made.json["id"]);
  for (const data of ["bad", "good"]) await publish("picky", data);
  await until(async () => {
    const { counters } = (await integration(id)) as { counters: { ledger: object } };
    return JSON.stringify(counters.ledger).includes('"delivered":1,"pending":0,"parked":1');
  }, "one parked, one delivered");
  const { logs } = (await integration(id)) as { logs: { code: string | null; error: string | null }[] };
  expect(logs).toContainEqual(
    expect.objectContaining({ code: "webhook_rejected", error: 'The target answered 422: {"weather":"fine"}.' }),
  );
});

test("TEST sends for real, and says what was sent and answered without the secrets", async () => {
  answers = { "/bad": 403 };
  const settings = { event: "tested", headers: { "X-Api-Key": "s3cr3t-canary" }, url: at("/tested") };
  const made = await request(firstRun, "POST", "/v1/products/hooks/integrations", settings);
  const path = `/v1/products/hooks/integrations/${String(made.json["id"])}`;
  const passed = await request(firstRun, "POST", `${path}/test`, {});
  expect(passed.json).toMatchObject({ pass: true, exchange: { status: "200" } });
  const [{ headers, body }] = sentTo("/tested") as [Received];
  expect(headers["x-api-key"]).toBe("s3cr3t-canary");
  expect(Object.fromEntries(new URLSearchParams(body))).toMatchObject({
    event: "tested",
    data: "test-event",
    coreid: "api",
  });

  await request(firstRun, "PUT", path, { ...settings, url: at("/bad"), headers: { "X-Api-Key": "********" } });
  const failed = await request(firstRun, "POST", `${path}/test`, { data: "x", device_id: device.id });
  expect(failed.json).toMatchObject({ pass: false, code: "webhook_refused", hub_code: "403" });
  expect(sentTo("/bad")[0]?.headers["x-api-key"]).toBe("s3cr3t-canary");
  expect(JSON.stringify([passed.json, failed.json])).not.toContain("s3cr3t-canary");
});

test("a target that answers with what it was sent tells nobody the secrets", async () => {
  echoes = true;
  const heard: string[] = [];
  const stream = await client().getEventStream({ product: "hooks", auth: auth() });
  stream.on("event", (event: { name: string; data: string }) => heard.push(`${event.name} ${event.data}`));
  answers = { "/echo-refused": 422 };
  for (const path of ["/echo", "/echo-refused"]) {
    const settings = { event: "echo", headers: { "X-Api-Key": "s3cr3t-canary" }, url: at(path) };
    await request(firstRun, "POST", "/v1/products/hooks/integrations", settings);
  }
  await publish("echo", "1");
  await until(() => heard.filter((text) => /hook-(response|error)/.test(text)).length >= 2, "both answers");
  stream.abort();
  expect(heard.join("\n")).toContain("x-api-key");
  const { json } = await request(firstRun, "GET", "/v1/products/hooks/integrations");
  const ids = (json as unknown as { id: string; event: string }[]).filter(({ event }) => event === "echo");
  const details = await Promise.all(ids.map(({ id }) => integration(id)));
  expect(JSON.stringify([heard, details])).not.toContain("s3cr3t-canary");
});
