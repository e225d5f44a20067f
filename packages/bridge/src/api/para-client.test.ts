/** Things as each of Para's clients asks for them: their requests, defaults and oddities, signed over real sockets. */
import { sign } from "aws4";
import { afterEach, beforeEach, expect, test } from "vitest";
import { paraClient, send } from "./testing/para-client.ts";
import type { ParaAnswer, ParaClient } from "./testing/para-client.ts";
import { createTestApi } from "./testing/test-api.ts";
import type { TestApi } from "./testing/test-api.ts";

interface Shown extends Record<string, unknown> {
  readonly id: string;
  readonly name: string;
}
interface Page {
  readonly items: readonly Shown[];
  readonly totalHits: number;
  readonly lastKey?: string;
}

const KEYS = { accessKey: "app:weather", secretKey: "s3cr3t" };
/** As the JavaScript client's new object. */
const JS_DEFAULTS = {
  id: null,
  type: "thing",
  name: "ParaObject",
  stored: true,
  indexed: true,
  cached: true,
  version: 0,
};

let api: TestApi;
let origin: string;
let call: ParaClient;

beforeEach(async () => {
  api = createTestApi();
  const { id: ownerId } = await api.account("ada");
  const product = await api.directory.createProduct({ ownerId, name: "Weather", slug: "weather", description: "" });
  await api.appKeys.renewAppSecret(product!.id, KEYS.secretKey);
  origin = await api.listen();
  call = paraClient(origin, KEYS, () => api.world.now);
});
afterEach(() => api.app.close());

async function create(body: object): Promise<Shown> {
  const { status, json } = await call("POST", "thing", { body });
  expect(status).toBe(201);
  return json as Shown;
}

test("JavaScript: create, read, update with all that was received, delete", async () => {
  const created = await create({ ...JS_DEFAULTS, serviceBroker: "Azure", color: "red" });
  expect(created).toMatchObject({ name: "ParaObject", color: "red", deviceDetails: { thingName: "ParaObject" } });
  const path = `thing/${created.id}`;
  expect((await call("GET", path)).json).not.toHaveProperty("deviceDetails");
  // The object that it holds has everything that the answer had, keys and all.
  const updated = await call("PATCH", path, { body: { ...created, name: "Boiler", color: null } });
  expect(updated).toMatchObject({
    status: 200,
    json: { id: created.id, name: "Boiler", timestamp: created["timestamp"] },
  });
  for (const gone of ["color", "deviceDetails", "deviceMetadata"]) expect(updated.json).not.toHaveProperty(gone);
  expect(await call("DELETE", path)).toMatchObject({ status: 200, text: "" });
  expect(await call("GET", path)).toMatchObject({ status: 404, json: { code: 404, message: expect.any(String) } });
});

test("JavaScript: an object with an id is put, and has its device all the same", async () => {
  const body = { ...JS_DEFAULTS, id: "boiler-1", serviceBroker: "azure" };
  expect(await call("PUT", "thing/boiler-1", { body })).toMatchObject({
    status: 200,
    json: { id: "boiler-1", serviceBroker: "Azure", deviceDetails: { thingId: "boiler-1" } },
  });
  expect((await call("GET", "_id/boiler-1")).json).toMatchObject({ id: "boiler-1", type: "thing" });
});

test("createAll, readAll, updateAll and deleteAll", async () => {
  const body = ["a", "b", "c"].map((name) => ({ ...JS_DEFAULTS, name, serviceBroker: "Azure" }));
  const created = (await call("POST", "_batch", { body })).json as Shown[];
  const ids = created.map(({ id }) => id);
  expect(((await call("GET", "_batch", { query: { ids } })).json as Shown[]).map(({ name }) => name)).toEqual([
    "a",
    "b",
    "c",
  ]);
  const renamed = created.map((thing) => ({ ...thing, name: `${thing.name}!` }));
  expect(((await call("PATCH", "_batch", { body: renamed })).json as Shown[]).map(({ name }) => name)).toEqual([
    "a!",
    "b!",
    "c!",
  ]);
  expect(await call("DELETE", "_batch", { query: { ids } })).toMatchObject({ status: 200, text: "" });
  expect((await call("GET", "_batch", { query: { ids } })).json).toEqual([]);
});

test("a pager that is used again goes on, and comes to an end", async () => {
  for (let i = 0; i < 7; i++) await create({ name: `Thing ${i}`, serviceBroker: "Azure" });
  const pager: Record<string, string> = { page: "1", desc: "true", limit: "3" };
  const seen: string[] = [];
  for (let calls = 0; calls < 10; calls++) {
    const { json } = await call("GET", "thing/search/default", { query: { q: "*", type: "thing", ...pager } });
    const { items, totalHits, lastKey } = json as Page;
    expect(totalHits).toBe(7);
    if (items.length === 0) break;
    seen.push(...items.map(({ name }) => name));
    if (lastKey !== undefined) pager["lastKey"] = lastKey;
  }
  expect(seen).toEqual(Array.from({ length: 7 }, (_, i) => `Thing ${6 - i}`));
  expect((await call("GET", "thing/search/count", { query: { type: "thing" } })).json).toMatchObject({ totalHits: 7 });
});

test("C#: every field in every request, nulls and zeros for what is not set, desc=True", async () => {
  const nothing = { parentid: null, creatorid: null, tags: null, votes: 0, plural: null, objectURI: null };
  const all = {
    ...nothing,
    id: null,
    timestamp: 0,
    updated: 0,
    type: "thing",
    appid: null,
    name: "Boiler",
    version: 0,
  };
  const created = await create({
    ...all,
    stored: true,
    indexed: true,
    cached: true,
    serviceBroker: "Azure",
    deviceState: null,
  });
  expect(created).toMatchObject({ timestamp: api.world.now, deviceState: {} });
  expect(created).not.toHaveProperty("updated");
  expect(
    await call("PATCH", `thing/${created.id}`, { body: { ...all, id: created.id, deviceState: { on: true } } }),
  ).toMatchObject({ status: 200, json: { name: "Boiler", deviceState: { on: true }, timestamp: api.world.now } });
  expect((await call("GET", "thing", { query: { desc: "True", page: "0" } })).json).toMatchObject({ totalHits: 1 });
});

test("Python: a timestamp of its own; PHP: flags as 1 and 0; Java: the state as the text of an object", async () => {
  expect(await create({ name: "P", serviceBroker: "Azure", timestamp: 1_468_601_996_535 })).toMatchObject({
    timestamp: 1_468_601_996_535,
  });
  expect(await create({ name: "H", serviceBroker: "Azure", stored: 1, indexed: 0, votes: "3" })).toMatchObject({
    stored: true,
    indexed: false,
    votes: 3,
  });
  const { id } = await create({ name: "J", serviceBroker: "AzureIoTService", deviceState: '{"on":true}' });
  expect((await call("PATCH", `thing/${id}`, { body: { deviceState: '{"on":false}' } })).json).toMatchObject({
    deviceState: { on: false },
  });
});

test("para-cli: ids in Base64, and what it cannot name is said", async () => {
  const id = Buffer.from("boiler.json").toString("base64");
  expect(await call("POST", "_batch", { body: [{ id, type: "thing", serviceBroker: "Azure" }] })).toMatchObject({
    status: 200,
    json: [{ id, deviceDetails: { thingId: id } }],
  });
  expect((await call("GET", "_batch", { query: { ids: [id] } })).json).toMatchObject([{ id }]);
  expect(
    await call("POST", "_batch", { body: [{ id: "a/b==", type: "thing", serviceBroker: "Azure" }] }),
  ).toMatchObject({
    status: 400,
    json: { message: expect.stringMatching(/^Object 1: 'id' must have/) },
  });
});

/** What each client sends beside its signature, which is over the host and the date alone. */
const BESIDE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "Java 1.38.4": {
    "Content-Type": "application/json",
    "User-Agent": "Para client 1.38.4 app:weather (Java 17.0.15)",
    Accept: "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
  },
  "Java 1.48.0": {
    "Content-Type": "application/json; charset=UTF-8",
    "User-Agent": "Para client 1.48.0 app:weather (Java 17.0.15)",
    "Accept-Encoding": "gzip, x-gzip, deflate",
  },
  Python: { "User-Agent": "python-requests/2.34.2", "Accept-Encoding": "gzip, deflate", Accept: "*/*" },
};

test.each(Object.entries(BESIDE))(
  "%s: a Thing's life, with what it sends beside its signature",
  async (_client, beside) => {
    const { host } = new URL(origin);
    const date = new Date(api.world.now).toISOString().replaceAll(/[:-]|\.\d{3}/g, "");
    const credentials = { accessKeyId: KEYS.accessKey, secretAccessKey: KEYS.secretKey };
    const ask = (method: string, path: string, entity?: object): Promise<ParaAnswer> => {
      const text = entity === undefined ? {} : { body: JSON.stringify(entity) };
      const extraHeadersToIgnore = { "content-type": true, "content-length": true };
      const headers = { Host: host, "X-Amz-Date": date };
      const to = { method, path, host, region: "us-east-1", service: "para", headers, extraHeadersToIgnore, ...text };
      const signed = sign(to, credentials).headers as Record<string, string>;
      expect(signed["Authorization"]).toContain("SignedHeaders=host;x-amz-date,");
      return send(origin, method, path, { ...signed, ...beside }, text.body);
    };
    const made = await ask("POST", "/v1/thing", { type: "thing", name: "Böiler", serviceBroker: "Azure" });
    expect(made).toMatchObject({ status: 201, json: { name: "Böiler", deviceDetails: { status: "enabled" } } });
    const held = made.json as Shown;
    const uri = `/v1/thing/${held.id}`;
    const changed = await ask("PATCH", uri, { ...held, deviceState: { on: true } });
    expect(changed).toMatchObject({ status: 200, json: { deviceState: { on: true } } });
    expect(changed.json).not.toHaveProperty("deviceDetails");
    expect(await ask("GET", uri)).toMatchObject({ status: 200, json: { id: held.id } });
    expect(await ask("DELETE", uri)).toMatchObject({ status: 200, text: "" });
    expect(await ask("GET", uri)).toMatchObject({ status: 404, json: { code: 404 } });
  },
);
