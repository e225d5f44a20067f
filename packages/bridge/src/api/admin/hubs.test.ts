import { afterEach, beforeEach, expect, test } from "vitest";
import { hubSettings } from "../testing/integration-samples.ts";
import { createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

const DEVICE = "0123456789abcdef01234567";
const FAILURE = { code: "key_refused", message: "The hub refused the key." } as const;
const REFUSED = {
  ok: false,
  error: "The hub refused the key.",
  code: "key_refused",
  next_step: expect.stringMatching(/^Copy the policy/),
};

/** What an injected request is answered. */
type Answer = Awaited<ReturnType<TestApi["app"]["inject"]>>;

let api: TestApi;
let token: string;
let integration: string;

beforeEach(async () => {
  api = createTestApi();
  const ada = await api.account("ada");
  ({ token } = ada);
  await api.directory.claimDevice(ada.id, DEVICE);
  const settings = hubSettings({ kind: "sandbox", accountId: ada.id }, { hubName: "my-hub", hostName: "h" });
  ({ id: integration } = await api.directory.createIntegration(settings));
});

afterEach(() => api.app.close());

async function get(url: string): Promise<Answer> {
  return api.app.inject({ url: `/admin/v1${url}`, headers: { authorization: `Bearer ${token}` } });
}

test("a connection is shown with its trouble and the next step", async () => {
  const connection = { hostName: "h", policyName: "p", state: "paused", failure: FAILURE, inFlight: 0 } as const;
  const nextProbeAt = api.world.now;
  const more = { nextProbeAt, since: nextProbeAt, waiting: 3, rate: { perSecond: 0, limit: null } };
  api.world.connections = [
    { ...connection, ...more, connectionId: `connection-${integration}` },
    { ...connection, ...more, connectionId: "somebody-else" },
  ];
  const shown = (await get("/connections")).json<{ connections: unknown[] }>();
  expect(shown.connections).toHaveLength(1);
  expect(shown).toMatchObject({
    connections: [
      {
        id: `connection-${integration}`,
        host_name: "h",
        policy_name: "p",
        state: "paused",
        in_flight: 0,
        waiting: 3,
        since: "2026-03-01T12:00:00.000Z",
        next_probe_at: "2026-03-01T12:00:00.000Z",
        expected_until: null,
        rate: { per_second: 0, limit: null },
        failure: { code: "key_refused", message: "The hub refused the key.", next_step: REFUSED.next_step },
        warning: null,
      },
    ],
  });
});

test("a twin is the hub's own JSON, and its absence a 404", async () => {
  const url = `/integrations/${integration}/devices/${DEVICE}/twin`;
  expect((await get(url)).statusCode).toBe(404);
  api.world.twin = { ok: true, value: { deviceId: DEVICE, properties: { desired: { deviceName: "cellar" } } } };
  expect((await get(url)).json()).toEqual(api.world.twin.value);
});

test("what the hub refuses is a bad gateway with the reason", async () => {
  api.world.twin = { ok: false, failure: FAILURE };
  api.world.monitorFailure = FAILURE;
  for (const url of [`/integrations/${integration}/devices/${DEVICE}/twin`, "/hubs/local/monitor-events"]) {
    const refused = await get(url);
    expect(refused.statusCode).toBe(502);
    expect(refused.json()).toEqual(REFUSED);
  }
});

test("a prefix before the ids in the hub changes neither whose twin nor whose messages they are", async () => {
  const asked: string[] = [];
  const prefixed = createTestApi({
    hubViews: {
      twin: async (_integration, id) => {
        asked.push(id);
        return { ok: true, value: {} };
      },
      monitor: async () => ({ ok: true, value: null }),
    },
  });
  const ada = await prefixed.account("ada");
  await prefixed.directory.claimDevice(ada.id, DEVICE);
  const settings = hubSettings({ kind: "sandbox", accountId: ada.id }, { deviceIdPrefix: "site-4:" });
  const { id } = await prefixed.directory.createIntegration(settings);
  const headers = { authorization: `Bearer ${ada.token}` };
  for (const device of [DEVICE, `site-4:${DEVICE}`, `site-4:${"e".repeat(24)}`]) {
    await prefixed.app.inject({
      url: `/admin/v1/integrations/${id}/devices/${encodeURIComponent(device)}/twin`,
      headers,
    });
  }
  expect(asked).toEqual([`site-4:${DEVICE}`, `site-4:${DEVICE}`]);
  await prefixed.app.close();
});
