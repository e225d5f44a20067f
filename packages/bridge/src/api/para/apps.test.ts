/** Apps as objects, and what they say of themselves. */
import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newAppSecret } from "../../core/ids.ts";
import { createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";
import { hubSettings } from "../testing/integration-samples.ts";
import { paraClient } from "../testing/para-client.ts";
import type { ParaCall, ParaClient } from "../testing/para-client.ts";
import { makeSuperToken } from "./super-token.ts";

const NEW_THING = {
  name: null,
  timestamp: null,
  creatorId: null,
  parentId: null,
  tags: [],
  votes: 0,
  version: 0,
  stored: true,
  indexed: true,
  cached: true,
  properties: {},
  deviceState: {},
};

let api: TestApi;
let origin: string;
let owner: string;
let root: ParaClient;
let rootSecret: string;

beforeEach(async () => {
  api = createTestApi();
  owner = (await api.account("ada")).id;
  rootSecret = newAppSecret();
  const { id } = (await api.directory.createProduct(product("para", "Root")))!;
  await api.appKeys.setRootApp(id);
  await api.appKeys.renewAppSecret(id, rootSecret);
  origin = await api.listen();
  root = as("app:para", rootSecret);
});

afterEach(() => api.app.close());

function product(
  slug: string,
  name: string,
  ownerId = owner,
): { ownerId: string; name: string; slug: string; description: "" } {
  return { ownerId, name, slug, description: "" };
}

function as(accessKey: string, secretKey: string): ParaClient {
  return paraClient(origin, { accessKey, secretKey }, () => api.world.now);
}

async function made(name: string): Promise<ParaClient> {
  const { accessKey, secretKey } = (await root("GET", `_setup/${name}`)).json as {
    accessKey: string;
    secretKey: string;
  };
  return as(accessKey, secretKey);
}

test("an app says who it is, and nothing of its secret", async () => {
  const call = await made("weather");
  const me = await call("GET", "_me");
  expect(me.json).toEqual({
    id: "app:weather",
    timestamp: api.world.now,
    type: "app",
    appid: "para",
    name: "weather",
    votes: 0,
    version: 0,
    stored: true,
    indexed: true,
    cached: true,
    appIdentifier: "weather",
    active: true,
    readOnly: false,
    sharingIndex: false,
    sharingTable: false,
    tokenValiditySec: 86_400,
    datatypes: {},
    resourcePermissions: {},
    validationConstraints: {},
    plural: "apps",
    objectURI: "/app/app%3Aweather",
  });
  for (const path of ["app/app%3Aweather", "apps/weather", "_id/app%3Aweather"]) {
    expect((await call("GET", path)).json).toEqual(me.json);
  }
  expect(await call("GET", "app/app%3Apara")).toMatchObject({ status: 404, json: { code: 404 } });
  expect(await call("GET", "_id/app%3Apara")).toMatchObject({ status: 404, json: { code: 404 } });
});

test("types are named by their plurals, or counted", async () => {
  const call = await made("weather");
  expect((await call("GET", "_types")).json).toEqual({ apps: "app", things: "thing" });
  const weather = (await api.directory.product("weather"))!;
  await api.things.create(weather, NEW_THING);
  expect((await call("GET", "_types", { query: { count: "true" } })).json).toEqual({ app: 1, thing: 1 });
  expect((await root("GET", "_types", { query: { count: "true" } })).json).toEqual({ app: 2, thing: 0 });
});

test("an app's name changes, by itself and by the root app, whatever else is sent back", async () => {
  const call = await made("weather");
  const { json } = await call("GET", "_me");
  const sent = { ...(json as object), name: "Storms", active: false, id: "app:other", unknown: 1 };
  expect((await call("PATCH", "app/app%3Aweather", { body: sent })).json).toMatchObject({
    id: "app:weather",
    name: "Storms",
    active: true,
  });
  expect((await root("PATCH", "apps/app%3Aweather", { body: { name: "Fog" } })).json).toMatchObject({ name: "Fog" });
  expect(await api.directory.product("weather")).toMatchObject({ name: "Fog", slug: "weather" });
  for (const name of [7, "  ", "a\u0000b", "x".repeat(101), ["a"]]) {
    expect(await call("PATCH", "app/weather", { body: { name } })).toMatchObject({ status: 400, json: { code: 400 } });
  }
});

describe("deleting an app", () => {
  const isThere = async (): Promise<boolean> => (await api.directory.product("weather")) !== null;
  const remove = async (call: ParaClient): Promise<unknown> => {
    const { status, json } = await call("DELETE", "apps/app%3Aweather");
    return status === 200 ? "deleted" : json;
  };

  test("it may delete itself; its keys are dead then", async () => {
    const call = await made("weather");
    expect(await remove(call)).toBe("deleted");
    expect(await isThere()).toBe(false);
    expect(await call("GET", "_me")).toMatchObject({ status: 404, json: { message: "App not found." } });
  });

  test("the root app may, of its own owner's; itself it may not", async () => {
    await made("weather");
    expect(await remove(root)).toBe("deleted");
    expect(await remove(root)).toMatchObject({ code: 404 });
    expect(await root("DELETE", "app/app%3Apara")).toMatchObject({ status: 403, json: { error: "root_app" } });
    const eve = await api.account("eve");
    await api.directory.createProduct(product("weather", "Eve's", eve.id));
    expect(await remove(root)).toMatchObject({ code: 404 });
    expect(await isThere()).toBe(true);
  });

  test("not while it has things, integrations or devices, and says how many", async () => {
    const call = await made("weather");
    const weather = (await api.directory.product("weather"))!;
    const thing = await api.things.create(weather, { ...NEW_THING, id: "1" });
    expect(thing.kind).toBe("made");
    expect(await remove(call)).toMatchObject({ code: 409, error: "has_things", message: "The app has 1 thing." });
    await api.things.delete("1");
    const integration = await api.directory.createIntegration(hubSettings({ kind: "product", productId: weather.id }));
    expect(await remove(root)).toMatchObject({
      code: 409,
      error: "has_integrations",
      message: "The app has 1 integration.",
    });
    await api.directory.deleteIntegration(integration.id);
    await api.directory.addToProduct(weather.id, ["a".repeat(24), "b".repeat(24)]);
    expect(await remove(call)).toMatchObject({ code: 409, error: "has_devices", message: "The app has 2 devices." });
    expect(await isThere()).toBe(true);
  });
});

describe("lists of apps", () => {
  const NAMES = ["alpha", "beta", "gamma", "delta", "epsilon"];
  const ids = (json: unknown): readonly string[] => (json as { items: { id: string }[] }).items.map(({ id }) => id);
  const list = async (path: string, query: ParaCall["query"] = {}): Promise<readonly string[]> =>
    ids((await root("GET", path, { query })).json);

  beforeEach(async () => {
    for (const name of NAMES) await made(name);
    const eve = await api.account("eve");
    await api.directory.createProduct(product("hers", "Eve's", eve.id));
  });

  test("the root app walks them to the end by lastKey, as the command line does", async () => {
    const seen: string[] = [];
    let lastKey: string | undefined;
    for (let pages = 0; pages < 10; pages++) {
      const query = {
        q: "*",
        type: "app",
        sort: "_docid",
        page: "1",
        limit: "2",
        desc: "true",
        ...(lastKey && { lastKey }),
      };
      const { json } = await root("GET", "app/search/default", { query });
      if (ids(json).length === 0) break;
      expect(json).toMatchObject({ totalHits: 6, page: 1 });
      seen.push(...ids(json));
      ({ lastKey } = json as { lastKey: string });
    }
    expect(seen).toEqual(["epsilon", "delta", "gamma", "beta", "alpha", "para"].map((name) => `app:${name}`));
  });

  test("by name, too, page after page", async () => {
    let lastKey = "";
    const seen: string[] = [];
    for (const _ of [...NAMES, "para"]) {
      const query = { sort: "name", page: "1", limit: "1", desc: "false", ...(lastKey !== "" && { lastKey }) };
      const { json } = await root("GET", "app", { query });
      seen.push(...ids(json));
      ({ lastKey } = json as { lastKey: string });
    }
    expect(seen).toEqual(["para", "alpha", "beta", "delta", "epsilon", "gamma"].map((name) => `app:${name}`));
  });

  test("in pages by number, sorted, without those of others", async () => {
    expect(await list("app", { sort: "name", desc: "false" })).toEqual(
      ["para", "alpha", "beta", "delta", "epsilon", "gamma"].map((name) => `app:${name}`),
    );
    expect(await list("apps", { sort: "_docid", desc: "false", limit: "4", page: "2" })).toEqual([
      "app:delta",
      "app:epsilon",
    ]);
  });

  test.each([
    ["search/wildcard", { field: "appIdentifier", q: "bet?", type: "app" }, ["app:beta"]],
    ["search/default", { q: "appIdentifier:beta", type: "app" }, ["app:beta"]],
    ["app/search/default", { q: "gamma OR name:(alpha delta)" }, ["app:gamma", "app:alpha", "app:delta"]],
    ["app/search/id", { id: "app:beta" }, ["app:beta"]],
    ["app/search/ids", { ids: ["app:beta", "app:alpha", "app:hers"] }, ["app:beta", "app:alpha"]],
    ["app/search/terms", { terms: ["name:beta"] }, ["app:beta"]],
    ["app/search/prefix", { field: "name", prefix: "ep" }, ["app:epsilon"]],
    ["app/search/wildcard", { field: "name", q: "*l?a" }, ["app:delta"]],
    ["app/search/wildcard", { field: "name", q: "?L*a" }, ["app:alpha"]],
  ])("%s %j finds %j", async (path, query, expected) => {
    expect((await list(path, query)).toSorted()).toEqual(expected.toSorted());
  });

  test("counts them", async () => {
    expect((await root("GET", "app/search/count")).json).toEqual({ items: [], page: 0, totalHits: 6 });
  });

  test("another app sees itself only", async () => {
    const call = await made("zeta");
    expect(ids((await call("GET", "app")).json)).toEqual(["app:zeta"]);
    expect(ids((await call("GET", "app/search/ids", { query: { ids: ["app:alpha", "app:para"] } })).json)).toEqual([]);
  });
});

describe("the root app asks for an app's keys", () => {
  const asked = async (
    secret: string,
    accessKey: string,
    getCredentials: string,
  ): Promise<{ status: number; json: unknown }> => {
    const now = Math.floor(api.world.now / 1000);
    const [head, claims] = makeSuperToken(secret, { accessKey, now, expiresAt: now + 60 }).split(".");
    const more = JSON.parse(Buffer.from(claims!, "base64url").toString()) as object;
    const text = `${head}.${Buffer.from(JSON.stringify({ ...more, getCredentials })).toString("base64url")}`;
    const token = `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
    return root("GET", "_me", { token });
  };

  test("and is shown them", async () => {
    const { secretKey } = (await root("GET", "_setup/weather")).json as { secretKey: string };
    expect((await asked(rootSecret, "app:para", "app:weather")).json).toMatchObject({
      id: "app:weather",
      credentials: { accessKey: "app:weather", secretKey },
    });
  });

  test("but not another account's, nor where there are none, nor may another app ask", async () => {
    const eve = await api.account("eve");
    const hers = (await api.directory.createProduct(product("hers", "Eve's", eve.id)))!;
    await api.appKeys.renewAppSecret(hers.id, "hers");
    await api.directory.createProduct(product("keyless", "Keyless"));
    for (const key of ["app:hers", "app:keyless", "app:nobody"]) {
      expect(await asked(rootSecret, "app:para", key)).toMatchObject({ status: 404, json: { code: 404 } });
    }
    expect(await asked("hers", "app:hers", "app:para")).toMatchObject({ status: 403, json: { code: 403 } });
  });
});

test("what is not kept is read as empty, and refused when it is written", async () => {
  const call = await made("weather");
  for (const path of ["_settings", "_permissions", "_constraints", "_constraints/thing", "_settings/x"]) {
    expect(await call("GET", path)).toMatchObject({ status: 200, json: {} });
    expect(await call("PUT", path, { body: {} })).toMatchObject({ status: 400, json: { error: "not_kept" } });
  }
  expect(await call("POST", "_reindex")).toMatchObject({ status: 400, json: { error: "not_kept" } });
  const formatted = await call("GET", "utils/formatdate");
  expect(formatted).toMatchObject({
    status: 400,
    json: { message: expect.stringMatching(/newid and timestamp/) as string },
  });
});

test("ids and the time are told as text, as all clients read them", async () => {
  const now = Math.floor(api.world.now / 1000);
  const token = makeSuperToken(rootSecret, { accessKey: "app:para", now, expiresAt: now + 60 });
  const told = async (name: string): Promise<string> => {
    const url = `/v1/utils/${name}`;
    const answer = await api.app.inject({ url, headers: { authorization: `Bearer ${token}` } });
    expect([answer.statusCode, answer.headers["content-type"]]).toEqual([200, "text/plain"]);
    return answer.body;
  };
  expect(await told("timestamp")).toBe(String(api.world.now));
  expect(await told("newid")).not.toBe(await told("newid"));
});

test("whether a user may do something is answered in a word, as Java's client reads it", async () => {
  const now = Math.floor(api.world.now / 1000);
  const token = makeSuperToken(rootSecret, { accessKey: "app:para", now, expiresAt: now + 60 });
  const headers = { authorization: `Bearer ${token}` };
  const answer = await api.app.inject({ url: "/v1/_permissions/*/dGhpbmc=/GET", headers });
  expect([answer.statusCode, answer.headers["content-type"], answer.body]).toEqual([200, "text/plain", "false"]);
});

test("tokens of users are told to be none here", async () => {
  const at = async (method: "GET" | "POST" | "DELETE"): Promise<unknown> =>
    (await api.app.inject({ method, url: "/jwt_auth", payload: method === "POST" ? { appid: "app:x" } : "" })).json();
  expect(await at("GET")).toMatchObject({ code: 401, message: "User must reauthenticate." });
  expect(await at("DELETE")).toMatchObject({ code: 401 });
  expect(await at("POST")).toMatchObject({ code: 400 });
});

test("health is told to everybody", async () => {
  expect((await api.app.inject("/v1/_health")).json()).toEqual({ message: "healthy" });
  api.world.ready = false;
  const sick = await api.app.inject("/v1/_health");
  expect({ status: sick.statusCode, json: sick.json<unknown>() }).toEqual({
    status: 500,
    json: { code: 500, message: "unhealthy" },
  });
});
