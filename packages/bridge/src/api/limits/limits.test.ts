import { afterEach, expect, test } from "vitest";
import { RateLimit } from "../../core/rate-limit.ts";
import type { ApiLimits } from "../dependencies.ts";
import { createTestApi, NO_LIMITS, PASSWORD } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";
import { createStreamLimit } from "./stream-limit.ts";

interface Answer {
  readonly status: number;
  readonly json: unknown;
  readonly retryAfter: unknown;
}

let api: TestApi;
let elapsed = 0;
afterEach(() => api.app.close());

async function start(limits: Partial<ApiLimits>): Promise<string> {
  elapsed = 1_000_000;
  api = createTestApi({ limits: { ...NO_LIMITS, elapsed: () => elapsed, ...limits } });
  return (await api.account("ada")).token;
}

async function call(
  url: string,
  options: { token?: string; from?: string; method?: "GET" | "POST"; forwarded?: string; body?: object } = {},
): Promise<Answer> {
  const { token, from = "203.0.113.1", method = "GET", forwarded, body } = options;
  const answer = await api.app.inject({
    method,
    url,
    remoteAddress: from,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(forwarded !== undefined && { "x-forwarded-for": forwarded }),
    },
    ...(body !== undefined && { payload: body }),
  });
  return { status: answer.statusCode, json: answer.json<unknown>(), retryAfter: answer.headers["retry-after"] };
}

const LIMITED = { ok: false, error: "rate_limit_exceeded" };
const EVENTS = "/v1/devices/events";
const DEVICE = "0123456789abcdef01234567";

function publish(token: string, body: object = {}): Promise<Answer> {
  return call(EVENTS, { token, method: "POST", body: { name: "t", ...body } });
}

async function deviceToken(): Promise<string> {
  const ada = (await api.directory.accountByUsername("ada"))!.account;
  await api.directory.claimDevice(ada.id, DEVICE);
  return api.directory.createDeviceToken(DEVICE);
}

test("an address that asks too often is told when to come back; others are not held up", async () => {
  const token = await start({ address: 10 });
  for (let i = 0; i < 10; i++) expect((await call("/v1/user", { token })).status).toBe(200);
  expect(await call("/v1/user", { token })).toMatchObject({ status: 429, json: LIMITED, retryAfter: "30" });
  expect((await call("/nowhere")).status).toBe(429);
  expect((await call("/v1/user", { token, from: "203.0.113.2" })).status).toBe(200);
  elapsed += 30_000;
  expect((await call("/v1/user", { token })).status).toBe(200);
  expect(api.logged.filter((line) => line.includes("address.limited"))).toHaveLength(1);
});

test("publishing with a good token is not counted, and goes on when all else is refused", async () => {
  const token = await start({ address: 3 });
  for (let i = 0; i < 20; i++) expect((await publish(token)).status).toBe(200);
  for (let i = 0; i < 3; i++) await call("/v1/user", { token });
  expect((await call("/v1/user", { token })).status).toBe(429);
  expect((await publish(token)).status).toBe(200);
  expect((await call("/health/live")).status).toBe(200);
});

test("publishing with bad tokens is counted, so that nobody tries them for ever", async () => {
  const token = await start({ address: 3 });
  for (let i = 0; i < 3; i++) expect((await publish("f".repeat(40))).status).toBe(401);
  expect(await publish("f".repeat(40))).toMatchObject({ status: 429, json: LIMITED });
  expect(await call(EVENTS, { method: "POST", body: { name: "t" } })).toMatchObject({ status: 429 });
  expect((await publish(token)).status).toBe(200);
});

test("an IPv6 customer's many addresses are one", async () => {
  const token = await start({ address: 2 });
  await call("/v1/user", { token, from: "2001:db8:1:2::1" });
  await call("/v1/user", { token, from: "2001:db8:1:2:ffff::2" });
  expect((await call("/v1/user", { token, from: "2001:db8:1:2::3" })).status).toBe(429);
  expect((await call("/v1/user", { token, from: "2001:db8:1:3::1" })).status).toBe(200);
});

test("X-Forwarded-For is believed from trusted proxies and from nobody else", async () => {
  let token = await start({ address: 1, trustedProxies: ["10.0.0.0/8"] });
  const through = (forwarded: string, from: string): Promise<Answer> => call("/v1/user", { token, from, forwarded });
  expect((await through("198.51.100.1", "10.0.0.7")).status).toBe(200);
  expect((await through("198.51.100.2", "10.0.0.7")).status).toBe(200);
  expect((await through("198.51.100.1", "10.1.2.3")).status).toBe(429);
  expect((await through("198.51.100.3", "192.0.2.9")).status).toBe(200);
  expect((await through("198.51.100.4", "192.0.2.9")).status).toBe(429);
  // What the client itself wrote stands further left than what the proxy added.
  expect((await through("198.51.100.9, 198.51.100.2", "10.0.0.7")).status).toBe(429);
  await api.app.close();
  token = await start({ address: 1 });
  expect((await through("198.51.100.1", "10.0.0.7")).status).toBe(200);
  expect((await through("198.51.100.2", "10.0.0.7")).status).toBe(429);
});

test("a device publishes in a burst and then at its rate, whoever speaks for it; another is not held up", async () => {
  const rate = { intervalMs: 1000, burst: 4 };
  const token = await start({ device: new RateLimit({ rate, elapsed: () => elapsed }) });
  const device = await deviceToken();
  for (let i = 0; i < 4; i++) expect((await publish(device)).status).toBe(200);
  expect(await publish(device)).toMatchObject({ status: 429, json: LIMITED, retryAfter: "1" });
  expect((await publish(token, { as_device_id: DEVICE })).status).toBe(429);
  expect((await publish(token)).status).toBe(200);
  elapsed += 1000;
  expect((await publish(device)).status).toBe(200);
  expect(api.accepted).toHaveLength(6);
});

test("sign-ins of one address are limited, with good passwords too", async () => {
  await start({ signIns: 5 });
  const fields = { grant_type: "password", username: "ada", password: PASSWORD, client_id: "p", client_secret: "p" };
  const signIn = async (from: string): Promise<number> =>
    (
      await api.app.inject({
        method: "POST",
        url: "/oauth/token",
        remoteAddress: from,
        headers: { "content-type": "application/x-www-form-urlencoded" },
        payload: new URLSearchParams(fields).toString(),
      })
    ).statusCode;
  for (let i = 0; i < 5; i++) expect(await signIn("203.0.113.1")).toBe(200);
  expect(await signIn("203.0.113.1")).toBe(429);
  expect(await signIn("203.0.113.2")).toBe(200);
});

test("an address opens so many streams, and a closed one makes room", async () => {
  const token = await start({ streams: 2 });
  const url = `${await api.listen()}/v1/devices/events`;
  const headers = { authorization: `Bearer ${token}` };
  const open = async (): Promise<{ status: number; leave: () => void }> => {
    const controller = new AbortController();
    const { status } = await fetch(url, { headers, signal: controller.signal });
    return { status, leave: () => controller.abort() };
  };
  const [first, second] = [await open(), await open()];
  expect([first.status, second.status]).toEqual([200, 200]);
  expect((await open()).status).toBe(429);
  first.leave();
  elapsed += 300_000;
  await expect.poll(async () => (await open()).status).toBe(200);
});

test("streams that open and close all the time are slowed down", () => {
  let now = 0;
  const limit = createStreamLimit(3, () => now);
  for (let i = 0; i < 3; i++) limit.enter("203.0.113.1")();
  expect(() => limit.enter("203.0.113.1")).toThrow("At most 3 event streams in five minutes");
  expect(() => limit.enter("203.0.113.2")()).not.toThrow();
  now += 100_000;
  const leave = limit.enter("203.0.113.1");
  leave();
  leave();
  now += 300_000;
  for (let i = 0; i < 3; i++) limit.enter("203.0.113.1");
  expect(() => limit.enter("203.0.113.1")).toThrow("At most 3 event streams at once");
});
