/** How apps come to their keys. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { newAppSecret } from "../../core/ids.ts";
import { createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";
import { paraClient, send } from "../testing/para-client.ts";
import type { ParaClient } from "../testing/para-client.ts";

const ALL_SET = { message: "All set!" };
const ROOT_SECRET = newAppSecret();

let api: TestApi;
let origin: string;
let owner: string;
let root: ParaClient;

beforeEach(async () => {
  api = createTestApi();
  owner = (await api.account("ada")).id;
  const product = { ownerId: owner, name: "Root", slug: "para", description: "" };
  const { id } = (await api.directory.createProduct(product))!;
  await api.appKeys.setRootApp(id);
  await api.appKeys.renewAppSecret(id, ROOT_SECRET);
  origin = await api.listen();
  root = as("app:para", ROOT_SECRET);
});

afterEach(() => api.app.close());

function as(accessKey: string, secretKey: string): ParaClient {
  return paraClient(origin, { accessKey, secretKey }, () => api.world.now);
}

async function setUp(headers: Record<string, string> = {}): Promise<unknown> {
  const answer = await send(origin, "GET", "/v1/_setup", headers);
  expect(answer.status).toBe(200);
  return answer.json;
}

test("the root app's keys are shown once, to whoever sits at this machine", async () => {
  expect(await setUp()).toEqual({
    accessKey: "app:para",
    secretKey: ROOT_SECRET,
    message: "Save these keys - they are shown only once!",
  });
  expect(await setUp()).toEqual(ALL_SET);
});

test.each([
  ["a proxy", { "x-forwarded-for": "203.0.113.9" }],
  ["another proxy", { forwarded: "for=203.0.113.9" }],
  ["a browser", { origin: "https://evil.example" }],
  ["an image on another site's page", { "sec-fetch-site": "cross-site" }],
  ["a name that leads here", { host: "rebound.example" }],
])("through %s they are not shown, and stay to be shown", async (_title, headers: Record<string, string>) => {
  expect(await setUp(headers)).toEqual(ALL_SET);
  expect(await setUp()).toMatchObject({ accessKey: "app:para" });
});

test("from another machine they are not shown", async () => {
  const answer = await api.app.inject({
    url: "/v1/_setup",
    remoteAddress: "192.0.2.1",
    headers: { host: "localhost" },
  });
  expect(answer.json()).toEqual(ALL_SET);
});

test("without a root app there is nothing to show", async () => {
  const bare = createTestApi();
  const at = await bare.listen();
  expect((await send(at, "GET", "/v1/_setup", {})).json).toEqual(ALL_SET);
  await bare.app.close();
});

test("the root app makes an app, whose keys work at once, and once only", async () => {
  const made = await root("GET", "_setup/myapp", { query: { name: "My app", sharedIndex: "true", creatorid: "x" } });
  expect(made).toMatchObject({
    status: 200,
    json: { accessKey: "app:myapp", message: "Save these keys - they are shown only once!" },
  });
  const { accessKey, secretKey } = made.json as { accessKey: string; secretKey: string };
  expect(secretKey).toMatch(/^[\w+/]{54}==$/);
  expect((await as(accessKey, secretKey)("GET", "_me")).json).toMatchObject({ id: "app:myapp", name: "My app" });
  expect((await root("GET", "_setup/myapp")).json).toEqual(ALL_SET);
  expect((await root("GET", "_setup/app%3Amyapp")).json).toEqual(ALL_SET);
  expect(await api.directory.product("myapp")).toMatchObject({ ownerId: owner, name: "My app" });
});

test("two that make the same app at once get one pair of keys", async () => {
  const answers = await Promise.all(Array.from({ length: 5 }, () => root("GET", "_setup/racing")));
  const shown = answers
    .map(({ json }) => json as { secretKey?: string })
    .filter(({ secretKey }) => secretKey !== undefined);
  expect(shown.length).toBeGreaterThan(0);
  const works = await Promise.all(shown.map(({ secretKey }) => as("app:racing", secretKey!)("GET", "_me")));
  expect(works.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(shown).toHaveLength(1);
});

test("an app that was left without keys gets them; another account's product does not", async () => {
  const eve = await api.account("eve");
  await api.directory.createProduct({ ownerId: owner, name: "Mine", slug: "mine", description: "" });
  await api.directory.createProduct({ ownerId: eve.id, name: "Theirs", slug: "theirs", description: "" });
  expect((await root("GET", "_setup/mine")).json).toMatchObject({ accessKey: "app:mine" });
  expect((await root("GET", "_setup/theirs")).json).toEqual(ALL_SET);
  expect(await api.appKeys.appSecret((await api.directory.product("theirs"))!.id)).toBeNull();
});

test.each([
  ["My%20App!", "app:my-app"],
  ["app%3Anice", "app:nice"],
  ["%C3%89t%C3%A9", "app:ete"],
])("the name %s becomes %s", async (name, accessKey) => {
  expect((await root("GET", `_setup/${name}`)).json).toMatchObject({ accessKey });
});

test.each(["123", "---", "%E2%98%94", "a".repeat(64)])("%s is no name for an app", async (name) => {
  expect(await root("GET", `_setup/${name}`)).toMatchObject({ status: 400, json: { code: 400 } });
});

test.each([["a\nb"], ["x".repeat(101)], ["  "]])("and %j none to show", async (name) => {
  expect(await root("GET", "_setup/fine", { query: { name } })).toMatchObject({ status: 400, json: { code: 400 } });
});

test("an app that is not the root makes none", async () => {
  const { json } = await root("GET", "_setup/child");
  const child = as("app:child", (json as { secretKey: string }).secretKey);
  expect(await child("GET", "_setup/grandchild")).toMatchObject({
    status: 403,
    json: { code: 403, message: "Only root app can create and initialize other apps." },
  });
  expect(await api.directory.product("grandchild")).toBeNull();
});
