/** Webhooks as Particle's cloud sends them. */
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DeviceEvent } from "../core/device-event.ts";
import type { EventLog } from "../core/delivery-queue.ts";
import { createAccept } from "../ingest/accept.ts";
import { Matcher } from "../ingest/matcher.ts";
import type { ApiDependencies } from "./dependencies.ts";
import { createTestApi, NO_LIMITS } from "./testing/test-api.ts";
import type { TestApi } from "./testing/test-api.ts";

const DEVICE = "0123456789abcdef01234567";
const METHODS = ["GET", "POST", "PUT", "DELETE"] as const;
const PUBLISHED = "2026-03-01T11:59:58.123Z";
const AGENT = "ParticleBot/1.1 (https://docs.particle.io/webhooks)";
const JSON_TYPE = { "content-type": "application/json" };
const FORM = "application/x-www-form-urlencoded";

let api: TestApi;
let ada: { readonly id: string; readonly token: string };
let productId: number;
let url: string;
let secret: string;
let source: string;

beforeEach(() => start());

async function start(overrides: Partial<ApiDependencies> = {}): Promise<void> {
  api = createTestApi(overrides);
  ada = await api.account("ada");
  productId = (await api.directory.createProduct({ ownerId: ada.id, name: "W", slug: "weather", description: "" }))!.id;
  ({ url, secret, source } = await makeSource({}));
}

afterEach(() => api.app.close());

/** The API over the rules that events are really judged by; what is stored is told. */
async function startInEarnest(): Promise<DeviceEvent[]> {
  const stored: DeviceEvent[] = [];
  const log: EventLog = {
    append: async (event) => (stored.push(event), []),
    appendOnce: async (event) => (stored.push(event), { deliveries: [] }),
  };
  await api.app.close();
  await start({ accept: createAccept({ log, matcher: new Matcher(), onAccepted: () => undefined }) });
  return stored;
}

async function makeSource(settings: object): Promise<{ url: string; secret: string; source: string }> {
  const answer = await api.app.inject({
    method: "POST",
    url: "/admin/v1/products/weather/sources",
    headers: { authorization: `Bearer ${ada.token}` },
    payload: { kind: "inbound-webhook", event: "temp", ...settings },
  });
  const made = answer.json<{ source: { id: string; url: string }; secret: string }>();
  return { url: new URL(made.source.url).pathname, secret: made.secret, source: made.source.id };
}

interface Call {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly query?: string;
  readonly headers?: Record<string, string>;
  readonly payload?: string | object;
  readonly to?: string;
}

async function call({ method = "POST", query = "", headers = {}, payload, to = url }: Call): Promise<{
  status: number;
  json: Record<string, unknown>;
}> {
  const answer = await api.app.inject({
    method,
    url: `${to}${query}`,
    headers: { "user-agent": AGENT, "x-isthmus-secret": secret, ...headers },
    ...(payload !== undefined && { payload }),
  });
  return { status: answer.statusCode, json: answer.json<Record<string, unknown>>() };
}

const FIELDS = { event: "temperature", data: "21.5", published_at: PUBLISHED, coreid: DEVICE };
const form = (fields: Record<string, string>): string => new URLSearchParams(fields).toString();

async function progress(): Promise<Record<string, unknown>> {
  const answer = await api.app.inject({
    url: `/admin/v1/products/weather/sources/${source}`,
    headers: { authorization: `Bearer ${ada.token}` },
  });
  return answer.json<{ source: { status: Record<string, unknown> } }>().source.status;
}

describe("formats", () => {
  const formats: readonly (readonly [string, Call])[] = [
    ["a form", { headers: { "content-type": FORM }, payload: form(FIELDS) }],
    ["a form by PUT", { method: "PUT", headers: { "content-type": FORM }, payload: form(FIELDS) }],
    ["a form by DELETE", { method: "DELETE", headers: { "content-type": FORM }, payload: form(FIELDS) }],
    ["JSON with fields of one's own", { headers: { accept: "application/json" }, payload: { ...FIELDS, mine: 1 } }],
    ["the query of a GET", { method: "GET", query: `?${form(FIELDS)}` }],
    [
      "noDefaults with Particle's variables",
      {
        payload: {
          PARTICLE_EVENT_NAME: "temperature",
          PARTICLE_EVENT_VALUE: "21.5",
          PARTICLE_PUBLISHED_AT: PUBLISHED,
          PARTICLE_DEVICE_ID: DEVICE,
        },
      },
    ],
    [
      "the old variables",
      {
        payload: {
          SPARK_EVENT_NAME: "temperature",
          SPARK_EVENT_VALUE: "21.5",
          SPARK_PUBLISHED_AT: PUBLISHED,
          SPARK_CORE_ID: DEVICE.toUpperCase(),
        },
      },
    ],
    [
      "a body of one's own that is JSON",
      { headers: { "content-type": "text/plain" }, payload: JSON.stringify(FIELDS) },
    ],
    [
      "a body of one's own that is the data, the rest in the query",
      {
        headers: { "content-type": "text/plain" },
        payload: "21.5",
        query: `?${form({ event: "temperature", coreid: DEVICE, published_at: PUBLISHED })}`,
      },
    ],
  ];

  test.each(formats)("%s", async (_name, request) => {
    const answer = await call(request);
    expect(answer).toMatchObject({ status: 200, json: { ok: true, accepted: true, repeated: false } });
    expect(api.accepted).toEqual([
      expect.objectContaining({
        name: "temperature",
        data: "21.5",
        productId,
        publishedAt: Date.parse(PUBLISHED),
        fromDeviceCloud: true,
      }),
    ]);
    expect(api.accepted[0]?.device).toMatchObject({ id: DEVICE, productId, approval: "approved" });
  });

  test("fields that stand elsewhere are found where the source says", async () => {
    const fields = { event: "what", data: "reading.value", device_id: "who.0", event_id: "id", firmware_version: "fw" };
    ({ url, secret, source } = await makeSource({ fields }));
    const payload = { what: "temperature", reading: { value: { c: 21.5 } }, who: [DEVICE], id: "e-1", fw: 7 };
    expect(await call({ payload })).toMatchObject({ status: 200, json: { accepted: true } });
    expect(api.accepted[0]).toMatchObject({
      data: '{"c":21.5}',
      contentType: "application/json",
      firmwareVersion: 7,
      dedupeKey: ["particle-id e-1"],
    });
  });

  test("PARTICLE_EVENT_ID and PRODUCT_VERSION are taken beside the defaults; the device learns its version", async () => {
    await call({ payload: { ...FIELDS, PARTICLE_EVENT_ID: "e-1", PRODUCT_ID: "12", PRODUCT_VERSION: "7" } });
    const [content, id] = api.accepted[0]!.dedupeKey as readonly string[];
    expect(content).toContain("temperature");
    expect(id).toBe("particle-id e-1");
    expect(api.accepted[0]).toMatchObject({ firmwareVersion: 7 });
    expect(await api.directory.device(DEVICE)).toMatchObject({ firmwareVersion: 7 });
  });

  test.each([
    ["no event name", { payload: { coreid: DEVICE } }, /PARTICLE_EVENT_NAME/],
    ["no device", { payload: { event: "t" } }, /PARTICLE_DEVICE_ID/],
    ["a device id that is none", { payload: { ...FIELDS, coreid: "kitchen" } }, /24 hexadecimal/],
    ["a name of 65 characters", { payload: { ...FIELDS, event: "t".repeat(65) } }, /64 characters/],
    ["half a character", { payload: '{"event":"t","coreid":"a","data":"\\ud800"}', headers: JSON_TYPE }, /Unicode/],
    [
      "data nested thirty thousand times",
      { payload: `{"event":"t","coreid":"a","data":${"[".repeat(30_000)}${"]".repeat(30_000)}}`, headers: JSON_TYPE },
      /nested/,
    ],
    ["a list", { payload: [FIELDS] }, /JSON object/],
    ["broken JSON", { payload: "{", headers: JSON_TYPE }, /not valid JSON/],
    ["a forbidden key", { payload: '{"__proto__":{"x":1},"event":"t"}', headers: JSON_TYPE }, /JSON/],
    ["two names", { payload: "event=a&event=b&coreid=c", headers: { "content-type": FORM } }, /PARTICLE_EVENT_NAME/],
  ] as const)("%s is refused with what is wrong", async (_name, request, message) => {
    const { status, json } = await call(request as Call);
    expect(status).toBe(400);
    expect(json["error"]).toMatch(message);
    expect(api.accepted).toEqual([]);
  });

  test("what is compressed or too long is refused", async () => {
    expect((await call({ payload: FIELDS, headers: { "content-encoding": "gzip" } })).status).toBe(415);
    expect((await call({ payload: { ...FIELDS, data: "x".repeat(200_000) } })).status).toBe(413);
    expect((await call({ payload: "x".repeat(200_000), headers: { "content-type": "text/plain" } })).status).toBe(413);
  });

  test("data of 16 KB in binary come through as a data URL", async () => {
    const stored = await startInEarnest();
    const data = `data:application/octet-stream;base64,${Buffer.alloc(16_384, 7).toString("base64")}`;
    expect((await call({ headers: { "content-type": FORM }, payload: form({ ...FIELDS, data }) })).status).toBe(200);
    expect(stored[0]?.data).toBe(data);
  });
});

describe("who may", () => {
  const basic = (text: string): Record<string, string> => ({
    "x-isthmus-secret": "",
    authorization: `Basic ${Buffer.from(text).toString("base64")}`,
  });

  test("the secret may be a header, a bearer token or Basic's password", async () => {
    for (const headers of [
      {},
      { "x-isthmus-secret": "", authorization: `Bearer ${secret}` },
      basic(`particle:${secret}`),
      basic(`:${secret}`),
    ]) {
      expect((await call({ payload: FIELDS, headers })).status).toBe(200);
    }
  });

  test.each([
    ["none", { "x-isthmus-secret": "" }],
    ["a wrong one", { "x-isthmus-secret": "f".repeat(40) }],
    ["an endless one", { "x-isthmus-secret": "f".repeat(5_000) }],
    ["a wrong password", basic("particle:wrong")],
    ["a user without password", basic("particle")],
    ["an odd scheme", { "x-isthmus-secret": "", authorization: "Digest x" }],
  ])("%s is refused, and nothing is stored", async (_name, headers) => {
    const { status, json } = await call({ payload: FIELDS, headers });
    expect(status).toBe(401);
    expect(json).toMatchObject({ code: "secret_refused", next_step: expect.stringContaining("X-Isthmus-Secret") });
    expect(api.accepted).toEqual([]);
  });

  test("an unknown source looks like a wrong secret, whatever its id is", async () => {
    const wrong = await call({ payload: FIELDS, headers: { "x-isthmus-secret": "wrong" } });
    for (const to of ["/inbound/v1/0123", `/inbound/v1/${"0".repeat(24)}`]) {
      expect(await call({ to, payload: FIELDS })).toEqual(wrong);
    }
  });

  test("events are not counted against the sender's address, wrong secrets are", async () => {
    await api.app.close();
    await start({ limits: { ...NO_LIMITS, address: 10, elapsed: () => 0 } });
    for (let i = 0; i < 30; i++) expect((await call({ payload: { ...FIELDS, data: String(i) } })).status).toBe(200);
    const statuses: number[] = [];
    for (let i = 0; i < 30; i++) {
      statuses.push((await call({ payload: FIELDS, headers: { "x-isthmus-secret": "wrong" } })).status);
    }
    expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
    expect(statuses.at(-1)).toBe(429);
    expect((await call({ payload: FIELDS })).status).toBe(200);
  });

  test("a source that is switched off says so", async () => {
    await api.app.inject({
      method: "PUT",
      url: `/admin/v1/products/weather/sources/${source}`,
      headers: { authorization: `Bearer ${ada.token}` },
      payload: { disabled: true },
    });
    expect(await call({ payload: FIELDS })).toMatchObject({ status: 409, json: { code: "source_disabled" } });
  });

  test("a new secret is good at once; the one before it for a day", async () => {
    const renew = async (): Promise<string> => {
      const answer = await api.app.inject({
        method: "POST",
        url: `/admin/v1/products/weather/sources/${source}/secret`,
        headers: { authorization: `Bearer ${ada.token}` },
      });
      return answer.json<{ secret: string }>().secret;
    };
    const [first, second] = [secret, await renew()];
    const status = async (with_: string): Promise<number> =>
      (await call({ payload: FIELDS, headers: { "x-isthmus-secret": with_ } })).status;
    expect([await status(first), await status(second)]).toEqual([200, 200]);
    api.world.now += 24 * 3_600_000;
    expect([await status(first), await status(second)]).toEqual([401, 200]);
    const third = await renew();
    expect([await status(first), await status(second), await status(third)]).toEqual([401, 200, 200]);
  });

  test("other methods are named", async () => {
    const answer = await api.app.inject({ method: "PATCH", url, payload: FIELDS });
    expect(answer.statusCode).toBe(405);
    expect(answer.headers["allow"]).toContain("POST");
  });
});

describe("what is not wanted", () => {
  test("a test event is answered and shown, and goes no further", async () => {
    const answer = await call({ payload: { ...FIELDS, coreid: "api", data: "test-event" } });
    expect(answer).toMatchObject({ status: 200, json: { ok: true, accepted: false, reason: "test" } });
    expect(api.accepted).toEqual([]);
    expect(await progress()).toMatchObject({ test_received_at: "2026-03-01T12:00:00.000Z" });
  });

  test.each([
    ["hook-sent/temperature", DEVICE, "webhook_event"],
    ["hook-error/temperature/0", "particle-internal", "webhook_event"],
    ["spark/status", DEVICE, "system_event"],
    ["particle/device/updates/pending", DEVICE, "system_event"],
    ["temperature", "api", "no_device"],
    ["temperature", "particle-internal", "no_device"],
  ])("%s of %s is answered 200, so that the sender does not count it as an error", async (event, coreid, reason) => {
    const answer = await call({ payload: { ...FIELDS, event, coreid } });
    expect(answer).toMatchObject({ status: 200, json: { ok: true, accepted: false, reason } });
    expect(api.accepted).toEqual([]);
    expect(await progress()).toMatchObject({ today: { ignored: 1 } });
  });

  test("system events are taken where the source wants them", async () => {
    const stored = await startInEarnest();
    ({ url, secret, source } = await makeSource({ system_events: true }));
    const payload = { ...FIELDS, event: "spark/status", data: "online" };
    expect(await call({ payload })).toMatchObject({ status: 200, json: { accepted: true } });
    expect(stored[0]).toMatchObject({ name: "spark/status", deviceId: DEVICE });
  });

  test("devices that are not the product's stay where they are", async () => {
    const eve = await api.account("eve");
    await api.directory.claimDevice(eve.id, DEVICE);
    expect(await call({ payload: FIELDS })).toMatchObject({ status: 200, json: { reason: "unknown_device" } });
    expect(await api.directory.device(DEVICE)).toMatchObject({ ownerId: eve.id, productId: null });
    ({ url, secret, source } = await makeSource({ create_devices: false }));
    const stranger = { ...FIELDS, coreid: "f".repeat(24) };
    expect(await call({ payload: stranger })).toMatchObject({ status: 200, json: { reason: "unknown_device" } });
    expect(await api.directory.device("f".repeat(24))).toBeNull();
    expect(api.accepted).toEqual([]);
  });

  test("a device that appears waits for approval where the product says so", async () => {
    await api.directory.updateProduct(productId, { quarantine: true });
    expect(await call({ payload: FIELDS })).toMatchObject({ json: { accepted: true } });
    expect(api.accepted[0]?.device).toMatchObject({ id: DEVICE, approval: "quarantined" });
  });

  test("a quarantined device stays quarantined: its events are taken and match nothing", async () => {
    await api.directory.addToProduct(productId, [DEVICE]);
    await api.directory.setApproval(DEVICE, "quarantined");
    expect(await call({ payload: FIELDS })).toMatchObject({ json: { accepted: true } });
    expect(api.accepted[0]?.device).toMatchObject({ approval: "quarantined" });
  });
});

test("whatever comes in is answered, and only what is an event is taken", async () => {
  const stored = await startInEarnest();
  const types = fc.constantFrom(
    FORM,
    "application/json",
    "text/plain",
    "application/octet-stream",
    "x",
    "multipart/form-data",
  );
  const fields = fc.dictionary(
    fc.constantFrom(
      "event",
      "data",
      "coreid",
      "published_at",
      "PARTICLE_EVENT_ID",
      "PRODUCT_VERSION",
      "__proto__",
      "x",
    ),
    fc.oneof(fc.jsonValue(), fc.constantFrom(DEVICE, "temperature", PUBLISHED, "api", "7")),
  );
  const bodies = fc.oneof(
    fields.map((object) => JSON.stringify(object)),
    fc.string({ unit: "binary" }),
    fields.map((object) =>
      form(Object.fromEntries(Object.entries(object).map(([key, value]) => [key, JSON.stringify(value)]))),
    ),
  );
  const query = fc.dictionary(fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 }), { maxKeys: 3 });
  await fc.assert(
    fc.asyncProperty(types, bodies, query, fc.constantFrom(...METHODS), async (type, payload, asked, method) => {
      const before = stored.length;
      const headers = { "content-type": type };
      const { status, json } = await call({ method, query: `?${form(asked)}`, headers, payload });
      expect([200, 400, 415]).toContain(status);
      expect(stored.length - before).toBe(json["accepted"] === true ? 1 : 0);
    }),
    { numRuns: 300 },
  );
});

test("when the disk takes nothing the sender is told to come back", async () => {
  api.world.unavailable = "The disk is full.";
  const answer = await api.app.inject({
    method: "POST",
    url,
    headers: { "x-isthmus-secret": secret },
    payload: FIELDS,
  });
  expect(answer.statusCode).toBe(503);
  expect(answer.headers["retry-after"]).toBe("3");
});

test("neither secret nor data reach the log", async () => {
  await call({ payload: { ...FIELDS, data: "very private" }, headers: { "x-isthmus-secret": "wrong-secret" } });
  await call({ payload: { ...FIELDS, data: "very private" } });
  expect(api.logged.join("")).not.toMatch(/very private|wrong-secret/);
  expect(api.logged.join("")).not.toContain(secret);
});
