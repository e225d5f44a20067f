import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestApi } from "../../testing/test-api.ts";
import type { TestApi } from "../../testing/test-api.ts";
import type { ConnectionState } from "../../../core/connection-state.ts";

interface Overview {
  readonly pace: { in_per_second: number } | null;
  readonly ledger: Record<string, number>;
  readonly integrations: number;
  readonly hubs: readonly { id: string; link: string; state: string }[];
  readonly attention: readonly { kind: string; tone: string; title: string; next_step: string; link: string }[];
}

const DEVICE = "0123456789abcdef01234567";
let api: TestApi;
let ada: { readonly id: string; readonly token: string };

beforeEach(async () => {
  api = createTestApi();
  ada = await api.account("ada");
});

afterEach(() => api.app.close());

async function overview(token: string = ada.token): Promise<Overview> {
  const answer = await api.app.inject({
    url: "/admin/v1/overview",
    headers: { authorization: `Bearer ${token}` },
  });
  expect(answer.statusCode).toBe(200);
  return answer.json();
}

async function makeIntegration(): Promise<string> {
  const answer = await api.app.inject({
    method: "POST",
    url: "/v1/integrations",
    headers: { authorization: `Bearer ${ada.token}` },
    payload: {
      integration_type: "AzureIotHub",
      event: "weather",
      hub_name: "acme",
      policy_name: "bridge",
      policy_key: Buffer.alloc(32, 7).toString("base64"),
    },
  });
  return answer.json<{ id: string }>().id;
}

async function connectionOf(id: string): Promise<string> {
  const integration = await api.directory.integration(id);
  if (integration?.type !== "AzureIotHub") throw new Error("no hub");
  return integration.connectionId;
}

function paused(connectionId: string): ConnectionState {
  return {
    connectionId,
    hostName: "acme.azure-devices.net",
    policyName: "bridge",
    state: "paused",
    failure: { code: "key_refused", message: "The hub refuses the key." },
    nextProbeAt: null,
    since: api.world.now,
    inFlight: 0,
    waiting: 2,
    rate: { perSecond: 0, limit: null },
  } as ConnectionState;
}

test("what is new has nothing, and nothing needs anybody", async () => {
  expect(await overview()).toMatchObject({
    pace: null,
    ledger: { accepted: 0, delivered: 0, pending: 0, parked: 0 },
    integrations: 0,
    hubs: [],
    attention: [],
  });
});

test("the pace is what was accepted between two looks", async () => {
  await overview();
  for (let i = 0; i < 20; i++) api.eventCounts.count({ ownerId: ada.id, productId: null });
  api.world.now += 2_000;
  expect((await overview()).pace).toEqual({ in_per_second: 10, out_per_second: 0 });
});

test("a hub that refuses the key stands first, with what mends it and where", async () => {
  const id = await makeIntegration();
  const connection = await connectionOf(id);
  api.world.connections = [paused(connection)];
  const { hubs, attention } = await overview();
  expect(hubs).toMatchObject([{ id: connection, link: `/hubs/${connection}`, state: "paused" }]);
  expect(attention[0]).toMatchObject({ kind: "target_paused", tone: "bad", link: `/hubs/${connection}` });
  expect(attention[0]?.next_step).not.toBe("");
});

test("nobody sees other people's hubs, rates and troubles", async () => {
  const connection = await connectionOf(await makeIntegration());
  api.world.connections = [paused(connection)];
  const eve = await api.account("eve");
  await overview(eve.token);
  for (let i = 0; i < 20; i++) api.eventCounts.count({ ownerId: ada.id, productId: null });
  api.world.now += 2_000;
  expect(await overview(eve.token)).toMatchObject({
    pace: { in_per_second: 0 },
    integrations: 0,
    hubs: [],
    attention: [],
  });
});

test("devices that wait for approval are counted, with the way to them", async () => {
  const product = (await api.directory.createProduct({
    ownerId: ada.id,
    name: "Weather",
    slug: "weather",
    description: "",
  }))!;
  await api.directory.addToProduct(product.id, [DEVICE]);
  await api.directory.setApproval(DEVICE, "quarantined");
  const { attention } = await overview();
  expect(attention).toMatchObject([
    {
      kind: "approval",
      title: "1 device of Weather waits for approval",
      link: "/devices?product=weather&approval=quarantined",
    },
  ]);
});

test("only the operator is told of the server's own troubles", async () => {
  const root = (await api.directory.createAccount({ username: "root", passwordHash: "x", operator: true }))!;
  const token = await api.directory.createToken({ accountId: root.id, client: "cli", expiresAt: null });
  api.world.ready = false;
  expect((await overview(token)).attention).toMatchObject([{ kind: "server", message: "The disk is full." }]);
  expect((await overview()).attention).toEqual([]);
});

test("the operator is told of devices that are missing in a hub, and of a hub that does not mirror, with a way that is there", async () => {
  const root = (await api.directory.createAccount({ username: "root", passwordHash: "x", operator: true }))!;
  const token = await api.directory.createToken({ accountId: root.id, client: "cli", expiresAt: null });
  const failure = { code: "key_refused", message: "The hub refuses the key." } as const;
  api.states.reports = [
    {
      connectionId: "para",
      hostName: "acme.azure-devices.net",
      devices: 3,
      pending: 1,
      missing: 2,
      oldestPending: null,
      removals: 0,
      writing: { failure },
      reading: {
        consumerGroup: "$Default",
        isReading: true,
        failure: null,
        lastEventAt: null,
        behind: null,
        expired: 0,
      },
      sweep: { lastAt: null, lastMs: null, repaired: 0, failure: null },
    },
  ];
  expect((await overview(token)).attention).toMatchObject([
    { kind: "state_hub", tone: "bad", title: "States are not written to acme.azure-devices.net", link: "/hubs" },
    { kind: "state_hub", tone: "wait", title: "2 devices are missing in acme.azure-devices.net", link: "/things" },
  ]);
  expect((await overview()).attention).toEqual([]);
});

test("the history has every hour of the last day", async () => {
  await makeIntegration();
  const headers = { authorization: `Bearer ${ada.token}` };
  const answer = await api.app.inject({ url: "/admin/v1/overview/history", headers });
  const { points } = answer.json<{ points: { time: number }[] }>();
  expect(points).toHaveLength(24);
  expect(new Date(points[23]!.time).toISOString()).toBe("2026-03-01T12:00:00.000Z");
});
