import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown>;
}

let api: TestApi;
let operator: string;

beforeEach(async () => {
  api = createTestApi();
  const { directory } = api;
  const root = await directory.createAccount({ username: "root", passwordHash: "scrypt:", operator: true });
  operator = await directory.createToken({ accountId: root!.id, client: "first-run", expiresAt: null });
});

afterEach(() => api.app.close());

async function call(
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body?: object,
  token: string = operator,
): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await api.app.inject({ method, url: path, headers, ...(body !== undefined && { payload: body }) });
  return { status: answer.statusCode, json: answer.body === "" ? {} : answer.json() };
}

const ACCOUNTS = "/admin/v1/accounts";

async function signIn(username: string, password: string): Promise<{ status: number; token: string }> {
  const fields = { grant_type: "password", username, password, client_id: "p", client_secret: "p" };
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const payload = new URLSearchParams(fields).toString();
  const answer = await api.app.inject({ method: "POST", url: "/oauth/token", headers, payload });
  return { status: answer.statusCode, token: answer.json<{ access_token: string }>().access_token };
}

test("an account is made with a password that is shown once, and its owner signs in with it", async () => {
  const made = await call("POST", ACCOUNTS, { username: "grace@example.com" });
  expect(made).toMatchObject({ status: 201, json: { account: { username: "grace@example.com", operator: false } } });
  const password = String(made.json["password"]);
  expect((await signIn("grace@example.com", password)).status).toBe(200);
  expect(JSON.stringify((await call("GET", ACCOUNTS)).json)).not.toContain(password);
  expect(api.logged.join("")).not.toContain(password);
});

test("a password that was given is not told again", async () => {
  const made = await call("POST", ACCOUNTS, { username: "grace", password: "hopper was here" });
  expect(made.json).not.toHaveProperty("password");
  expect((await signIn("GRACE", "hopper was here")).status).toBe(200);
});

test("a name is taken once, in whatever letter case", async () => {
  expect((await call("POST", ACCOUNTS, { username: "ROOT" })).json).toEqual({ ok: false, error: "username is taken" });
});

test.each([
  [{}, "username is required"],
  [{ username: "a b" }, "username must not hold blanks, colons or slashes"],
  [{ username: "a:b" }, "username must not hold blanks, colons or slashes"],
  [{ username: "x@api.particle.io" }, "username: that ending is for API users"],
  [{ username: "ada", password: "short" }, "password must be a text of 10 to 256 characters"],
])("%j is refused: %s", async (body, error) => {
  expect(await call("POST", ACCOUNTS, body)).toEqual({ status: 400, json: { ok: false, error } });
});

test("a set password ends the tokens that were there", async () => {
  const { token } = await api.account("ada");
  const answer = await call("PUT", `${ACCOUNTS}/ada`);
  expect((await call("GET", "/v1/user", undefined, token)).status).toBe(401);
  expect((await signIn("ada", String(answer.json["password"]))).status).toBe(200);
  expect((await call("PUT", `${ACCOUNTS}/nobody`)).status).toBe(404);
});

test("an account that owns something stays; an empty one goes with its tokens", async () => {
  const { id, token } = await api.account("ada");
  await api.directory.claimDevice(id, "0123456789abcdef01234567");
  expect((await call("DELETE", `${ACCOUNTS}/ada`)).status).toBe(409);
  await api.directory.unclaimDevice("0123456789abcdef01234567");
  expect((await call("DELETE", `${ACCOUNTS}/ada`)).status).toBe(204);
  expect((await call("GET", "/v1/user", undefined, token)).status).toBe(401);
});

test("the operator cannot delete the account in use, and others cannot see accounts at all", async () => {
  expect((await call("DELETE", `${ACCOUNTS}/root`)).status).toBe(409);
  const { token } = await api.account("ada");
  expect(await call("GET", ACCOUNTS, undefined, token)).toMatchObject({ status: 403 });
  const made = await call("POST", ACCOUNTS, { username: "deputy", password: "a second operator", operator: true });
  expect(made.json).toMatchObject({ account: { operator: true } });
  const deputy = await signIn("deputy", "a second operator");
  expect((await call("GET", ACCOUNTS, undefined, deputy.token)).status).toBe(200);
});
