/** Scans of a hub and their plans, as the API shows them and refuses them. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { lineKey } from "../../core/delivery-target.ts";
import { hubSettings } from "../testing/integration-samples.ts";
import { createTestApi, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
let token: string;
let path: string;

beforeEach(async () => {
  api = createTestApi();
  const ada = await api.account("ada");
  ({ token } = ada);
  const integration = await api.directory.createIntegration(hubSettings({ kind: "sandbox", accountId: ada.id }));
  path = `/admin/v1/connections/${lineKey(integration)}`;
});

afterEach(() => api.app.close());

async function ask(
  method: "GET" | "POST" | "DELETE",
  at: string,
  body?: object,
): Promise<{ status: number; body: string }> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await api.app.inject({ method, url: `${path}/${at}`, headers, ...(body && { payload: body }) });
  return { status: answer.statusCode, body: answer.body };
}

const apply = (body: object) => ask("POST", "identity-scans/adas-scan/apply", body);

test("a scan says what it found and what could be done", async () => {
  const { status, body } = await ask("POST", "identity-scans");
  expect([status, JSON.parse(body)]).toMatchObject([
    201,
    {
      scan: {
        id: "adas-scan",
        state: "done",
        in_hub: 40,
        counts: { missing: 1, foreign: 39 },
        plan: { create: 1, delete: 0 },
      },
    },
  ]);
  expect((await ask("GET", "identity-scans/another")).status).toBe(404);
  api.hubs.scanned = "full";
  expect((await ask("POST", "identity-scans")).status).toBe(429);
});

test("lists are paged, and the file of them is no formula of a spreadsheet", async () => {
  api.hubs.identities = ['=cmd|"x"', "b"].map((hubDeviceId) => ({
    hubDeviceId,
    class: "orphaned",
    deviceId: null,
    status: "enabled",
    generationId: "g",
  }));
  const page = JSON.parse(
    (await ask("GET", "identity-scans/adas-scan/identities?class=orphaned&limit=1")).body,
  ) as object;
  expect(page).toEqual({
    identities: [
      { hub_device_id: '=cmd|"x"', class: "orphaned", action: "delete", device_id: null, status: "enabled" },
    ],
    next: 1,
  });
  const { body } = await ask("GET", "identity-scans/adas-scan/identities.csv");
  expect(body.split("\r\n")).toEqual([
    "hub_device_id,class,action,device_id,status",
    `"'=cmd|""x""",orphaned,delete,,enabled`,
    "b,orphaned,delete,,enabled",
    "",
  ]);
});

test("a plan begins with what was asked for", async () => {
  const { status } = await apply({ actions: ["create", "delete"], hub_device_ids: ["a"], confirm: { delete: 3 } });
  expect(status).toBe(202);
  expect(api.hubs.asked).toMatchObject([{ actions: ["create", "delete"], hubDeviceIds: ["a"], confirmedDeletes: 3 }]);
  const plan = JSON.parse((await ask("GET", "identity-plans/adas-plan")).body) as object;
  expect(plan).toMatchObject({ plan: { state: "running" }, lines: [{ action: "create", result: "done" }], next: null });
});

test("mass deletion is refused with the number that would have to be named", async () => {
  api.hubs.applied = { kind: "mass_deletion", count: 25, inHub: 40 };
  const { status, body } = await apply({ actions: ["delete"] });
  expect([status, JSON.parse(body)]).toMatchObject([
    409,
    { code: "mass_deletion", error: expect.stringContaining("25") as string },
  ]);
});

test.each([
  [{}, "actions"],
  [{ actions: [] }, "actions"],
  [{ actions: ["purge"] }, "actions"],
  [{ actions: "delete" }, "actions"],
  [{ actions: ["delete"], hub_device_ids: "a" }, "hub_device_ids"],
  [{ actions: ["delete"], hub_device_ids: [1] }, "hub_device_ids"],
  [{ actions: ["delete"], confirm: true }, "confirm"],
  [{ actions: ["delete"], confirm: { delete: "many" } }, "delete"],
])("%j is refused by the name of its field", async (body, field) => {
  const { status, body: answer } = await apply(body);
  expect([status, answer]).toEqual([400, expect.stringContaining(field) as string]);
  expect(api.hubs.asked).toEqual([]);
});

test.each(["not_whole", "busy", "nothing"] as const)("what cannot be applied is a conflict: %s", async (kind) => {
  api.hubs.applied = { kind };
  const { status, body } = await apply({ actions: ["create"] });
  expect([status, JSON.parse(body)]).toMatchObject([409, { next_step: expect.any(String) as string }]);
});

test("of the Local Hub only the operator decides", async () => {
  api.hubs.hostName = "local";
  expect((await ask("POST", "identity-scans")).status).toBe(403);
});
