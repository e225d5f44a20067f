import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestApi, PASSWORD } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

let api: TestApi;

beforeEach(async () => {
  api = createTestApi();
  await api.account("ada");
});

afterEach(() => api.app.close());

async function signIn(
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown>; headers: Record<string, unknown> }> {
  const given = { grant_type: "password", username: "ada", password: PASSWORD, ...fields };
  const payload = new URLSearchParams(given).toString();
  const answer = await api.app.inject({
    method: "POST",
    url: "/oauth/token",
    payload,
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8", ...headers },
  });
  return { status: answer.statusCode, body: answer.json(), headers: answer.headers };
}

const CLIENT = { client_id: "particle-cli", client_secret: "particle-cli" };
const BASIC = { authorization: `Basic ${Buffer.from("particle:particle").toString("base64")}` };

async function currentToken(token: unknown): Promise<unknown> {
  const headers = { authorization: `Bearer ${String(token)}` };
  return (await api.app.inject({ url: "/v1/access_tokens/current", headers })).json();
}

test("a header that is no client's leaves the fields to speak: older clients send a token that they do not have yet", async () => {
  const { status, body } = await signIn({ client_id: "CLI2", client_secret: "x" }, { authorization: "Bearer null" });
  expect({ status, ...body }).toMatchObject({ status: 200, token_type: "bearer" });
  expect(await currentToken(body["access_token"])).toMatchObject({ client: "CLI2" });
});

test("the client pair may come as fields or as Basic credentials", async () => {
  const byFields = await signIn(CLIENT);
  expect(await currentToken(byFields.body["access_token"])).toMatchObject({ client: "particle-cli" });
  const byBasic = await signIn({}, BASIC);
  expect(await currentToken(byBasic.body["access_token"])).toMatchObject({ client: "particle" });
});

test("a token lives as long as was asked for, and 0 means for ever", async () => {
  const short = await signIn({ ...CLIENT, expires_in: "3600" });
  expect(short.body).toMatchObject({ expires_in: 3600 });
  expect(await currentToken(short.body["access_token"])).toMatchObject({ expires_at: "2026-03-01T13:00:00.000Z" });
  const until = await signIn({ ...CLIENT, expires_at: "2026-03-01T12:30:00Z" });
  expect(until.body).toMatchObject({ expires_in: 1800 });
  const forEver = await signIn({ ...CLIENT, expires_in: "0" });
  expect(await currentToken(forEver.body["access_token"])).toMatchObject({ expires_at: null });
  api.world.now += 3_600_000;
  expect(await currentToken(short.body["access_token"])).toMatchObject({ error: "invalid_token" });
});

test("an answer with a token is kept out of caches", async () => {
  expect((await signIn(CLIENT)).headers).toMatchObject({ "cache-control": "no-store" });
});

test("ten wrong passwords lock the account for half an hour, even for the right one", async () => {
  for (let i = 0; i < 10; i++) {
    expect(await signIn({ ...CLIENT, password: "guess" })).toMatchObject({
      status: 400,
      body: { error: "invalid_grant" },
    });
  }
  const locked = await signIn(CLIENT);
  expect(locked).toMatchObject({
    status: 429,
    body: { error: "rate_limit_exceeded" },
    headers: { "retry-after": "1800" },
  });
  api.world.now += 30 * 60_000;
  expect((await signIn(CLIENT)).status).toBe(200);
});

test("a guesser is locked out on all addresses of the own network, and nobody elsewhere is", async () => {
  const from = async (remoteAddress: string, password: string): Promise<number> => {
    const payload = new URLSearchParams({ grant_type: "password", username: "ada", password, ...CLIENT }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return (await api.app.inject({ method: "POST", url: "/oauth/token", payload, headers, remoteAddress })).statusCode;
  };
  for (let i = 1; i <= 10; i++) expect(await from(`2001:db8:1:1::${i}`, "guess")).toBe(400);
  expect(await from("2001:db8:1:1:ffff::1", PASSWORD)).toBe(429);
  expect(await from("2001:db8:1:2::1", PASSWORD)).toBe(200);
});

test("no guessed password appears in the log", async () => {
  await signIn({ ...CLIENT, password: "hunter2-secret" });
  expect(api.logged.join("")).toContain("sign-in.refused");
  expect(api.logged.join("")).not.toContain("hunter2-secret");
});

test("a token may stand in the query of a GET and in a form", async () => {
  const token = String((await signIn(CLIENT)).body["access_token"]);
  expect((await api.app.inject(`/v1/user?access_token=${token}`)).json()).toMatchObject({ username: "ada" });
  const published = await api.app.inject({
    method: "POST",
    url: "/v1/devices/events",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    payload: `name=temp&data=21%20%C2%B0C&private=true&ttl=60&access_token=${token}`,
  });
  expect(published.statusCode).toBe(200);
  expect(api.accepted).toMatchObject([{ name: "temp", data: "21 °C" }]);
});
