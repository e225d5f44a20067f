import { beforeEach, expect, test } from "vitest";
import { createTestApi, PASSWORD, type TestApi } from "./testing/test-api.ts";

let api: TestApi;
let ada: { readonly id: string; readonly token: string };
beforeEach(async () => {
  api = createTestApi();
  ada = await api.account("ada@example.com");
});

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

async function auditOf(token: string, query = ""): Promise<readonly Record<string, unknown>[]> {
  const answer = await api.app.inject({ url: `/admin/v1/audit${query}`, headers: bearer(token) });
  expect(answer.statusCode).toBe(200);
  return (answer.json() as { entries: Record<string, unknown>[] }).entries;
}

test("a change is recorded with who, what and how it went, and nothing of its body", async () => {
  const made = await api.app.inject({
    method: "POST",
    url: "/v1/products",
    headers: bearer(ada.token),
    payload: { product: { name: "Secret weather" } },
  });
  expect(made.statusCode).toBe(201);
  await api.app.inject({ method: "DELETE", url: "/v1/integrations/66f0", headers: bearer(ada.token) });
  const entries = await auditOf(ada.token);
  expect(entries).toMatchObject([
    {
      who: { kind: "account", name: "ada@example.com" },
      route: "DELETE /v1/integrations/:id",
      objects: { integration: "66f0" },
      status: 404,
    },
    {
      action: "Make a product",
      objects: { made: "secret-weather" },
      status: 201,
      code: null,
      address: "127.0.0.1",
      count: 1,
    },
  ]);
  expect(JSON.stringify(entries)).not.toContain("Secret weather");
});

test("reading and publishing are not recorded", async () => {
  await api.app.inject({ url: "/v1/devices", headers: bearer(ada.token) });
  await api.app.inject({
    method: "POST",
    url: "/v1/devices/events",
    headers: bearer(ada.token),
    payload: { name: "temp" },
  });
  expect(await auditOf(ada.token)).toEqual([]);
});

test("sign-ins are recorded, those that failed in the log of who was meant, and no token ever", async () => {
  const signIn = (username: string, password: string): Promise<{ json(): { access_token: string } }> =>
    api.app.inject({
      method: "POST",
      url: "/oauth/token",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      payload: new URLSearchParams({
        grant_type: "password",
        client_id: "console",
        client_secret: "console",
        username,
        password,
      }).toString(),
    });
  await signIn("ADA@example.com", "a guess");
  await signIn("a password in the wrong field", "a guess");
  const token = (await signIn("ada@example.com", PASSWORD)).json().access_token;
  const mistaken = { method: "DELETE", url: `/admin/v1/access-tokens/${token}` } as const;
  await api.app.inject({ ...mistaken, headers: { authorization: `Bearer ${ada.token}` } });
  await api.app.inject({ method: "DELETE", url: `/v1/access_tokens/${token}` });
  const entries = await auditOf(ada.token);
  expect(entries).toMatchObject([
    { route: "DELETE /admin/v1/access-tokens/:id", objects: { "access-token": "********" }, status: 404 },
    { who: { kind: "account", name: "ada@example.com" }, action: "Sign in", status: 200 },
    { who: { kind: "claimed", name: "ada@example.com" }, status: 400, code: "invalid_grant" },
  ]);
  const operator = await api.directory.createAccount({ username: "root", passwordHash: "x", operator: true });
  const all = await auditOf(
    await api.directory.createToken({ accountId: operator!.id, client: "cli", expiresAt: null }),
  );
  expect(all.map(({ route }) => route)).toContain("DELETE /v1/access_tokens/:token");
  expect(JSON.stringify(all)).not.toContain(token);
  expect(JSON.stringify(all)).not.toContain("wrong field");
});

test("nobody sees another's log, and the operator may ask for the own alone", async () => {
  await api.app.inject({ method: "DELETE", url: "/v1/integrations/66f0", headers: bearer(ada.token) });
  const eve = await api.account("eve@example.com");
  expect(await auditOf(eve.token)).toEqual([]);
  const root = await api.directory.createAccount({ username: "root", passwordHash: "x", operator: true });
  const token = await api.directory.createToken({ accountId: root!.id, client: "cli", expiresAt: null });
  expect(await auditOf(token)).toHaveLength(1);
  expect(await auditOf(token, "?mine=true")).toEqual([]);
});

test("fields of the question are judged", async () => {
  for (const query of [
    "since=yesterday",
    "limit=0",
    "limit=201",
    "before=x",
    "failed=maybe",
    `who=${"x".repeat(129)}`,
  ]) {
    const answer = await api.app.inject({ url: `/admin/v1/audit?${query}`, headers: bearer(ada.token) });
    expect([query, answer.statusCode]).toEqual([query, 400]);
    expect(answer.json().error).toContain(query.split("=")[0]);
  }
});

test("tokens are listed without themselves, and ended one by one", async () => {
  const other = await api.directory.createToken({ accountId: ada.id, client: "cli", expiresAt: null });
  const list = async (): Promise<readonly { id: string; client: string; current: boolean }[]> =>
    (await api.app.inject({ url: "/admin/v1/access-tokens", headers: bearer(ada.token) })).json().access_tokens;
  const tokens = await list();
  expect(tokens.map(({ client, current }) => [client, current])).toEqual([
    ["particle-api", true],
    ["cli", false],
  ]);
  expect(JSON.stringify(tokens)).not.toContain(other);
  const eve = await api.account("eve@example.com");
  const end = (token: string): Promise<{ readonly statusCode: number }> =>
    api.app.inject({ method: "DELETE", url: `/admin/v1/access-tokens/${tokens[1]!.id}`, headers: bearer(token) });
  expect((await end(eve.token)).statusCode).toBe(404);
  expect((await end(ada.token)).statusCode).toBe(204);
  expect((await end(ada.token)).statusCode).toBe(404);
  expect(await list()).toHaveLength(1);
  expect(await api.directory.accessToken(other)).toBeNull();
});

test("the server says which release it is, and whom it takes for its operator", async () => {
  const about = (await api.app.inject({ url: "/admin/v1/about", headers: bearer(ada.token) })).json();
  expect(about).toMatchObject({ version: "1.2.3", username: "ada@example.com", operator: false });
});
