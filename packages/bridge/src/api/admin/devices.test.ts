import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestApi, type TestApi } from "../testing/test-api.ts";

interface Row {
  readonly id: string;
  readonly product_slug: string | null;
  readonly approval: string;
  readonly kind: string;
  readonly state: object | null;
}
interface Listed {
  readonly devices: readonly Row[];
  readonly total: number | null;
  readonly next: string | null;
}

const [FIRST, SECOND, THIRD] = ["1", "2", "3"].map((digit) => digit.repeat(24)) as [string, string, string];

let api: TestApi;
let ada: { readonly id: string; readonly token: string };
let productId: number;

beforeEach(async () => {
  api = createTestApi();
  ada = await api.account("ada");
  const input = { ownerId: ada.id, name: "Weather", slug: "weather", description: "" };
  productId = (await api.directory.createProduct(input))!.id;
  await api.directory.claimDevice(ada.id, FIRST);
  await api.directory.addToProduct(productId, [SECOND, THIRD]);
});

afterEach(() => api.app.close());

async function list(query: string, token = ada.token): Promise<Listed> {
  const answer = await api.app.inject({
    url: `/admin/v1/devices${query}`,
    headers: { authorization: `Bearer ${token}` },
  });
  expect(answer.statusCode).toBe(200);
  return answer.json<Listed>();
}

async function decide(body: object): Promise<{ readonly changed: number; readonly results: readonly object[] }> {
  const answer = await api.app.inject({
    method: "POST",
    url: "/admin/v1/products/weather/devices/approvals",
    headers: { authorization: `Bearer ${ada.token}` },
    payload: body,
  });
  expect(answer.statusCode).toBe(200);
  return answer.json();
}

test("devices of the sandbox and of products come in one list, with where they are", async () => {
  const { devices, total, next } = await list("");
  expect(devices.map(({ id, product_slug }) => [id, product_slug])).toEqual([
    [FIRST, null],
    [SECOND, "weather"],
    [THIRD, "weather"],
  ]);
  expect({ total, next }).toEqual({ total: 3, next: null });
  expect((await list("?sandbox=true")).devices.map(({ id }) => id)).toEqual([FIRST]);
  expect((await list("?sandbox=false")).devices.map(({ id }) => id)).toEqual([SECOND, THIRD]);
  expect((await list(`?product=${productId}`)).total).toBe(2);
  expect((await list("?q=222")).devices.map(({ id }) => id)).toEqual([SECOND]);
});

test("a page goes on where the one before ended, and only the first one is counted", async () => {
  const first = await list("?limit=2");
  expect(first).toMatchObject({ total: 3, devices: [{ id: FIRST }, { id: SECOND }] });
  const second = await list(`?limit=2&after=${first.next}`);
  expect(second).toMatchObject({ total: null, next: null, devices: [{ id: THIRD }] });
});

test("an API user sees its product and nothing of the sandbox", async () => {
  const { token } = await api.directory.createApiUser({ productId, friendlyName: "p", scopes: ["devices:list"] });
  expect((await list("", token)).devices.map(({ id }) => id)).toEqual([SECOND, THIRD]);
});

test("a device whose state a hub mirrors says how it stands there", async () => {
  api.states.begin(SECOND, "bridge", { led: true });
  const { devices } = await list("?product=weather");
  expect(devices[0]!.state).toMatchObject({ status: "enabled", error: null, conflicts: 0 });
  expect(devices[1]!.state).toBeNull();
});

test("one device is shown wherever it is, a Thing too", async () => {
  await api.directory.addToProduct(productId, ["buoy-7"]);
  for (const [id, row] of [
    [FIRST, { product_slug: null, claimed: true, kind: "device" }],
    [THIRD, { product_slug: "weather", claimed: false, kind: "device" }],
    ["buoy-7", { product_slug: "weather", kind: "thing" }],
  ] as const) {
    const headers = { authorization: `Bearer ${ada.token}` };
    const answer = await api.app.inject({ url: `/admin/v1/devices/${id}`, headers });
    expect(answer.json()).toMatchObject({ device: { id, ...row } });
  }
});

test("many are approved or denied at once, each with its result", async () => {
  await api.directory.setApproval(SECOND, "quarantined");
  await api.directory.addToProduct(productId, ["buoy-7"]);
  expect(await decide({ ids: [SECOND, THIRD.toUpperCase(), FIRST, "buoy-7", SECOND], approval: "approved" })).toEqual({
    changed: 1,
    results: [
      { id: SECOND, ok: true, changed: true },
      { id: THIRD, ok: true, changed: false },
      { id: FIRST, ok: false, code: "not_in_product", error: "There is no such device in this product" },
      {
        id: "buoy-7",
        ok: false,
        code: "is_thing",
        error: "A Thing has keys of its own and needs no approval",
        next_step: "Disable it to keep it from its hub.",
      },
    ],
  });
  expect((await list("?approval=quarantined")).total).toBe(0);
  expect((await list("?kind=thing")).devices.map(({ id }) => id)).toEqual(["buoy-7"]);
});
