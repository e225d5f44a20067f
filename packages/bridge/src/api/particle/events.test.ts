import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

const DEVICE = "0123456789abcdef01234567";

/** What an injected request is answered. */
type Answer = Awaited<ReturnType<TestApi["app"]["inject"]>>;

let api: TestApi;
let token: string;

beforeEach(async () => {
  api = createTestApi();
  const ada = await api.account("ada");
  ({ token } = ada);
  await api.directory.claimDevice(ada.id, DEVICE);
});

afterEach(() => api.app.close());

async function publish(payload: object, as = token): Promise<Answer> {
  return api.app.inject({
    method: "POST",
    url: "/v1/devices/events",
    payload,
    headers: { authorization: `Bearer ${as}` },
  });
}

test("the answer carries the event's id", async () => {
  expect((await publish({ name: "temp" })).json()).toEqual({ ok: true, id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
});

test("null data and no data are the same", async () => {
  await publish({ name: "temp", data: null });
  await publish({ name: "temp" });
  expect(api.accepted.map(({ data }) => data)).toEqual([null, null]);
});

test("an account speaks as its own device when it names it", async () => {
  await publish({ name: "temp", as_device_id: DEVICE.toUpperCase() });
  expect(api.accepted).toMatchObject([{ device: { id: DEVICE } }]);
});

test("a quarantined device's event is taken, and its approval goes along", async () => {
  await api.directory.setApproval(DEVICE, "quarantined");
  const deviceToken = await api.directory.createDeviceToken(DEVICE);
  expect((await publish({ name: "temp" }, deviceToken)).statusCode).toBe(200);
  expect(api.accepted).toMatchObject([{ device: { id: DEVICE, approval: "quarantined" } }]);
});

test("when the disk is not there the publisher is told to come back", async () => {
  api.world.unavailable = "The store cannot take events now.";
  const refused = await publish({ name: "temp" });
  expect(refused.statusCode).toBe(503);
  expect(refused.headers["retry-after"]).toBe("3");
  expect(refused.json()).toEqual({
    ok: false,
    error: "server_error",
    error_description: "The store cannot take events now.",
  });
});

test("a fault of the server is logged with its cause and answered without", async () => {
  api.directory.accessToken = () => Promise.reject(new Error("database is locked"));
  const failed = await publish({ name: "temp" });
  expect(failed.statusCode).toBe(503);
  expect(failed.body).not.toContain("locked");
  const line = api.logged.find((each) => each.includes("request.failed"));
  expect(line).toContain("database is locked");
  expect(line).not.toContain(token);
});

test("what came in is not echoed by a refusal", async () => {
  const echo = "<script>alert(1)</script>";
  const refusals = [
    await publish({ name: 1, data: echo }),
    await publish({ name: "temp", as_device_id: echo }),
    await api.app.inject({ method: "POST", url: `/v1/${echo}`, payload: echo }),
  ];
  for (const { body, statusCode } of refusals) {
    expect(statusCode).toBeGreaterThanOrEqual(400);
    expect(body).not.toContain("script");
  }
});
