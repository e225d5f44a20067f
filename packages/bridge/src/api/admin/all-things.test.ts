import { afterEach, beforeEach, expect, test } from "vitest";
import type { Scope } from "../../core/integration.ts";
import { newThing } from "../para/thing-body.ts";
import { createTestApi, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
let token: string;

beforeEach(async () => {
  api = createTestApi();
  const ada = await api.account("ada");
  const eve = await api.account("eve");
  token = ada.token;
  for (const [ownerId, slug, names] of [
    [ada.id, "buoys", ["north", "south"]],
    [eve.id, "traps", ["hidden"]],
    [ada.id, "pumps", ["cellar", "attic"]],
  ] as const) {
    const product = (await api.directory.createProduct({ ownerId, name: slug, slug, description: "" }))!;
    for (const name of names) await api.things.create(product, newThing({ name, serviceBroker: "Azure" }));
  }
});

afterEach(() => api.app.close());

async function read(path: string): Promise<Record<string, unknown> & { things: readonly Record<string, unknown>[] }> {
  const answer = await api.app.inject({ url: path, headers: { authorization: `Bearer ${token}` } });
  expect(answer.statusCode).toBe(200);
  return answer.json();
}

test("Things of all products come in one list, page by page, and nobody else's", async () => {
  const first = await read("/admin/v1/things?limit=3");
  expect(first.things.map(({ name, appid }) => [name, appid])).toEqual([
    ["north", "buoys"],
    ["south", "buoys"],
    ["cellar", "pumps"],
  ]);
  expect(first["total"]).toBe(4);
  const second = await read(`/admin/v1/things?limit=3&after=${String(first["next"])}`);
  expect(second.things.map(({ name }) => name)).toEqual(["attic"]);
  expect(second["next"]).toBeNull();
});

test("conflicts of all scopes are told newest first, with the device's name", async () => {
  const { things } = await read("/admin/v1/things");
  const conflict = { path: "led", ours: true, theirs: false, theirSource: "reported", kept: "ours", rule: "newest" };
  const scopes: Scope[] = [];
  Object.assign(api.states, {
    async conflictsIn(scope: Scope) {
      scopes.push(scope);
      if (scope.kind === "sandbox") return [];
      const inScope = things.filter(({ appid }) => (appid === "buoys") === (scopes.length === 2));
      return inScope.map(({ id, name }) => ({ ...conflict, deviceId: id, at: name === "cellar" ? 3_000 : 1_000 }));
    },
  });
  await api.directory.addToProduct((await api.directory.product("pumps"))!.id, [String(things[2]!["id"])]);
  await api.directory.updateDevice(String(things[2]!["id"]), { name: "cellar" });
  const { conflicts } = await read("/admin/v1/state-conflicts?limit=2");
  expect(scopes.map(({ kind }) => kind)).toEqual(["sandbox", "product", "product"]);
  expect(conflicts).toMatchObject([{ device_name: "cellar", path: "led", kept: "ours", their_source: "reported" }, {}]);
});
