import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestApi, PASSWORD } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

let api: TestApi;
let token: string;

beforeEach(async () => {
  api = createTestApi();
  ({ token } = await api.account("ada"));
});

afterEach(() => api.app.close());

async function change(body: object): Promise<{ status: number; json: unknown }> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await api.app.inject({ method: "PUT", url: "/v1/user", headers, payload: body });
  return { status: answer.statusCode, json: answer.json<unknown>() };
}

async function signIn(password: string): Promise<number> {
  const fields = { grant_type: "password", username: "ada", password, client_id: "p", client_secret: "p" };
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const payload = new URLSearchParams(fields).toString();
  return (await api.app.inject({ method: "POST", url: "/oauth/token", headers, payload })).statusCode;
}

async function whoAmI(): Promise<number> {
  return (await api.app.inject({ url: "/v1/user", headers: { authorization: `Bearer ${token}` } })).statusCode;
}

const NEW = "correct horse battery";

test("a new password takes the place of the old one; tokens stay unless asked otherwise", async () => {
  expect(await change({ current_password: PASSWORD, password: NEW })).toEqual({ status: 200, json: { ok: true } });
  expect(await signIn(PASSWORD)).toBe(400);
  expect(await signIn(NEW)).toBe(200);
  expect(await whoAmI()).toBe(200);
  await change({ current_password: NEW, password: `${NEW}!`, invalidate_tokens: true });
  expect(await whoAmI()).toBe(401);
});

test.each([
  [{ current_password: PASSWORD, password: "short" }, "password must be a text of 10 to 256 characters"],
  [{ current_password: PASSWORD, password: 1234567890 }, "password must be a text of 10 to 256 characters"],
  [{ password: NEW }, "current_password is required"],
  [{ current_password: "wrong", password: NEW }, "current_password is wrong"],
  [{ current_password: "w".repeat(10_000), password: NEW }, "current_password is wrong"],
  [{ current_password: PASSWORD, username: "eve" }, "username cannot be changed"],
  [{ account_info: { first_name: "Ada" } }, "password is required: nothing else of an account can be changed"],
])("%j is refused: %s", async (body, error) => {
  expect(await change(body)).toEqual({ status: 400, json: { ok: false, error } });
  expect(await signIn(PASSWORD)).toBe(200);
});

test("a stolen token does not make guessing quicker: ten wrong guesses lock", async () => {
  for (let i = 0; i < 10; i++) await change({ current_password: `guess ${i}`, password: NEW });
  expect(await change({ current_password: PASSWORD, password: NEW })).toMatchObject({
    status: 429,
    json: { error: "rate_limit_exceeded" },
  });
});
