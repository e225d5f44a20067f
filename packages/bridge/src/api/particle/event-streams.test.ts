import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { FeedEvent } from "../../core/event-feed.ts";
import { createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

const DEVICE = "0123456789abcdef01234567";
const OTHER = "0123456789abcdef01234568";

let api: TestApi;
let url: string;
let ada: { readonly id: string; readonly token: string };
let productId: number;
const open: AbortController[] = [];

beforeEach(async () => {
  api = createTestApi();
  url = await api.listen();
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

interface Listener {
  /** All that came so far. */
  text: string;
  readonly ended: Promise<void>;
}

async function listen(path: string, token: string = ada.token): Promise<Listener> {
  const controller = new AbortController();
  open.push(controller);
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${url}${path}`, { headers, signal: controller.signal });
  expect(answer.status).toBe(200);
  const decoder = new TextDecoder();
  const heard = { text: "", ended: Promise.resolve() };
  heard.ended = (async () => {
    for await (const chunk of answer.body!) heard.text += decoder.decode(chunk as Uint8Array, { stream: true });
  })();
  heard.ended.catch(() => undefined);
  await until(() => heard.text.startsWith(":ok\n\n"));
  return heard;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

function speak(name: string, overrides: Partial<FeedEvent> & { data?: string | null; deviceId?: string } = {}): void {
  const { data = "21", deviceId = DEVICE, ...rest } = overrides;
  const times = { publishedAt: Date.parse("2026-03-01T12:00:00.250Z"), receivedAt: 1 };
  const event = { id: "e", name, data, contentType: "text/plain", deviceId, productId, firmwareVersion: 3, ...times };
  api.feed.publish({ event, ownerId: ada.id, productId: null, coreid: deviceId, ...rest });
}

test("an account hears its devices, event by event, in the device cloud's format", async () => {
  const heard = await listen("/v1/devices/events?nonce=4711");
  speak("temperature", { data: 'two\nlines "quoted" 21°' });
  speak("empty", { data: null });
  await until(() => heard.text.includes("empty"));
  const line = (data: string): string =>
    `data: {"data":${data},"ttl":60,"published_at":"2026-03-01T12:00:00.250Z","coreid":"${DEVICE}"}\n\n`;
  expect(heard.text).toBe(
    `:ok\n\nevent: temperature\n${line('"two\\nlines \\"quoted\\" 21°"')}event: empty\n${line("null")}`,
  );
});

test("a product's stream says whose device it was and which firmware", async () => {
  const heard = await listen("/v1/products/weather/events");
  speak("temperature", { deviceId: OTHER, ownerId: null, productId });
  await until(() => heard.text.includes("temperature"));
  expect(JSON.parse(/^data: (.*)$/m.exec(heard.text)![1]!)).toEqual({
    data: "21",
    ttl: 60,
    published_at: "2026-03-01T12:00:00.250Z",
    coreid: OTHER,
    userid: "",
    version: 3,
    public: false,
    productID: productId,
  });
});

describe("the prefix", () => {
  const CASES: readonly (readonly [path: string, names: string])[] = [
    ["/v1/devices/events", "a/b/c a/bx ab z"],
    ["/v1/devices/events/", "a/b/c a/bx ab z"],
    ["/v1/devices/events/a", "a/b/c a/bx ab"],
    ["/v1/devices/events/a%2Fb", "a/b/c a/bx"],
    ["/v1/devices/events/a/b", "a/b/c a/bx"],
    ["/v1/devices/events/a/b/", "a/b/c"],
    ["/v1/devices/events/a%2fb%2Fc", "a/b/c"],
    ["/v1/devices/events/A", ""],
    ["/v1/events/a%2Fb", "a/b/c a/bx"],
    ["/v1/events/a/b", "a/b/c a/bx"],
    [`/v1/devices/${DEVICE}/events/ab`, "ab"],
    [`/v1/devices/${DEVICE.toUpperCase()}/events`, "a/b/c a/bx ab z"],
    ["/v1/devices/cellar/events/z", "z"],
    [`/v1/products/weather/devices/${OTHER}/events`, "fleet/1"],
    ["/v1/products/weather/events/fleet%2F", "fleet/1"],
    ["/v1/products/:product/events", "fleet/1"],
  ];

  test.each(CASES)("GET %s hears %s", async (path, names) => {
    const heard = await listen(path.replace(":product", String(productId)));
    for (const name of ["a/b/c", "a/bx", "ab", "z"]) speak(name);
    speak("fleet/1", { deviceId: OTHER, ownerId: null, productId });
    for (const scope of [{ ownerId: "eve" }, { productId: productId + 1, ownerId: null }]) speak("a/b/other", scope);
    // A last word for every filter, so that the end of what was heard is known.
    const end = { deviceId: path.includes(OTHER) ? OTHER : DEVICE, productId };
    for (const name of ["END", "a/b/cEND", "ab/END", "zEND", "fleet/END", "a/END", "AEND", "A/b/cEND"])
      speak(name, end);
    await until(() => heard.text.includes("END"));
    const all = [...heard.text.matchAll(/^event: (.*)$/gm)].map(([, name]) => name!);
    expect(all.filter((name) => !name.endsWith("END")).join(" ")).toBe(names);
  });

  test.each(["/v1/events", "/v1/events/"])("is required at %s", async (path) => {
    const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${ada.token}` } });
    expect({ status: answer.status, body: await answer.json() }).toEqual({
      status: 400,
      body: { ok: false, error: "event prefix filter is required" },
    });
  });
});

test("there are no organizations to listen to", async () => {
  const answer = await fetch(`${url}/v1/orgs/acme/events`, { headers: { authorization: `Bearer ${ada.token}` } });
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({ ok: false });
});

test("HEAD opens no stream", async () => {
  const headers = { authorization: `Bearer ${ada.token}` };
  const answer = await fetch(`${url}/v1/products/weather/events`, { method: "HEAD", headers });
  expect(answer.status).toBe(404);
});

describe("a stream ends", () => {
  test("at once when its token is revoked, and others stay", async () => {
    const second = await api.directory.createToken({ accountId: ada.id, client: "c", expiresAt: null });
    const [first, other] = [await listen("/v1/devices/events", second), await listen("/v1/devices/events")];
    await fetch(`${url}/v1/access_tokens/${second}`, { method: "DELETE" });
    await first.ended;
    speak("still");
    await until(() => other.text.includes("still"));
    expect(first.text).not.toContain("still");
  });

  test("when its owner signs out everywhere", async () => {
    const heard = await listen("/v1/devices/events");
    await fetch(`${url}/v1/access_tokens`, { method: "DELETE", headers: { authorization: `Bearer ${ada.token}` } });
    await expect(heard.ended).resolves.toBeUndefined();
  });

  test("when its token has expired and it is asked again", async () => {
    const expiresAt = api.world.now + 60_000;
    const another = await api.directory.createToken({ accountId: ada.id, client: "c", expiresAt: null });
    const token = await api.directory.createToken({ accountId: ada.id, client: "c", expiresAt });
    const heard = await listen("/v1/devices/events", token);
    api.world.now = expiresAt;
    await fetch(`${url}/v1/access_tokens/${another}`, { method: "DELETE" });
    await expect(heard.ended).resolves.toBeUndefined();
  });

  test("when the server stops", async () => {
    const heard = await listen("/v1/devices/events");
    await api.app.close();
    // A stream that were cut off after the grace would end with an error.
    await expect(heard.ended).resolves.toBeUndefined();
  });
});
