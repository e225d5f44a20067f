import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown>;
}
interface Created {
  readonly username: string;
  readonly token: string;
}

let api: TestApi;
let owner: string;

beforeEach(async () => {
  api = createTestApi();
  const ada = await api.account("ada");
  owner = ada.token;
  await api.directory.createProduct({ ownerId: ada.id, name: "Weather", slug: "weather", description: "" });
});

afterEach(() => api.app.close());

async function call(
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  token: string,
  body?: object,
): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await api.app.inject({ method, url: path, headers, ...(body !== undefined && { payload: body }) });
  return { status: answer.statusCode, json: answer.body === "" ? {} : answer.json() };
}

const TEAM = "/v1/products/weather/team";

function memberOf({ json }: Answer, field: string): Created {
  const { username, tokens } = json[field] as { username: string; tokens: readonly { token: string }[] };
  return { username, token: tokens[0]!.token };
}

async function create(scopes: readonly string[], token = owner): Promise<Created> {
  return memberOf(await call("POST", TEAM, token, { friendly_name: "Nightly report", scopes }), "created");
}

test("an API user is made with a token that is shown once and never ends", async () => {
  const made = await call("POST", TEAM, owner, { friendly_name: "Nightly report", scopes: ["devices:list"] });
  expect(made).toMatchObject({ status: 201, json: { ok: true, created: { is_programmatic: true } } });
  const { username, token } = memberOf(made, "created");
  expect(username).toMatch(/@api\.particle\.io$/);
  const current = await call("GET", "/v1/access_tokens/current", token);
  expect(current.json).toMatchObject({ scopes: ["devices:list"], expires_at: null, orgs: [] });
  expect((await call("GET", "/v1/user", token)).json).toMatchObject({ username, is_programmatic: true });
  const team = JSON.stringify((await call("GET", TEAM, owner)).json);
  expect(team).toContain(username);
  expect(team).toContain('"ada"');
  expect(team).not.toContain(token);
  expect(api.logged.join("")).not.toContain(token);
});

test("changed scopes give a new token, and the old one stops at once", async () => {
  const { username, token } = await create(["devices:list"]);
  expect((await call("GET", "/v1/products/weather/devices", token)).status).toBe(200);
  const changed = await call("PUT", `${TEAM}/${username}`, owner, { scopes: ["products:get"] });
  const next = memberOf(changed, "updated").token;
  expect(next).not.toBe(token);
  expect(await call("GET", "/v1/products/weather/devices", token)).toMatchObject({
    status: 401,
    json: { error: "invalid_token" },
  });
  expect((await call("GET", "/v1/products/weather", next)).status).toBe(200);
  expect(await call("GET", "/v1/products/weather/devices", next)).toMatchObject({
    status: 400,
    json: { error: "unauthorized", error_description: expect.stringContaining("devices:list") as string },
  });
});

test("a deleted API user's token stops at once", async () => {
  const { username, token } = await create(["devices:list"]);
  expect((await call("DELETE", `${TEAM}/${username}`, owner)).status).toBe(204);
  expect((await call("GET", "/v1/products/weather/devices", token)).status).toBe(401);
  expect((await call("GET", `${TEAM}/${username}`, owner)).status).toBe(404);
  expect((await call("PUT", `${TEAM}/${username}`, owner, { scopes: ["events:get"] })).status).toBe(404);
});

test.each([
  [{ friendly_name: "x" }, "scopes is required"],
  [{ scopes: ["events:get"] }, "friendly_name is required"],
  [{ friendly_name: "x", scopes: [] }, "scopes must be a list of at least one scope"],
  [{ friendly_name: "x", scopes: { events: "get" } }, "scopes must be a list of at least one scope"],
  [{ friendly_name: "x", scopes: ["events:get", "sims:get"] }, "scopes: 'sims:get' is no scope of this server"],
  [{ friendly_name: "x", scopes: ["*"] }, "scopes: '*' is no scope of this server"],
  [{ friendly_name: "x", scopes: [7] }, "scopes: one of these is no scope"],
  [{ friendly_name: "x", scopes: ["<script>"] }, "scopes: one of these is no scope"],
  [{ username: "eve@example.com" }, "username: people cannot be invited here"],
])("%j is refused: %s", async (body, error) => {
  const answer = await call("POST", TEAM, owner, body);
  expect(answer.status).toBe(400);
  expect(answer.json["error"]).toContain(error);
});

test("an API user hands out no scope that it lacks, not by changing another either", async () => {
  const manager = await create(["teams.users:invite", "teams.users:update", "events:get"]);
  const strong = await create(["events:send"]);
  const body = { friendly_name: "helper", scopes: ["events:send"] };
  expect(await call("POST", TEAM, manager.token, body)).toMatchObject({
    status: 403,
    json: { info: expect.stringContaining("events:send") as string },
  });
  expect((await call("PUT", `${TEAM}/${strong.username}`, manager.token, { friendly_name: "mine" })).status).toBe(403);
  expect((await call("POST", TEAM, manager.token, { ...body, scopes: ["events:get"] })).status).toBe(201);
});

test("an API user has no password to sign in with", async () => {
  const { username, token } = await create(["events:get"]);
  const fields = { grant_type: "password", username, password: token, client_id: "p", client_secret: "p" };
  const answer = await api.app.inject({
    method: "POST",
    url: "/oauth/token",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    payload: new URLSearchParams(fields).toString(),
  });
  expect(answer.json()).toMatchObject({ error: "invalid_grant" });
});

test("a product has a bounded number of API users", async () => {
  const product = (await api.directory.product("weather"))!;
  for (let i = 0; i < 100; i++) {
    await api.directory.createApiUser({ productId: product.id, friendlyName: "x", scopes: ["events:get"] });
  }
  const body = { friendly_name: "one more", scopes: ["events:get"] };
  expect((await call("POST", TEAM, owner, body)).status).toBe(409);
});
