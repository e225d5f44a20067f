import { afterEach, beforeEach, expect, test } from "vitest";
import { RateLimit } from "../../core/rate-limit.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { createTestApi, NO_LIMITS } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

const MINE = "0123456789abcdef01234567";
const FLEET = "0123456789abcdef01234568";
const THEIRS = "eeeeeeeeeeeeeeeeeeeeeeee";
const BATCH = "/v1/devices/events/batch";

interface Result {
  readonly ok: boolean;
  readonly code?: string;
}
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: { readonly ok: boolean; readonly results: readonly Result[]; readonly error?: string };
}

let api: TestApi;
let token: string;
beforeEach(() => start());
afterEach(() => api.app.close());

async function start(overrides: Partial<ApiDependencies> = {}): Promise<void> {
  api = createTestApi(overrides);
  const { directory } = api;
  const ada = await api.account("ada");
  token = ada.token;
  await directory.claimDevice(ada.id, MINE);
  await directory.claimDevice((await api.account("mallory")).id, THEIRS);
  const product = { ownerId: ada.id, name: "Weather", slug: "weather", description: "" };
  await directory.addToProduct((await directory.createProduct(product))!.id, [FLEET]);
}

async function send(
  payload: string | object,
  { url = BATCH, type = "application/json", as = token }: { url?: string; type?: string; as?: string } = {},
): Promise<Answer> {
  const headers = { authorization: `Bearer ${as}`, "content-type": type };
  const answer = await api.app.inject({ method: "POST", url, headers, payload });
  return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
}

test("each event has its result, in order, and what is wrong with one costs no other", async () => {
  const { status, body } = await send({
    events: [
      { name: "a", data: "1", as_device_id: MINE },
      { name: "", data: "2" },
      { name: "b", as_device_id: THEIRS },
      { name: "b", as_device_id: "cellar" },
      "no event",
      { name: "spark/own" },
      { name: "c", data: 3 },
      { name: "d", data: "x".repeat(1025) },
      { name: "e", data: "\ud800" },
      { name: "f", as_device_id: MINE.toUpperCase() },
      { name: "g" },
    ],
  });
  expect(status).toBe(200);
  expect(body.ok).toBe(false);
  expect(body.results).toEqual([
    { ok: true, id: expect.any(String) as string },
    { ok: false, code: "invalid_event", field: "name", error: "name is required" },
    { ok: false, code: "unknown_device", field: "as_device_id", error: expect.any(String) as string },
    { ok: false, code: "unknown_device", field: "as_device_id", error: expect.any(String) as string },
    { ok: false, code: "invalid_event", error: "An event must be a JSON object" },
    { ok: false, code: "invalid_event", field: "name", error: expect.stringContaining("spark") as string },
    { ok: false, code: "invalid_event", field: "data", error: "data must be a string" },
    { ok: false, code: "invalid_event", field: "data", error: expect.any(String) as string },
    { ok: false, code: "invalid_event", field: "data", error: "data must be well-formed Unicode" },
    { ok: true, id: expect.any(String) as string },
    { ok: true, id: expect.any(String) as string },
  ]);
  expect(api.accepted.map(({ name, device }) => [name, device?.id ?? null])).toEqual([
    ["a", MINE],
    ["f", MINE],
    ["g", null],
  ]);
});

test("an event carries its own time, type and name for repeats", async () => {
  const at = "2026-02-28T23:00:00.500Z";
  await send({ events: [{ name: "a", data: "{}", published_at: at, content_type: "application/json", id: "r-1" }] });
  expect(api.accepted[0]).toMatchObject({
    publishedAt: Date.parse(at),
    contentType: "application/json",
    dedupeKey: "r-1",
  });
});

test.each([
  [{ published_at: "yesterday" }, "published_at"],
  [{ published_at: 1_700_000_000 }, "published_at"],
  [{ published_at: "0000-01-01T00:00:00Z" }, "published_at"],
  [{ content_type: "json" }, "content_type"],
  [{ content_type: ["a/b"] }, "content_type"],
  [{ id: "" }, "id"],
  [{ id: "x".repeat(129) }, "id"],
  [{ id: 7 }, "id"],
  [{ as_device_id: 7 }, "as_device_id"],
])("%j is told by its field", async (fields, field) => {
  const { body } = await send({ events: [{ name: "a", ...fields }] });
  expect(body.results).toMatchObject([{ ok: false, code: "invalid_event", field }]);
});

test("events come one JSON object a line, too; a broken line is one result", async () => {
  const lines = ['{"name":"a"}', "", '{"name":', "[]", '{"name":"b"}\r', ""].join("\n");
  const { status, body } = await send(lines, { type: "application/x-ndjson" });
  expect(status).toBe(200);
  expect(body.results.map(({ ok }) => ok)).toEqual([true, false, false, true]);
  expect(api.accepted.map(({ name }) => name)).toEqual(["a", "b"]);
});

test("lines of JSON are for batches only", async () => {
  expect((await send('{"name":"a"}', { url: "/v1/devices/events", type: "application/x-ndjson" })).status).toBe(415);
});

test.each([
  [{}, 400, "events must be a list of events"],
  [{ events: "a" }, 400, "events must be a list of events"],
  [{ events: [] }, 400, "events must hold at least one event"],
  [{ events: Array.from({ length: 1001 }, () => ({ name: "a" })) }, 413, "events must hold at most 1000 events"],
  [[{ name: "a" }], 400, "The body must be a JSON object"],
])("a body without 1 to 1000 events is refused whole", async (payload, status, error) => {
  expect(await send(payload)).toMatchObject({ status, body: { ok: false, error } });
  expect(api.accepted).toEqual([]);
});

test("more lines than a batch may have are refused unread", async () => {
  const lines = '{"name":"a"}\n'.repeat(1001);
  expect((await send(lines, { type: "application/x-ndjson" })).status).toBe(413);
});

test("a thousand events are taken, and four megabytes are the end", async () => {
  const events = Array.from({ length: 1000 }, (_, n) => ({ name: `n/${n}`, data: "x".repeat(1000) }));
  expect((await send({ events })).body.ok).toBe(true);
  expect(api.accepted.map(({ name }) => name)).toEqual(events.map(({ name }) => name));
  expect((await send({ events: [{ name: "a", padding: "x".repeat(4 * 1024 * 1024) }] })).status).toBe(413);
});

test("a product's batch speaks for its devices, and a device's for itself", async () => {
  const events = [{ name: "a", as_device_id: FLEET }, { name: "b", as_device_id: MINE }, { name: "c" }];
  const { body } = await send({ events }, { url: "/v1/products/weather/events/batch" });
  expect(body.results.map(({ code = "accepted" }) => code)).toEqual(["accepted", "unknown_device", "accepted"]);
  const device = await api.directory.createDeviceToken(FLEET);
  const own = await send({ events: [{ name: "a" }, { name: "b", as_device_id: MINE }] }, { as: device });
  expect(own.body.results.map(({ code = "accepted" }) => code)).toEqual(["accepted", "unknown_device"]);
});

test("a device's stored events are taken whole, and then it waits for as long as they would have taken", async () => {
  await api.app.close();
  let elapsed = 0;
  const device = new RateLimit({ rate: { intervalMs: 1000, burst: 4 }, elapsed: () => elapsed });
  await start({ limits: { ...NO_LIMITS, device } });
  const as = await api.directory.createDeviceToken(MINE);
  const events = Array.from({ length: 50 }, () => ({ name: "a" }));
  expect((await send({ events }, { as })).body.ok).toBe(true);
  expect(await send({ events }, { as })).toMatchObject({ status: 429, headers: { "retry-after": "47" } });
  const other = [
    { name: "a", as_device_id: MINE },
    { name: "b", as_device_id: FLEET },
  ];
  const mixed = await send({ events: other }, { url: "/v1/products/weather/events/batch" });
  expect(mixed.body.results.map(({ code = "accepted" }) => code)).toEqual(["unknown_device", "accepted"]);
  const gateway = await send({ events: [{ name: "a", as_device_id: MINE }, { name: "b" }] });
  expect(gateway.body.results).toMatchObject([{ code: "rate_limit_exceeded", retry_after: 47 }, { ok: true }]);
  elapsed += 47_000;
  expect((await send({ events: [{ name: "a" }] }, { as })).body.ok).toBe(true);
});

test("when the disk takes nothing the whole answer says so", async () => {
  api.world.unavailable = "The disk is full.";
  expect(await send({ events: [{ name: "a" }, { name: "b" }] })).toMatchObject({
    status: 503,
    headers: { "retry-after": "3" },
    body: { error: "server_error" },
  });
});

test("places for batches are given back", async () => {
  for (let i = 0; i < 20; i++) expect((await send({ events: [{ name: "a" }] })).status).toBe(200);
  for (let i = 0; i < 20; i++) expect((await send("{")).status).toBe(400);
  expect((await send({ events: [{ name: "a" }] })).status).toBe(200);
});

test("only so many batches are in memory at once, and a bad token gets none of them in", async () => {
  await api.app.close();
  const release: (() => void)[] = [];
  await start({
    accept: () =>
      new Promise((resolve) => {
        release.push(() => resolve({ kind: "unavailable", message: "later", retryAfterSeconds: 1 }));
      }),
  });
  const held = Array.from({ length: 16 }, () => send({ events: [{ name: "a" }] }));
  await expect.poll(() => release.length).toBe(16);
  expect(await send({ events: [{ name: "a" }] })).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
  const other = send({ events: [{ name: "a" }] }, { as: (await api.account("eve")).token });
  await expect.poll(() => release.length).toBe(17);
  expect((await send("x".repeat(1024), { as: "f".repeat(40) })).status).toBe(401);
  for (const letGo of release) letGo();
  await Promise.all([...held, other]);
});

test("other methods are told what there is", async () => {
  const answer = await api.app.inject({ method: "PUT", url: "/v1/products/weather/events/batch" });
  expect(answer).toMatchObject({ statusCode: 405, headers: { allow: "POST" } });
});
