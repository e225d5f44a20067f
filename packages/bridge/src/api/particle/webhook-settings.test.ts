import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestApi, type TestApi } from "../testing/test-api.ts";

const MASK = "********";
const HOOK = {
  event: "t",
  url: "https://example.com/in",
  headers: { "x-api-key": "header-secret" },
  query: { token: "query-secret" },
  auth: { username: "ada", password: "password-secret" },
};
const MASKED_HOOK = {
  ...HOOK,
  headers: { "x-api-key": MASK },
  query: { token: MASK },
  auth: { username: "ada", password: MASK },
};

let api: TestApi;
let token: string;

beforeEach(async () => {
  api = createTestApi();
  ({ token } = await api.account("ada"));
});

afterEach(() => api.app.close());

async function call(method: "POST" | "PUT", url: string, payload: object): Promise<{ status: number; json: object }> {
  const answer = await api.app.inject({ method, url, payload, headers: { authorization: `Bearer ${token}` } });
  return { status: answer.statusCode, json: answer.json<object>() };
}

async function make(fields: object): Promise<string> {
  const { status, json } = await call("POST", "/v1/webhooks", fields);
  expect(status).toBe(201);
  return (json as { readonly id: string }).id;
}

test.each(["https://example.com/elsewhere?x=1", "https://EXAMPLE.com:443/in"])(
  "masked values stay as they are with the address %s",
  async (url) => {
    const id = await make(HOOK);
    expect((await call("PUT", `/v1/webhooks/${id}`, { ...MASKED_HOOK, url })).status).toBe(200);
    const { headers, query, auth } = (await api.directory.webhookSecrets(id))!;
    expect({ headers, query, auth }).toEqual({ headers: HOOK.headers, query: HOOK.query, auth: HOOK.auth });
  },
);

test.each(["https://example.org/in", "http://example.com/in", "https://example.com:8443/in"])(
  "kept secrets do not follow an address that leads to %s",
  async (url) => {
    const id = await make(HOOK);
    const anew = (field: string): object => ({
      status: 400,
      json: {
        ok: false,
        error: `${field} must be given anew: url leads to another server, which gets nothing that is only kept`,
      },
    });
    const put = (fields: object): Promise<object> => call("PUT", `/v1/webhooks/${id}`, { ...HOOK, url, ...fields });
    expect(await put({ headers: MASKED_HOOK.headers })).toEqual(anew("headers.x-api-key"));
    expect(await put({ query: MASKED_HOOK.query })).toEqual(anew("query.token"));
    expect(await put({ auth: MASKED_HOOK.auth })).toEqual(anew("auth.password"));
    expect(await put({})).toMatchObject({ status: 200 });
  },
);

test("names that every object has are names like others", async () => {
  const headers = { constructor: MASK, toString: MASK };
  const id = await make({ ...HOOK, headers, query: { valueOf: MASK } });
  expect(await api.directory.webhookSecrets(id)).toMatchObject({ headers, query: { valueOf: MASK } });
});
