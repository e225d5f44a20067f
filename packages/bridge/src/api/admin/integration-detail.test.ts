import { afterEach, beforeEach, expect, test } from "vitest";
import type { DeliveryRecord } from "../../core/delivery.ts";
import type { Scope } from "../../core/integration.ts";
import { hubSettings } from "../testing/integration-samples.ts";
import { createTestApi, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
let token: string;
let scope: Scope;

beforeEach(async () => {
  api = createTestApi();
  const ada = await api.account("ada");
  ({ token } = ada);
  scope = { kind: "sandbox", accountId: ada.id };
});

afterEach(() => api.app.close());

type Json = Record<string, unknown>;

async function call(
  method: "GET" | "PATCH" | "POST",
  url: string,
  payload?: object,
): Promise<{ status: number; json: Json }> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await api.app.inject({ method, url, headers, ...(payload && { payload }) });
  return { status: answer.statusCode, json: answer.json() };
}

function delivered(id: number, ms: number, about: Partial<DeliveryRecord> = {}): DeliveryRecord {
  const record = {
    id,
    eventId: `e${id}`,
    event: "t",
    deviceId: "d",
    state: "delivered",
    seq: id,
    attempts: 1,
  } as const;
  const none = { nextAttemptAt: null, failure: null, reason: null, replayId: null };
  return { ...record, acceptedAt: 1_000, settledAt: 1_000 + ms, ...none, ...about };
}

test("an integration is found by its id alone, with where it is, what it sends to and how it fares", async () => {
  const ada = (scope as { accountId: string }).accountId;
  const product = (await api.directory.createProduct({
    ownerId: ada,
    name: "Weather",
    slug: "weather",
    description: "",
  }))!;
  const { id } = await api.directory.createIntegration(
    hubSettings(
      { kind: "product", productId: product.id },
      { hubName: "plant", hostName: "plant.azure-devices.net", policyKey: "c2VjcmV0" },
    ),
  );
  api.world.deliveries.records = [
    ...Array.from({ length: 100 }, (_, i) => delivered(i + 2, (i + 1) * 10)),
    delivered(1, 9_000_000, { replayId: "r" }),
  ];
  api.world.deliveries.groups = [
    { code: "outcome_unknown", message: "m", parked: 1, waiting: 3, seen: 4, firstAt: 1, lastAt: 2, sampleId: 1 },
  ];
  const { json } = await call("GET", `/admin/v1/integrations/${id}`);
  expect(json["integration"]).toMatchObject({
    id,
    scope: { kind: "product", product_id: product.id, product_slug: "weather", product_name: "Weather" },
    path: `/v1/products/${product.id}/integrations/${id}`,
    target: "plant.azure-devices.net",
    policy_key: "********",
    counters: { ledger: { parked: 1 }, retrying: 3, today: { success: 3 } },
    latency: { p50_ms: 510, p95_ms: 960, deliveries: 100 },
    hub: { state: "idle", failure: null },
  });
  expect(JSON.stringify(json)).not.toContain("c2VjcmV0");
  expect((await call("GET", "/admin/v1/integrations/none")).status).toBe(404);
});

test("a change of some fields leaves all others as they are, keys too", async () => {
  const made = await api.directory.createIntegration(
    hubSettings(scope, {
      template: { a: "{{t}}" },
      dailyCap: 7,
      hubName: "plant",
      hostName: "plant.azure-devices.net",
      policyKey: "b2xk",
    }),
  );
  const changed = await call("PATCH", `/admin/v1/integrations/${made.id}`, { disabled: true });
  expect(changed).toMatchObject({
    status: 200,
    json: { integration: { disabled: true, daily_cap: 7, path: `/v1/integrations/${made.id}` } },
  });
  const stored = await api.directory.integration(made.id);
  expect(stored).toMatchObject({ disabled: true, dailyCap: 7, template: { a: "{{t}}" } });
  expect(await api.directory.connection(stored?.type === "AzureIotHub" ? stored.connectionId : "")).toMatchObject({
    policyKey: "b2xk",
  });
  expect(api.changedIntegrations).toEqual([made.id]);
  const refused = await call("PATCH", `/admin/v1/integrations/${made.id}`, { daily_cap: 0 });
  expect(refused).toMatchObject({ status: 400, json: { error: expect.stringContaining("daily_cap") } });
});

test("a webhook keeps its secrets when another field is changed", async () => {
  const headers = { Authorization: "Bearer s3cret", Accept: "text/plain" };
  const made = await call("POST", "/v1/integrations", { event: "t", url: "https://a.example/x", headers });
  const { json } = await call("PATCH", `/admin/v1/integrations/${String(made.json["id"])}`, { name: "Renamed" });
  expect(json["integration"]).toMatchObject({
    name: "Renamed",
    target: "a.example",
    headers: { Authorization: "********" },
  });
  expect(await api.directory.webhookSecrets(String(made.json["id"]))).toMatchObject({ headers });
});

test("what the doctor found last can be read again, with its time", async () => {
  const { id } = await api.directory.createIntegration(hubSettings(scope));
  const path = `/admin/v1/integrations/${id}/doctor`;
  expect((await call("GET", path)).json).toEqual({ report: null });
  const { json: report } = await call("POST", path);
  expect(report).toMatchObject({
    pass: true,
    checked_at: "2026-03-01T12:00:00.000Z",
    checks: [{ name: "https", ok: true }],
  });
  api.world.now += 60_000;
  expect((await call("GET", path)).json).toEqual({ report });
});
