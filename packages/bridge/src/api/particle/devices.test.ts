/** Devices, products and groups: what the device cloud's clients do not ask for by themselves. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { noDeviceLinks } from "../../core/device-links.ts";
import type { DeviceLink } from "../../core/device-links.ts";
import { createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

const [ONE, TWO, THREE] = ["1", "2", "3"].map((digit) => digit.repeat(24)) as [string, string, string];
const MISSING = "f".repeat(24);
const CONNECTED: DeviceLink = { connectedAt: Date.parse("2026-03-01T11:00:00.000Z"), address: "192.0.2.7" };

let api: TestApi;
let ada: { readonly id: string; readonly token: string };
let eve: { readonly id: string; readonly token: string };
let links: Map<string, DeviceLink>;
let commands: string[];

beforeEach(async () => {
  links = new Map();
  commands = [];
  api = createTestApi({
    deviceLinks: {
      ...noDeviceLinks,
      link: (id) => links.get(id) ?? null,
      command: async (id, topic, payload) => {
        commands.push(`${id} ${topic} ${Buffer.from(payload).toString()}`);
        return links.has(id);
      },
    },
  });
  ada = await api.account("ada");
  eve = await api.account("eve");
  await api.app.ready();
});

afterEach(() => api.app.close());

type Method = "GET" | "POST" | "PUT" | "DELETE";
interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown>;
}

async function ask(method: Method, url: string, payload?: object, token: string = ada.token): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await api.app.inject({ method, url, headers, ...(payload !== undefined && { payload }) });
  return { status: answer.statusCode, json: answer.body === "" ? {} : answer.json<Record<string, unknown>>() };
}

async function importFile(content: string): Promise<Answer> {
  const part = 'Content-Disposition: form-data; name="file"; filename="devices.csv"\r\nContent-Type: text/csv';
  const answer = await api.app.inject({
    method: "POST",
    url: "/v1/products/weather/devices",
    headers: { authorization: `Bearer ${ada.token}`, "content-type": "multipart/form-data; boundary=x" },
    payload: `--x\r\n${part}\r\n\r\n${content}\r\n--x--\r\n`,
  });
  return { status: answer.statusCode, json: answer.json<Record<string, unknown>>() };
}

async function makeWeather(): Promise<number> {
  const { json } = await ask("POST", "/v1/products", { product: { name: "Weather" } });
  return (json["product"] as { id: number }).id;
}

describe("own devices", () => {
  beforeEach(async () => {
    for (const id of [ONE, TWO, THREE]) await api.directory.claimDevice(ada.id, id);
  });

  test("are listed with the newest handshake first, and show whether they are connected", async () => {
    links.set(TWO, CONNECTED);
    links.set(THREE, { ...CONNECTED, connectedAt: CONNECTED.connectedAt + 1_000 });
    const { json } = await ask("GET", "/v1/devices");
    expect(json).toMatchObject([
      { id: THREE, online: true, connected: true, last_handshake_at: "2026-03-01T11:00:01.000Z" },
      { id: TWO, online: true, last_ip_address: "192.0.2.7", last_heard: "2026-03-01T11:00:00.000Z" },
      { id: ONE, online: false, connected: false, last_handshake_at: null, last_ip_address: null },
    ]);
  });

  test("are pinged and signalled where they are connected", async () => {
    links.set(ONE, CONNECTED);
    expect((await ask("PUT", `/v1/devices/${ONE}/ping`)).json).toEqual({ online: true, ok: true });
    expect((await ask("PUT", `/v1/devices/${TWO}/ping`)).json).toEqual({ online: false, ok: true });
    expect((await ask("PUT", `/v1/devices/${ONE}`, { signal: "1" })).json).toMatchObject({ id: ONE, signaling: true });
    expect((await ask("PUT", `/v1/devices/${ONE}`, { signal: 0 })).status).toBe(400);
    expect((await ask("PUT", `/v1/devices/${ONE}`, { signal: "0" })).json).toMatchObject({ signaling: false });
    expect((await ask("PUT", `/v1/devices/${TWO}`, { signal: "1" })).status).toBe(404);
    expect(commands).toEqual([`${ONE} signal 1`, `${ONE} signal 0`, `${TWO} signal 1`]);
  });

  test("go to who asks for them when the owner says so", async () => {
    await api.directory.updateDevice(ONE, { name: "cellar" });
    const claim = { id: ONE, request_transfer: true };
    expect((await ask("POST", "/v1/devices", { id: ONE }, eve.token)).status).toBe(403);
    const asked = await ask("POST", "/v1/devices", claim, eve.token);
    expect(asked.json).toEqual({ ok: true, transfer_id: expect.stringMatching(/^[0-9a-f]{24}$/) as string });
    const id = String(asked.json["transfer_id"]);
    expect((await ask("GET", "/admin/v1/transfers")).json).toEqual({
      transfers: [
        { id, device_id: ONE, requested_by: "eve", waits_for: "you", requested_at: "2026-03-01T12:00:00.000Z" },
      ],
    });
    expect((await ask("POST", `/admin/v1/transfers/${id}/accept`, {}, eve.token)).status).toBe(404);
    expect((await ask("POST", `/admin/v1/transfers/${id}/accept`)).json).toEqual({ ok: true, device_id: ONE });
    expect((await ask("GET", `/v1/devices/${ONE}`, undefined, eve.token)).json).toMatchObject({ owner: eve.id });
    expect((await ask("GET", `/v1/devices/${ONE}`)).status).toBe(403);
  });

  test("stay when the request is refused, or taken back", async () => {
    for (const token of [ada.token, eve.token]) {
      const asked = await ask("POST", "/v1/devices", { id: ONE, request_transfer: true }, eve.token);
      const id = String(asked.json["transfer_id"]);
      expect((await ask("DELETE", `/admin/v1/transfers/${id}`, undefined, token)).json).toEqual({ ok: true });
      expect((await ask("POST", `/admin/v1/transfers/${id}/accept`)).status).toBe(404);
    }
    expect((await ask("GET", `/v1/devices/${ONE}`)).status).toBe(200);
  });
});

describe("a product", () => {
  beforeEach(makeWeather);

  test("takes devices from a table: names, groups, serial numbers, firmware", async () => {
    const table = [
      "Device ID,Name,Groups,Serial Number,Firmware Version,Last heard",
      `${ONE},"Pump ""A"", north",north;roof,P046-1,3,yesterday`,
      `${TWO.toUpperCase()},,south,,,`,
      "",
      `nonsense,x,,,,`,
    ];
    const { json } = await importFile(`\uFEFF${table.join("\r\n")}`);
    expect(json).toEqual({
      updated: 2,
      updatedDeviceIds: [ONE, TWO],
      nonmemberDeviceIds: [],
      invalidDeviceIds: ["nonsense"],
    });
    expect((await ask("GET", `/v1/products/weather/devices/${ONE}`)).json).toMatchObject({
      name: 'Pump "A", north',
      groups: ["north", "roof"],
      serial_number: "P046-1",
      firmware_version: 3,
      desired_firmware_version: null,
      development: false,
    });
    await importFile(`id,name\n${ONE},`);
    expect((await ask("GET", `/v1/products/weather/devices/${ONE}`)).json).toMatchObject({ name: 'Pump "A", north' });
  });

  test("tells of names that other devices of the owner have, and takes the devices", async () => {
    await api.directory.claimDevice(ada.id, ONE);
    await api.directory.claimDevice(ada.id, TWO);
    await api.directory.updateDevice(ONE, { name: "pump" });
    const { json } = await importFile(`id,name\n${TWO},pump`);
    expect(json).toMatchObject({ updated: 1, nameTakenDeviceIds: [TWO] });
  });

  test.each([
    ["millions of rows", "a\n".repeat(2_000_000), 413, "At most 100000 device ids at a time"],
    ["millions of empty lines", "\n".repeat(2_000_000), 413, "At most 1000000 values at a time"],
    ["millions of columns", ",".repeat(2_000_000), 413, "At most 1000000 values at a time"],
    ["one endless line", "a".repeat(2_000_000), 400, "A value of the file has more than 4096 characters"],
    ["nothing but quotation marks", '"'.repeat(2_000_000), 400, "A value of the file has more than 4096 characters"],
  ])("refuses %s before they cost anything", async (_what, content, status, error) => {
    const started = performance.now();
    expect(await importFile(content)).toEqual({ status, json: { ok: false, error } });
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test("changes nothing when a row is wrong", async () => {
    const { status } = await importFile(`id,groups\n${ONE},north\n${TWO},North Pole!`);
    expect(status).toBe(400);
    expect((await ask("GET", "/v1/products/weather/devices")).json).toMatchObject({ devices: [] });
  });

  test("finds its devices by group and serial number", async () => {
    await importFile(`id,groups,serial\n${ONE},north,P046\n${TWO},south,P047\n${THREE},,`);
    const found = async (query: string): Promise<unknown> => {
      const { json } = await ask("GET", `/v1/products/weather/devices?${query}`);
      return (json["devices"] as { id: string }[]).map(({ id }) => id);
    };
    expect(await found("groups=north")).toEqual([ONE]);
    expect(await found("groups=north%2Csouth")).toEqual([ONE, TWO]);
    expect(await found("serialNumber=P047")).toEqual([TWO]);
    expect((await ask("GET", "/v1/products/weather/devices?perPage=2")).json["meta"]).toEqual({
      total_pages: 2,
      total: 3,
      page: 1,
      per_page: 2,
    });
  });

  test("changes all that is its device's", async () => {
    await importFile(ONE);
    const change = {
      name: "pump",
      groups: ["b", "a", "a"],
      development: true,
      desired_firmware_version: 4,
      serial_number: "P1",
    };
    expect((await ask("PUT", `/v1/products/weather/devices/${ONE}`, change)).json).toEqual({
      ...change,
      id: ONE,
      groups: ["b", "a"],
      updated_at: "2026-03-01T12:00:00.000Z",
    });
    expect((await ask("GET", `/v1/products/weather/devices/${ONE}`)).json).toMatchObject({
      ...change,
      groups: ["a", "b"],
    });
    expect((await ask("PUT", `/v1/products/weather/devices/${ONE}/ping`)).json).toEqual({ online: false, ok: true });
  });

  test("has groups that are made, renamed and removed", async () => {
    const groups = "/v1/products/weather/groups";
    const made = await ask("POST", groups, { name: "north", description: "Above the river" });
    const group = { name: "north", description: "Above the river", device_count: 0 };
    expect(made).toMatchObject({ status: 201, json: { group } });
    expect((await ask("POST", groups, { name: "north" })).status).toBe(409);
    await importFile(`id,groups\n${ONE},north\n${TWO},south`);
    expect((await ask("GET", groups)).json).toMatchObject({
      groups: [
        { name: "north", device_count: 1 },
        { name: "south", device_count: 1 },
      ],
    });
    expect((await ask("PUT", `${groups}/north`, { name: "south" })).status).toBe(409);
    expect((await ask("PUT", `${groups}/north`, { name: "arctic" })).json).toMatchObject({
      group: { ...group, name: "arctic", device_count: 1 },
    });
    expect((await ask("GET", `/v1/products/weather/devices/${ONE}`)).json).toMatchObject({ groups: ["arctic"] });
    expect((await ask("DELETE", `${groups}/arctic`)).status).toBe(204);
    expect((await ask("GET", `${groups}/arctic`)).status).toBe(404);
    expect((await ask("GET", `/v1/products/weather/devices/${ONE}`)).json).toMatchObject({ groups: [] });
  });

  test("is changed, and its quarantine is", async () => {
    const product = { name: "Storms", description: "all of them", settings: { quarantine: true } };
    expect((await ask("PUT", "/v1/products/weather", { product })).json).toMatchObject({
      product: { ...product, slug: "weather" },
    });
    expect((await ask("PUT", "/v1/products/weather", { product: { slug: "storms" } })).status).toBe(200);
    expect((await ask("GET", "/v1/products/weather")).status).toBe(404);
    expect((await ask("GET", "/v1/products/storms")).json).toMatchObject({ product });
  });

  test("does not end while it has Things", async () => {
    const boiler = { name: "Boiler", serviceBroker: "Azure" };
    expect((await ask("POST", "/admin/v1/products/weather/things", boiler)).status).toBe(201);
    expect(await ask("DELETE", "/v1/products/weather?confirm=true")).toMatchObject({
      status: 409,
      json: { code: "product_has_things", error: "The product has 1 Thing" },
    });
  });

  test("ends when nothing is left in it, or when that is confirmed", async () => {
    await importFile(`${ONE}\n${MISSING}`);
    await api.directory.claimDevice(ada.id, ONE);
    const refused = await ask("DELETE", "/v1/products/weather");
    expect(refused).toMatchObject({ status: 409, json: { code: "product_has_devices" } });
    const integration = { integration_type: "AzureIotHub", event: "t", hub_name: "local" };
    const made = await ask("POST", "/v1/products/weather/integrations", integration);
    expect((await ask("DELETE", "/v1/products/weather?confirm=true")).json).toMatchObject({
      code: "product_has_integrations",
    });
    await ask("DELETE", `/v1/products/weather/integrations/${String(made.json["id"])}?confirm=true`);
    expect((await ask("DELETE", "/v1/products/weather?confirm=true")).status).toBe(204);
    expect((await ask("GET", "/v1/products/weather")).status).toBe(404);
    expect((await ask("GET", `/v1/devices/${ONE}`)).json).toMatchObject({ id: ONE, product_id: 3 });
    expect(await api.directory.device(MISSING)).toBeNull();
  });
});
