/** Functions and variables, asked for by the device cloud's own client. */
import Particle from "particle-api-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { noDeviceLinks } from "../core/device-links.ts";
import type { CallResult, ReadResult } from "../core/device-links.ts";
import { createTestApi } from "./testing/test-api.ts";
import type { TestApi } from "./testing/test-api.ts";

const DEVICE = "0123456789abcdef01234567";

let api: TestApi;
let particle: Particle;
let auth: string;
let asked: string[];
let answer: CallResult;
let value: ReadResult;

beforeEach(async () => {
  asked = [];
  answer = { kind: "answered", value: 42 };
  value = { kind: "answered", value: 21.5 };
  api = createTestApi({
    deviceLinks: {
      ...noDeviceLinks,
      link: () => ({ connectedAt: Date.parse("2026-03-01T11:00:00Z"), address: "192.0.2.1" }),
      async call(deviceId, name, argument) {
        asked.push(`${deviceId} ${name}(${argument})`);
        return answer;
      },
      async read(deviceId, name) {
        asked.push(`${deviceId} ${name}`);
        return value;
      },
    },
  });
  particle = new Particle({ baseUrl: await api.listen() });
  const ada = await api.account("ada");
  auth = ada.token;
  await api.directory.claimDevice(ada.id, DEVICE);
  await api.directory.updateDevice(DEVICE, { name: "cellar" });
  const { id } = (await api.directory.createProduct({ ownerId: ada.id, name: "W", slug: "w", description: "" }))!;
  await api.directory.addToProduct(id, [DEVICE]);
});

afterEach(() => api.app.close());

test("a function is called by the device's id or name, in the sandbox or in its product", async () => {
  const { body } = await particle.callFunction({ deviceId: "cellar", name: "open", argument: "wide", auth });
  expect(body).toEqual({ id: DEVICE, name: "cellar", connected: true, return_value: 42 });
  await particle.callFunction({ deviceId: DEVICE, name: "open", argument: "", auth, product: "w" });
  expect(asked).toEqual([`${DEVICE} open(wide)`, `${DEVICE} open()`]);
});

test("a variable comes with where it comes from", async () => {
  const { body } = await particle.getVariable({ deviceId: DEVICE, name: "level", auth });
  const coreInfo = {
    name: "cellar",
    deviceID: DEVICE,
    connected: true,
    last_handshake_at: "2026-03-01T11:00:00.000Z",
  };
  expect(body).toEqual({ name: "level", result: 21.5, coreInfo });
  expect((await particle.getVariable({ deviceId: DEVICE, name: "level", auth, product: "w" })).body).toEqual(body);
});

test.each([
  [{ kind: "answered", value: 21.5 }, "21.5"],
  [{ kind: "answered", value: "on & <off>" }, "on & <off>"],
] as const)("the raw value is bare text", async (answered, text) => {
  value = answered;
  const url = `/v1/devices/${DEVICE}/level?format=raw`;
  const { body, headers } = await api.app.inject({ url, headers: { authorization: `Bearer ${auth}` } });
  expect([body, headers["content-type"]]).toEqual([text, "text/plain; charset=utf-8"]);
});

test.each([
  ["arg of a form", "application/x-www-form-urlencoded", "arg=a%20b", `${DEVICE} f(a b)`],
  ["params of old clients", "application/x-www-form-urlencoded", "params=a%2Cb", `${DEVICE} f(a,b)`],
  ["args of JSON", "application/json", '{"args":"x"}', `${DEVICE} f(x)`],
  ["a number", "application/json", '{"arg":5}', `${DEVICE} f(5)`],
  ["nothing", "application/json", "", `${DEVICE} f()`],
])("%s is the argument", async (_what, type, payload, expected) => {
  const url = `/v1/devices/${DEVICE}/f`;
  const headers = { authorization: `Bearer ${auth}`, "content-type": type };
  expect((await api.app.inject({ method: "POST", url, headers, payload })).statusCode).toBe(200);
  expect(asked).toEqual([expected]);
});

test.each([
  ["an object", { arg: {} }, "arg must be a string"],
  ["two that differ", { arg: "a", args: "b" }, "Give arg or args, not both"],
  ["1025 bytes", { arg: "ü".repeat(513) }, "arg must have at most 1024 bytes"],
  ["a format that is none", { format: "xml" }, "format takes 'raw'"],
])("%s is refused", async (_what, body, error) => {
  const url = `/v1/devices/${DEVICE}/f`;
  const headers = { authorization: `Bearer ${auth}` };
  const refused = await api.app.inject({ method: "POST", url, headers, payload: body });
  expect([refused.statusCode, refused.json<{ error: string }>().error]).toEqual([400, error]);
});

test.each([
  ["not_connected", 404, "device_not_connected"],
  ["unknown", 404, "not_on_device"],
  ["not_answered", 408, "device_timed_out"],
  ["malformed", 502, "device_answer_malformed"],
  ["busy", 503, "device_busy"],
] as const)("%s is told with status %i and a next step", async (kind, statusCode, code) => {
  answer = value = { kind };
  const body = expect.objectContaining({ ok: false, code, next_step: expect.any(String) as string }) as object;
  const call = particle.callFunction({ deviceId: DEVICE, name: "f", argument: "", auth });
  await expect(call).rejects.toMatchObject({ statusCode, body });
  await expect(particle.getVariable({ deviceId: DEVICE, name: "v", auth })).rejects.toMatchObject({ statusCode, body });
});
