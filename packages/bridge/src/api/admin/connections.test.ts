/** Hub connections: who uses them, what of the day's allowance is used, and who may say what the hub is. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { hubSettings } from "../testing/integration-samples.ts";
import { createTestApi, type TestApi } from "../testing/test-api.ts";
import { lineKey } from "../../core/delivery-target.ts";

let api: TestApi;
let token: string;
let owner: string;
let connection: string;

beforeEach(async () => {
  api = createTestApi();
  ({ id: owner, token } = await api.account("ada"));
  const settings = hubSettings(
    { kind: "sandbox", accountId: owner },
    { hubName: "plant", hostName: "plant.azure-devices.net" },
  );
  connection = lineKey(await api.directory.createIntegration(settings));
});

afterEach(() => api.app.close());

interface Shown {
  readonly tier: string | null;
  readonly quota: Readonly<Record<string, unknown>>;
  readonly integrations: readonly { readonly name: string }[];
}

async function ask(
  method: "GET" | "PUT",
  body?: object,
  path = `/${connection}`,
): Promise<{ status: number; body: string }> {
  const headers = { authorization: `Bearer ${token}` };
  const url = `/admin/v1/connections${path}`;
  const answer = await api.app.inject({ method, url, headers, ...(body && { payload: body }) });
  return { status: answer.statusCode, body: answer.body };
}

async function shown(): Promise<Shown> {
  const { connections } = JSON.parse((await ask("GET", undefined, "")).body) as { connections: Shown[] };
  return connections[0]!;
}

test("a hub whose tier nobody has told shows what was used, and no forecast", async () => {
  api.hubs.day = {
    kinds: [{ kind: "telemetry", messages: 10, blocks: 12, freeBlocks: 40 }],
    lastHour: { blocks: 12, freeBlocks: 40, firstAt: api.world.now - 3_600_000 },
  };
  const { quota, integrations } = await shown();
  expect(integrations).toMatchObject([{ name: "n" }]);
  expect(quota).toMatchObject({
    allowance: null,
    used: 12,
    messages: 10,
    per_hour: 12,
    forecast: { kind: "unknown", at: null },
  });
});

test("with its tier the allowance is known, and on Free every half kilobyte counts", async () => {
  api.hubs.day = {
    kinds: [{ kind: "telemetry", messages: 1_000, blocks: 1_000, freeBlocks: 4_000 }],
    lastHour: { blocks: 1_000, freeBlocks: 4_000, firstAt: api.world.now - 3_600_000 },
  };
  expect((await ask("PUT", { tier: "f1", name: "Plant" })).status).toBe(200);
  const { quota, tier } = await shown();
  expect(tier).toBe("F1");
  // Half of 8,000 is left at noon, and as much was used in the last hour.
  expect(quota).toMatchObject({
    allowance: 8_000,
    used: 4_000,
    forecast: { kind: "ends", at: "2026-03-01T13:00:00.000Z" },
  });
});

test("a hub that says that its quota is used up is believed", async () => {
  await ask("PUT", { tier: "S1" });
  const failure = { code: "quota_exceeded", message: "The hub takes no more today." } as const;
  api.world.connections = [
    {
      connectionId: connection,
      hostName: "plant.azure-devices.net",
      policyName: "p",
      state: "paused",
      failure,
      nextProbeAt: null,
      since: null,
      inFlight: 0,
      waiting: 0,
      rate: { perSecond: 0, limit: null },
    },
  ];
  const { quota } = await shown();
  expect(quota).toMatchObject({
    used: 400_000,
    told_by_hub: true,
    forecast: { kind: "ended", at: "2026-03-02T00:00:00.000Z" },
  });
});

test("one connection comes with the use of its last day", async () => {
  const { status, body } = await ask("GET");
  expect([status, JSON.parse(body)]).toMatchObject([
    200,
    { last_24h: [{ messages: 3 }], connection: { id: connection } },
  ]);
});

test.each([
  [{ tier: "S9" }, "tier"],
  [{ tier: 7 }, "tier"],
  [{ tier: "F1", units: 2 }, "units"],
  [{ tier: "S3", units: 11 }, "units"],
  [{ units: 0 }, "units"],
  [{ units: 1.5 }, "units"],
  [{ name: ["x"] }, "name"],
  [{ name: "x".repeat(101) }, "name"],
  [[], "body"],
])("%j is refused by the name of its field", async (body, field) => {
  const { status, body: answer } = await ask("PUT", body);
  expect([status, answer]).toEqual([400, expect.stringContaining(field) as string]);
  expect(api.hubs.facts.size).toBe(0);
});

test("the Local Hub is described by its operator only, and its tier is not told but started with", async () => {
  api.hubs.hostName = "local";
  expect(await ask("PUT", { name: "Desk" })).toMatchObject({ status: 403 });
  const operator = (await api.directory.createAccount({ username: "root", passwordHash: "", operator: true }))!;
  token = await api.directory.createToken({ accountId: operator.id, client: "c", expiresAt: null });
  await api.directory.createIntegration(hubSettings({ kind: "sandbox", accountId: operator.id }));
  connection = (JSON.parse((await ask("GET", undefined, "")).body) as { connections: { id: string }[] }).connections[0]!
    .id;
  expect(await ask("PUT", { tier: "S1" })).toMatchObject({ status: 400 });
  expect(await ask("PUT", { name: "Desk" })).toMatchObject({ status: 200 });
});

test("how much of the Local Hub all accounts use together is for its operator", async () => {
  api.hubs.hostName = "local";
  const seen = async (): Promise<{ quota: object | null }> => {
    const { body } = await ask("GET", undefined, "");
    return (JSON.parse(body) as { connections: { quota: object | null }[] }).connections[0]!;
  };
  expect((await seen()).quota).toBeNull();
  const operator = (await api.directory.createAccount({ username: "root", passwordHash: "", operator: true }))!;
  token = await api.directory.createToken({ accountId: operator.id, client: "c", expiresAt: null });
  await api.directory.createIntegration(hubSettings({ kind: "sandbox", accountId: operator.id }));
  expect((await seen()).quota).toMatchObject({ used: 0 });
});

test("who shares a connection with others does not decide about its hub", async () => {
  const eve = await api.account("eve");
  const settings = hubSettings(
    { kind: "sandbox", accountId: eve.id },
    { hubName: "plant", hostName: "plant.azure-devices.net" },
  );
  const other = await api.directory.createIntegration(settings);
  api.hubs.hubUsers = async () => ({
    hostName: "plant.azure-devices.net",
    policyName: "p",
    scopes: [
      { kind: "sandbox", accountId: owner },
      { kind: "sandbox", accountId: eve.id },
    ],
  });
  await api.app.close();
  const { hubUsers } = api.hubs;
  api = createTestApi({ directory: api.directory, hubUsers });
  expect((await ask("PUT", { tier: "S1" })).status).toBe(403);
  expect((await ask("PUT", { tier: "S1" }, `/${lineKey(other)}`)).status).toBe(404);
});
