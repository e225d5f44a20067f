import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

const TOKEN = "0f".repeat(20);
const ROOT = "/admin/v1/products/weather/sources";

interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown>;
  readonly text: string;
}

let api: TestApi;
let token: string;

beforeEach(async () => {
  api = createTestApi();
  const ada = await api.account("ada");
  ({ token } = ada);
  await api.directory.createProduct({ ownerId: ada.id, name: "W", slug: "weather", description: "" });
});

afterEach(() => api.app.close());

async function call(method: "GET" | "POST" | "PUT" | "DELETE", path: string, payload?: object): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, host: "isthmus.example" };
  const answer = await api.app.inject({ method, url: ROOT + path, headers, ...(payload !== undefined && { payload }) });
  return { status: answer.statusCode, json: answer.body === "" ? {} : answer.json(), text: answer.body };
}

async function made(payload: object): Promise<Record<string, unknown>> {
  const { status, json } = await call("POST", "", payload);
  expect(status).toBe(201);
  return json["source"] as Record<string, unknown>;
}

describe("streams of Particle's cloud", () => {
  test("one is made with the token kept secret, shown, changed and deleted", async () => {
    const source = await made({ kind: "particle-cloud", token: TOKEN, particle_product: "weather-v2", event: "temp" });
    expect(source).toMatchObject({
      kind: "particle-cloud",
      name: "Particle's cloud",
      base_url: "https://api.particle.io",
      particle_product: "weather-v2",
      particle_device: null,
      follow_events: true,
      event: "temp",
      create_devices: true,
      system_events: false,
      disabled: false,
      token: "********",
    });
    const path = `/${String(source["id"])}`;
    expect(await api.sources.sourceSecret(String(source["id"]))).toBe(TOKEN);
    expect((await call("GET", "")).json).toEqual({ sources: [source] });
    const back = await call("PUT", path, { ...source, name: "Fleet" });
    expect(back).toMatchObject({ status: 200, json: { source: { name: "Fleet", particle_product: "weather-v2" } } });
    expect(await api.sources.sourceSecret(String(source["id"]))).toBe(TOKEN);
    const changed = await call("PUT", path, { particle_product: null, token: "1e".repeat(20) });
    expect(changed.json).toMatchObject({ source: { name: "Fleet", particle_product: null, event: "temp" } });
    expect(await api.sources.sourceSecret(String(source["id"]))).toBe("1e".repeat(20));
    expect(changed.text).not.toContain("1e1e");
    expect((await call("DELETE", path)).status).toBe(204);
    expect((await call("GET", path)).status).toBe(404);
    expect(api.changedSources).toHaveLength(4);
  });

  test.each([
    [{}, /^kind must be/],
    [{ kind: "mqtt" }, /^kind must be/],
    [{ kind: "particle-cloud" }, /^token is required/],
    [{ kind: "particle-cloud", token: "a b" }, /^token must be/],
    [{ kind: "particle-cloud", token: TOKEN, particle_product: "../x" }, /^particle_product must/],
    [{ kind: "particle-cloud", token: TOKEN, particle_device: "kitchen" }, /^particle_device must/],
    [{ kind: "particle-cloud", token: TOKEN, base_url: "http://api.particle.io" }, /https/],
    [{ kind: "particle-cloud", token: TOKEN, base_url: "https://evil.example" }, /ISTHMUS_SOURCE_HOSTS/],
    [{ kind: "particle-cloud", token: TOKEN, base_url: "https://127.0.0.1" }, /ISTHMUS_SOURCE_HOSTS/],
    [{ kind: "particle-cloud", token: TOKEN, base_url: "https://api.particle.io@evil.example" }, /user/],
    [{ kind: "particle-cloud", token: TOKEN, base_url: "file:///etc/passwd" }, /^base_url/],
    [{ kind: "particle-cloud", token: TOKEN, fields: {} }, /no field fields/],
    [{ kind: "particle-cloud", token: TOKEN, event: "é" }, /^event must/],
    [{ kind: "inbound-webhook", fields: { datum: "x" } }, /^fields may have/],
    [{ kind: "inbound-webhook", fields: [] }, /^fields must be/],
    [{ kind: "inbound-webhook", disabled: "perhaps" }, /^disabled must/],
  ])("%o is refused with the field's name", async (payload, message) => {
    const { status, json } = await call("POST", "", payload);
    expect(status).toBe(400);
    expect(json["error"]).toMatch(message);
    expect(await api.sources.allSources()).toEqual([]);
  });

  test("a listed host may be followed over plain HTTP", async () => {
    const base = { kind: "particle-cloud", token: TOKEN, base_url: "http://particle.test:8080/" };
    expect(await made(base)).toMatchObject({ base_url: "http://particle.test:8080" });
  });

  test("the kind stays, and there is no webhook to paste", async () => {
    const path = `/${String((await made({ kind: "particle-cloud", token: TOKEN }))["id"])}`;
    expect((await call("PUT", path, { kind: "inbound-webhook" })).status).toBe(400);
    expect((await call("GET", `${path}/webhook-definition`)).status).toBe(409);
    expect((await call("POST", `${path}/secret`)).status).toBe(409);
  });

  test("gaps are listed in pages, newest first", async () => {
    const id = String((await made({ kind: "particle-cloud", token: TOKEN }))["id"]);
    const gaps = [3, 2, 1].map((n) => ({
      id: n,
      beganAt: n * 1000,
      endedAt: n === 3 ? null : n * 1000 + 500,
      reason: "r",
    }));
    api.sources.gapsOf.set(id, gaps);
    const { json } = await call("GET", `/${id}/gaps?limit=2`);
    expect(json).toEqual({
      gaps: [
        { id: 3, from: "1970-01-01T00:00:03.000Z", to: null, reason: "r" },
        { id: 2, from: "1970-01-01T00:00:02.000Z", to: "1970-01-01T00:00:02.500Z", reason: "r" },
      ],
      next: 2,
    });
    expect((await call("GET", `/${id}/gaps?limit=2&before=2`)).json).toMatchObject({ gaps: [{ id: 1 }], next: null });
  });
});

describe("inbound webhooks", () => {
  test("secret and definition are shown once, at creation", async () => {
    const { json, status } = await call("POST", "", { kind: "inbound-webhook", event: "temp" });
    expect(status).toBe(201);
    const secret = String(json["secret"]);
    expect(secret).toMatch(/^[0-9a-f]{40}$/);
    const { id } = json["source"] as { id: string };
    const url = `http://isthmus.example/inbound/v1/${id}`;
    expect(json["source"]).toMatchObject({ url, secret: "********", fields: {}, status: { state: "listening" } });
    expect(json["webhook_definition"]).toEqual({
      name: "Isthmus: Particle webhook",
      event: "temp",
      url,
      requestType: "POST",
      noDefaults: false,
      rejectUnauthorized: true,
      headers: { "X-Isthmus-Secret": secret },
      json: {
        PARTICLE_EVENT_ID: "{{{PARTICLE_EVENT_ID}}}",
        PRODUCT_ID: "{{{PRODUCT_ID}}}",
        PRODUCT_VERSION: "{{{PRODUCT_VERSION}}}",
      },
    });
    expect((await call("GET", "")).text).not.toContain(secret);
    const definition = await call("GET", `/${id}/webhook-definition?public_url=https://hooks.example`);
    expect(definition.json).toMatchObject({
      url: `https://hooks.example/inbound/v1/${id}`,
      event: "temp",
      headers: { "X-Isthmus-Secret": "********" },
    });
    expect(await api.sources.sourceSecret(id)).not.toContain(secret);
  });

  test("a definition needs a prefix, because Particle has no webhook for everything", async () => {
    const { id } = (await made({ kind: "inbound-webhook" })) as { id: string };
    expect(await call("GET", `/${id}/webhook-definition`)).toMatchObject({ status: 400 });
    expect((await call("GET", `/${id}/webhook-definition?event=t`)).json).toMatchObject({ event: "t" });
    expect((await call("GET", `/${id}/webhook-definition?event=t&public_url=nonsense`)).status).toBe(400);
  });

  test("a product has a bounded number of sources", async () => {
    for (let i = 0; i < 20; i++) await made({ kind: "inbound-webhook" });
    expect((await call("POST", "", { kind: "inbound-webhook" })).status).toBe(409);
  });
});
