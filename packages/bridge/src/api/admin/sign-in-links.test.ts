import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestApi, NO_LIMITS } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

let api: TestApi;
let token: string;

beforeEach(async () => {
  api = createTestApi();
  ({ token } = await api.account("ada"));
});

afterEach(() => api.app.close());

async function makeLink(): Promise<{ code: string; path: string; expires_at: string }> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await api.app.inject({ method: "POST", url: "/admin/v1/sign-in-links", headers });
  expect(answer.statusCode).toBe(201);
  return answer.json();
}

async function redeem(code: unknown, of: TestApi = api): Promise<{ status: number; json: Record<string, unknown> }> {
  const answer = await of.app.inject({ method: "POST", url: "/admin/v1/sign-in-links/redeem", payload: { code } });
  return { status: answer.statusCode, json: answer.json() };
}

test("a link gives a token of its own for who made it", async () => {
  const { code, path, expires_at } = await makeLink();
  expect({ path, expires_at }).toEqual({ path: `/console/#sign-in=${code}`, expires_at: "2026-03-01T13:00:00.000Z" });
  const { status, json } = await redeem(code);
  expect({ status, json }).toMatchObject({ status: 200, json: { username: "ada", expires_in: 43_200 } });
  const headers = { authorization: `Bearer ${String(json["access_token"])}` };
  const user = await api.app.inject({ url: "/v1/user", headers });
  expect(user.json()).toMatchObject({ username: "ada" });
  expect(json["access_token"]).not.toBe(token);
});

test("used, too old and unknown are told apart, each with the way to a fresh link", async () => {
  const [used, old] = [await makeLink(), await makeLink()];
  await redeem(used.code);
  const refusal = (code: string): object => ({
    status: 400,
    json: { ok: false, code, next_step: expect.stringContaining("isthmus console") as string },
  });
  expect(await redeem(used.code)).toMatchObject(refusal("sign_in_link_used"));
  api.world.now += 3_600_000;
  expect(await redeem(old.code)).toMatchObject(refusal("sign_in_link_expired"));
  expect(await redeem("0".repeat(40))).toMatchObject(refusal("sign_in_link_unknown"));
});

test("what is no code is refused by name", async () => {
  for (const code of [undefined, "", 7, {}, "x".repeat(129), "a\u0000b"]) {
    expect(await redeem(code)).toMatchObject({
      status: 400,
      json: { ok: false, error: expect.stringMatching(/^code /) as string },
    });
  }
});

test("a device's token makes no links, nor does one that is not known", async () => {
  const { id } = await api.account("grace");
  const device = "0123456789abcdef01234567";
  await api.directory.claimDevice(id, device);
  const ask = async (bearer: string): Promise<number> => {
    const headers = { authorization: `Bearer ${bearer}` };
    return (await api.app.inject({ method: "POST", url: "/admin/v1/sign-in-links", headers })).statusCode;
  };
  expect(await ask(await api.directory.createDeviceToken(device))).toBe(403);
  expect(await ask("f".repeat(40))).toBe(401);
});

test("guessing counts as signing in", async () => {
  const limited = createTestApi({ limits: { ...NO_LIMITS, signIns: 3 } });
  try {
    for (let i = 0; i < 3; i++) expect((await redeem("guess", limited)).status).toBe(400);
    expect((await redeem("guess", limited)).status).toBe(429);
  } finally {
    await limited.app.close();
  }
});

test("neither link nor token is in the log", async () => {
  const { code } = await makeLink();
  const { json } = await redeem(code);
  await redeem(code);
  expect(api.logged.join("")).toContain("sign-in.refused");
  for (const secret of [code, String(json["access_token"])]) expect(api.logged.join("")).not.toContain(secret);
});

const ENDINGS = [
  ["all tokens", "DELETE", "/v1/access_tokens", {}],
  ["the token that made it", "DELETE", "/v1/access_tokens/:token", {}],
  ["the token, by its id", "DELETE", "/admin/v1/access-tokens/:id", {}],
  [
    "them with the old password",
    "PUT",
    "/v1/user",
    { current_password: "open sesame", password: "adas-next-password", invalidate_tokens: true },
  ],
] as const;

test.each(ENDINGS)("who ends %s ends the links that were made with it", async (_what, method, path, payload) => {
  const { code } = await makeLink();
  const headers = { authorization: `Bearer ${token}` };
  const { access_tokens } = (await api.app.inject({ url: "/admin/v1/access-tokens", headers })).json<{
    access_tokens: { id: string }[];
  }>();
  const url = path.replace(":token", token).replace(":id", access_tokens[0]?.id ?? "");
  const ended = await api.app.inject({ method, url, headers, payload });
  expect(ended.statusCode).toBeLessThan(300);
  expect(await redeem(code)).toMatchObject({ status: 400, json: { code: "sign_in_link_unknown" } });
});

test("a link signs in for no longer than the token that made it", async () => {
  const { id } = await api.account("grace");
  token = await api.directory.createToken({ accountId: id, client: "t", expiresAt: api.world.now + 90_000 });
  const [soon, late] = [await makeLink(), await makeLink()];
  expect(await redeem(soon.code)).toMatchObject({ status: 200, json: { expires_in: 90 } });
  api.world.now += 90_000;
  expect(await redeem(late.code)).toMatchObject({ status: 400, json: { code: "sign_in_link_expired" } });
});
