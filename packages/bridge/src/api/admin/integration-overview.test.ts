import { afterEach, beforeEach, expect, test } from "vitest";
import type { Scope } from "../../core/integration.ts";
import { hubSettings } from "../testing/integration-samples.ts";
import { createTestApi, type TestApi } from "../testing/test-api.ts";

interface Overview {
  readonly integrations: readonly Record<string, unknown>[];
  readonly total: number;
  readonly before: number;
  readonly next: string | null;
}

let api: TestApi;
let token: string;
let sandbox: Scope;
let fleet: Scope;

beforeEach(async () => {
  api = createTestApi();
  const ada = await api.account("ada");
  ({ token } = ada);
  sandbox = { kind: "sandbox", accountId: ada.id };
  const product = { ownerId: ada.id, name: "Weather", slug: "weather", description: "" };
  fleet = { kind: "product", productId: (await api.directory.createProduct(product))!.id };
});

afterEach(() => api.app.close());

async function ask(query = "", by = token): Promise<Overview & { status: number }> {
  const headers = { authorization: `Bearer ${by}` };
  const answer = await api.app.inject({ url: `/admin/v1/integrations${query}`, headers });
  return { status: answer.statusCode, ...answer.json<Overview>() };
}

const names = ({ integrations }: Overview): unknown[] => integrations.map(({ name }) => name);

test("those of the sandbox and of products stand in one list, newest first, with how they do", async () => {
  await api.directory.createIntegration(hubSettings(sandbox, { name: "old", event: "temp" }));
  api.world.now += 1_000;
  await api.directory.createIntegration(hubSettings(fleet, { name: "new", event: "hum", disabled: true }));
  api.world.deliveries.points = [
    { time: Date.parse("2026-03-01T11:00:00Z"), accepted: 5, success: 4, failure: 1 },
    { time: Date.parse("2026-02-28T13:00:00Z"), accepted: 1, success: 1, failure: 0 },
  ];
  const { integrations, ...page } = await ask();
  expect(page).toEqual({ status: 200, total: 2, before: 0, next: null });
  expect(integrations).toMatchObject([
    {
      name: "new",
      scope: { kind: "product", product_slug: "weather", product_name: "Weather" },
      state: "disabled",
      disabled: true,
    },
    {
      name: "old",
      event: "temp",
      integration_type: "AzureIotHub",
      target: "local",
      scope: { kind: "sandbox", product_id: null },
      state: "idle",
      failure: null,
      today: { success: 3, error: 1 },
      waiting: 0,
      parked: 1,
    },
  ]);
  const hours = integrations[1]!["last_24h"] as readonly { time: string; success: number; failure: number }[];
  expect(hours).toHaveLength(24);
  expect(hours[0]).toEqual({ time: "2026-02-28T13:00:00.000Z", success: 1, failure: 0 });
  expect(hours[22]).toEqual({ time: "2026-03-01T11:00:00.000Z", success: 4, failure: 1 });
  expect(hours[23]).toMatchObject({ time: "2026-03-01T12:00:00.000Z", success: 0 });
});

test("it is searched and filtered by what is written on each", async () => {
  await api.directory.createIntegration(hubSettings(sandbox, { name: "Cellar", event: "temp" }));
  await api.directory.createIntegration(hubSettings(fleet, { name: "Roof", event: "rain", disabled: true }));
  expect(names(await ask("?q=CELL"))).toEqual(["Cellar"]);
  expect(names(await ask("?q=rain"))).toEqual(["Roof"]);
  expect(names(await ask("?q=weather"))).toEqual(["Roof"]);
  expect(names(await ask("?scope=sandbox"))).toEqual(["Cellar"]);
  expect(names(await ask("?scope=weather"))).toEqual(["Roof"]);
  expect(names(await ask("?state=disabled"))).toEqual(["Roof"]);
  expect(names(await ask("?state=working"))).toEqual(["Cellar"]);
  expect(names(await ask("?type=Webhook"))).toEqual([]);
  api.world.integrationState = { failure: { code: "quota_exceeded", message: "Full." }, devices: [] };
  expect(names(await ask("?state=trouble"))).toEqual(["Cellar"]);
  for (const query of ["?state=odd", "?limit=0", "?limit=101", "?after=x", "?q=%00"]) {
    expect((await ask(query)).status).toBe(400);
  }
});

test("hundreds come page by page, none twice, also when the last one of a page goes meanwhile", async () => {
  const made: string[] = [];
  for (let i = 0; i < 130; i++) {
    api.world.now += i % 3;
    made.push((await api.directory.createIntegration(hubSettings(sandbox, { name: `n${i}` }))).id);
  }
  const first = await ask();
  expect(first).toMatchObject({ total: 130, before: 0 });
  expect(first.integrations).toHaveLength(50);
  await api.directory.deleteIntegration(String(first.integrations.at(-1)!["id"]));
  const second = await ask(`?after=${first.next}&limit=60`);
  expect(second).toMatchObject({ total: 129, before: 49 });
  const third = await ask(`?after=${second.next}`);
  expect(third.next).toBeNull();
  const all = [first, second, third].flatMap(({ integrations }) => integrations.map(({ id }) => String(id)));
  expect(new Set(all)).toEqual(new Set(made));
  expect(all).toHaveLength(130);
  // What a page costs does not grow with what is not on it.
  const asked = api.world.deliveries.asked.filter(([method]) => method === "counts");
  expect(asked.map(([, ids]) => (ids as string[]).length)).toEqual([50, 60, 20]);
});

test("others' are not there, and an API user sees its product's only", async () => {
  await api.directory.createIntegration(hubSettings(sandbox, { name: "Cellar" }));
  await api.directory.createIntegration(hubSettings(fleet, { name: "Roof" }));
  const eve = await api.account("eve");
  expect(await ask("", eve.token)).toMatchObject({ integrations: [], total: 0 });
  const productId = fleet.kind === "product" ? fleet.productId : 0;
  const program = { productId, friendlyName: "p", scopes: ["integrations:list"] as const };
  expect(names(await ask("", (await api.directory.createApiUser(program)).token))).toEqual(["Roof"]);
});

test("each tells what holds it up and who waits, as its own route does", async () => {
  const { id } = await api.directory.createIntegration(hubSettings(sandbox));
  const failure = { code: "identity_missing", message: "No such device." } as const;
  api.world.integrationState = { failure: null, devices: [{ failure, count: 2, deviceId: "d" }] };
  const headers = { authorization: `Bearer ${token}` };
  const state = (await api.app.inject({ url: `/admin/v1/integrations/${id}/state`, headers })).json<object>();
  expect(state).toMatchObject({ devices_waiting: [{ code: "identity_missing", devices: 2, device_id: "d" }] });
  expect((await ask()).integrations[0]).toMatchObject({ ...state, ledger: { accepted: 4, parked: 1 } });
});
