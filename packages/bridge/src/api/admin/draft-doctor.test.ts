import { afterEach, beforeEach, expect, test } from "vitest";
import type { DoctorReport, DraftConnection } from "../../core/doctor.ts";
import { hubSettings } from "../testing/integration-samples.ts";
import { createTestApi, type TestApi } from "../testing/test-api.ts";

const KEY = "c2VjcmV0LWtleS1vZi1hLXBvbGljeQ==";
const HUB = { hub_name: "my-hub", policy_name: "isthmus", policy_key: KEY };

let api: TestApi;
let token: string;
let accountId: string;

beforeEach(async () => {
  api = createTestApi();
  ({ token, id: accountId } = await api.account("ada"));
});

afterEach(() => api.app.close());

async function examine(payload: object, by = token): Promise<{ status: number; text: string; json: object }> {
  const headers = { authorization: `Bearer ${by}` };
  const answer = await api.app.inject({ method: "POST", url: "/admin/v1/doctor", payload, headers });
  return { status: answer.statusCode, text: answer.body, json: answer.json() };
}

test("a hub that nobody has saved is examined with what the form says, and its key is not answered", async () => {
  api.world.doctorReport = {
    pass: false,
    checks: [{ name: "device_connect", ok: false, message: "No.", code: "permission_missing", nextStep: "Give it." }],
  };
  const { status, json, text } = await examine({ ...HUB, secondary_policy_key: "c2Vjb25k" });
  expect(status).toBe(200);
  expect(json).toEqual({
    pass: false,
    checks: [{ name: "device_connect", ok: false, message: "No.", code: "permission_missing", next_step: "Give it." }],
  });
  expect(api.world.drafts).toEqual<DraftConnection[]>([
    {
      hostName: "my-hub.azure-devices.net",
      policyName: "isthmus",
      policyKey: KEY,
      secondaryKey: "c2Vjb25k",
      entra: null,
    },
  ]);
  expect(text + api.logged.join("")).not.toContain(KEY);
});

test("a pasted connection string, the Local Hub alone and a hub without a key are enough to begin with", async () => {
  const text = `HostName=my-hub.azure-devices.net;SharedAccessKeyName=isthmus;SharedAccessKey=${KEY}`;
  await examine({ hub_name: text });
  await examine({ hub_name: "local" });
  await examine({ hub_name: "my-hub" });
  expect(api.world.drafts).toMatchObject([
    { hostName: "my-hub.azure-devices.net", policyName: "isthmus", policyKey: KEY },
    { hostName: "local", policyName: "iothubowner", policyKey: "" },
    { hostName: "my-hub.azure-devices.net", policyName: "", policyKey: "" },
  ]);
});

test.each([
  [{}, "hub_name is required"],
  [{ ...HUB, hub_name: "evil.example" }, "hub_name"],
  [{ ...HUB, policy_key: "two words" }, "policy_key"],
  [{ ...HUB, entra: { credential: "managed_identity" } }, "entra"],
  [{ ...HUB, id: 7 }, "id must be"],
])("what creating refuses is refused here too: %#", async (fields, words) => {
  const { status, json } = await examine(fields);
  expect(status).toBe(400);
  expect(json).toMatchObject({ ok: false, error: expect.stringContaining(words) as string });
  expect(api.world.drafts).toEqual([]);
});

test("a stored integration's key is tried where none is given, and never on another hub", async () => {
  const settings = { hubName: "my-hub", hostName: "my-hub.azure-devices.net", policyName: "isthmus", policyKey: KEY };
  const { id } = await api.directory.createIntegration(hubSettings({ kind: "sandbox", accountId }, settings));
  await examine({ id });
  await examine({ id, hub_name: "other-hub" });
  await examine({ id, policy_name: "owner" });
  expect(api.world.drafts.map(({ hostName, policyKey }) => [hostName, policyKey])).toEqual([
    ["my-hub.azure-devices.net", KEY],
    ["other-hub.azure-devices.net", ""],
    ["my-hub.azure-devices.net", ""],
  ]);
  const eve = await api.account("eve");
  expect((await examine({ id }, eve.token)).status).toBe(404);
});

test("one at a time for each caller, however it ends", async () => {
  await api.app.close();
  const ends: ((report: DoctorReport) => void)[] = [];
  let begun: () => void = () => undefined;
  api = createTestApi({
    diagnoseDraft: () => {
      begun();
      return new Promise((resolve) => ends.push(resolve));
    },
  });
  ({ token } = await api.account("ada"));
  for (let round = 0; round < 2; round++) {
    const isUnderWay = new Promise<void>((resolve) => (begun = resolve));
    const first = examine(HUB);
    await isUnderWay;
    expect((await examine(HUB)).status).toBe(429);
    ends[round]!({ pass: true, checks: [] });
    expect((await first).status).toBe(200);
  }
});
