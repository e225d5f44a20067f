import { afterEach, beforeEach, expect, test } from "vitest";
import type { DeliveryRecord } from "../../core/delivery.ts";
import type { DeviceEvent } from "../../core/device-event.ts";
import { newEventId } from "../../core/ids.ts";
import { hubSettings } from "../testing/integration-samples.ts";
import { createTestApi, type TestApi } from "../testing/test-api.ts";

const DEVICE = "0123456789abcdef01234567";
const OTHER = "0123456789abcdef01234568";

let api: TestApi;
let ada: { readonly id: string; readonly token: string };
let productId: number;
const open: AbortController[] = [];

beforeEach(async () => {
  api = createTestApi();
  ada = await api.account("ada");
  const { directory } = api;
  await directory.claimDevice(ada.id, DEVICE);
  await directory.updateDevice(DEVICE, { name: "cellar" });
  const product = { ownerId: ada.id, name: "Weather", slug: "weather", description: "" };
  ({ id: productId } = (await directory.createProduct(product))!);
  await directory.addToProduct(productId, [OTHER]);
});

afterEach(async () => {
  for (const controller of open.splice(0)) controller.abort();
  await api.app.close();
});

function event(overrides: Partial<DeviceEvent> = {}): DeviceEvent {
  const { now } = api.world;
  return {
    id: newEventId(now),
    name: "temperature",
    data: "21",
    contentType: "text/plain",
    deviceId: DEVICE,
    productId: null,
    firmwareVersion: null,
    publishedAt: now,
    receivedAt: now,
    ...overrides,
  };
}

async function get(
  path: string,
  token: string = ada.token,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const answer = await api.app.inject({ url: path, headers: { authorization: `Bearer ${token}` } });
  return { status: answer.statusCode, json: answer.json() };
}

/** What a stream has said so far. */
async function listen(path: string): Promise<{ text: string }> {
  const controller = new AbortController();
  open.push(controller);
  const headers = { authorization: `Bearer ${ada.token}` };
  const answer = await fetch((await api.listen()) + path, { headers, signal: controller.signal });
  expect(answer.status).toBe(200);
  const heard = { text: "" };
  const decoder = new TextDecoder();
  void (async () => {
    for await (const chunk of answer.body!) heard.text += decoder.decode(chunk as Uint8Array, { stream: true });
  })().catch(() => undefined);
  await until(() => heard.text !== "");
  return heard;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test("events are listed with their devices' names, page by page", async () => {
  api.world.events = [event({ name: "c", deviceId: OTHER, productId }), event({ name: "b" }), event({ name: "a" })];
  const first = await get("/admin/v1/events?limit=2");
  expect(first.json).toMatchObject({
    events: [
      { name: "c", device_id: OTHER, device_name: null, product_id: productId },
      { name: "b", data: "21", device_id: DEVICE, device_name: "cellar", received_at: "2026-03-01T12:00:00.000Z" },
    ],
  });
  const second = await get(`/admin/v1/events?limit=2&before=${String(first.json["next"])}`);
  expect(second.json).toMatchObject({ events: [{ name: "a" }], next: null });
});

const FILTERS: readonly (readonly [query: string, names: readonly string[]])[] = [
  ["product=sandbox", ["temp", "nobody"]],
  ["product=weather", ["fleet"]],
  ["device_id=cellar", ["temp"]],
  [`device_id=${OTHER}`, ["fleet"]],
  ["prefix=te", ["temp"]],
];

test.each(FILTERS)("a list with %s has what it asks for", async (query, names) => {
  const nobodys = event({ name: "nobody", deviceId: null, accountId: ada.id });
  api.world.events = [event({ name: "fleet", deviceId: OTHER, productId }), event({ name: "temp" }), nobodys];
  const { json } = await get(`/admin/v1/events?${query}`);
  expect((json["events"] as { name: string }[]).map(({ name }) => name)).toEqual(names);
});

const BAD: readonly (readonly [query: string, error: string])[] = [
  ["limit=0", "limit must be a whole number from 1 to 500"],
  ["before=x", `before must be a whole number from 1 to ${Number.MAX_SAFE_INTEGER}`],
  [`prefix=${"p".repeat(65)}`, "prefix must have at most 64 characters"],
  ["prefix=a&prefix=b", "prefix must be a string"],
  [`product=${"p".repeat(129)}`, "product must have at most 128 characters"],
];

test.each(BAD)("a list with %s is refused", async (query, error) => {
  const { status, json } = await get(`/admin/v1/events?${query}`);
  expect([status, json["error"]]).toEqual([400, error]);
});

test("an event tells which integrations took it and why the others did not", async () => {
  const { directory, world } = api;
  const sandbox = { kind: "sandbox", accountId: ada.id } as const;
  const taker = await directory.createIntegration(hubSettings(sandbox, { event: "temp", name: "Taker" }));
  const other = await directory.createIntegration(hubSettings(sandbox, { event: "humidity" }));
  world.now += 1_000;
  const published = event();
  world.events = [published];
  world.now += 1_000;
  const later = await directory.createIntegration(hubSettings(sandbox, { event: "temp" }));
  const record: DeliveryRecord = {
    id: 7,
    eventId: published.id,
    event: published.name,
    deviceId: DEVICE,
    state: "parked",
    seq: 1,
    attempts: 1,
    acceptedAt: world.now,
    settledAt: world.now,
    nextAttemptAt: null,
    failure: { code: "message_refused", message: "The hub said no." },
    reason: null,
    replayId: null,
  };
  world.traced = [
    { integrationId: taker.id, record },
    { integrationId: "somebody-elses", record },
  ];
  const { status, json } = await get(`/admin/v1/events/${published.id}`);
  expect(status).toBe(200);
  expect(json["event"]).toMatchObject({ id: published.id, data: "21", device_name: "cellar" });
  expect(json["integrations"]).toHaveLength(3);
  expect(json["integrations"]).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        id: taker.id,
        name: "Taker",
        taken: true,
        delivery: expect.objectContaining({ id: 7, state: "parked", code: "message_refused" }) as unknown,
      }),
      expect.objectContaining({ id: other.id, taken: false, rule: "prefix", delivery: null }),
      expect.objectContaining({ id: later.id, taken: false, rule: "made_later" }),
    ]),
  );
});

test("an event that was made without a device is its maker's to see, and no integration takes it", async () => {
  await api.directory.createIntegration(hubSettings({ kind: "sandbox", accountId: ada.id }, { event: "temp" }));
  const eve = await api.account("eve");
  const mine = event({ deviceId: null, accountId: ada.id });
  const hers = event({ deviceId: null, accountId: eve.id });
  const fleets = event({ deviceId: null, productId });
  api.world.events = [mine, hers, fleets];
  const { json } = await get(`/admin/v1/events/${mine.id}`);
  expect(json["integrations"]).toMatchObject([{ taken: false, rule: "no_device" }]);
  expect((await get(`/admin/v1/events/${fleets.id}`)).status).toBe(200);
  expect((await get(`/admin/v1/events/${hers.id}`)).status).toBe(404);
  expect((await get(`/admin/v1/events/${mine.id}`, eve.token)).status).toBe(404);
  expect((await get(`/admin/v1/events/${"x".repeat(200)}`)).status).toBe(404);
});

test("one stream has the events of own devices and of own products, as lists show them", async () => {
  const heard = await listen("/admin/v1/events/stream");
  const mine = event({ name: "mine" });
  const fleets = event({ name: "fleet", deviceId: OTHER, productId, data: "two\nlines" });
  api.feed.publish({ event: mine, ownerId: ada.id, productId: null, coreid: DEVICE, deviceName: "cellar" });
  api.feed.publish({ event: event({ name: "eves" }), ownerId: "eve", productId: null, coreid: "f".repeat(24) });
  api.feed.publish({ event: fleets, ownerId: null, productId, coreid: OTHER });
  const told = event({ name: "hook-sent/t" });
  api.feed.publish({ event: told, ownerId: ada.id, productId: null, coreid: "particle-internal" });
  await until(() => heard.text.includes("hook-sent"));
  const frames = heard.text.split("\n").filter((line) => line.startsWith("data: "));
  const [first, second, third] = frames.map((line) => JSON.parse(line.slice(6)) as Record<string, unknown>);
  expect(frames).toHaveLength(3);
  api.world.events = [mine];
  const { json } = await get("/admin/v1/events");
  expect(first).toEqual({ ...(json["events"] as object[])[0], kept: true });
  expect(second).toMatchObject({ id: fleets.id, name: "fleet", data: "two\nlines", product_id: productId, kept: true });
  expect(third).toMatchObject({ name: "hook-sent/t", kept: false });
});

test("a stream has only what its query asks for", async () => {
  const heard = await listen("/admin/v1/events/stream?prefix=temp&product=weather");
  const speak = (name: string, overrides: Partial<DeviceEvent>): void =>
    api.feed.publish({ event: event({ name, ...overrides }), ownerId: ada.id, productId, coreid: OTHER });
  speak("temp/sandbox", { productId: null });
  speak("humidity", { productId });
  speak("temp/fleet", { productId });
  await until(() => heard.text.includes("temp/fleet"));
  expect(heard.text.match(/^event: .*/gm)).toEqual(["event: temp/fleet"]);
});
