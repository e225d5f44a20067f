import { afterEach, beforeEach, expect, test } from "vitest";
import type { LocalHubControl, LocalHubReport } from "../../core/local-hub-control.ts";
import { createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

const REPORT: LocalHubReport = {
  hostName: "localhost",
  ports: { https: 8443, amqps: 5671, mqtts: 8883, amqp: 5672 },
  ca: "PEM",
  caFile: "/data/ca.pem",
  idScope: "0ne",
  connectionStrings: [{ name: "iothubowner", permissions: ["RegistryRead"], value: "HostName=localhost;…" }],
  limits: { tier: "S1", units: 1, quota: { limit: 400_000, used: 3, resetsAt: "2026-03-02T00:00:00.000Z" } },
  faults: [],
  connected: 2,
};

let asked: unknown[];
let api: TestApi;
let token: string;

beforeEach(async () => {
  asked = [];
  await start({
    report: async () => ({ ok: true, value: REPORT }),
    changeLimits: async (limits) => {
      asked.push(limits);
      return { ok: true, value: { ...REPORT.limits, ...limits } };
    },
    addFault: async (rule) => {
      asked.push(rule);
      return { ok: true, value: { id: "1", where: {}, effect: {}, struck: 0, active: true } };
    },
    removeFault: async () => ({ ok: false, reason: "unknown", message: "There is no fault 9." }),
    clearFaults: async () => ({ ok: true, value: null }),
  });
});

afterEach(() => api.app.close());

async function start(localHub: LocalHubControl | null): Promise<void> {
  api = createTestApi({ localHub });
  const root = (await api.directory.createAccount({ username: "root", passwordHash: "x", operator: true }))!;
  token = await api.directory.createToken({ accountId: root.id, client: "cli", expiresAt: null });
}

async function call(method: "GET" | "PUT" | "POST" | "DELETE", path: string, body?: object): Promise<object> {
  const headers = { authorization: `Bearer ${token}` };
  const url = `/admin/v1/local-hub${path}`;
  const answer = await api.app.inject({ method, url, headers, ...(body && { payload: body }) });
  return { status: answer.statusCode, json: answer.body === "" ? null : answer.json<unknown>() };
}

test("the operator sees where the hub is and how to sign in", async () => {
  expect(await call("GET", "")).toMatchObject({
    status: 200,
    json: {
      host_name: "localhost",
      ports: { https: 8443 },
      ca: "PEM",
      connection_strings: [{ name: "iothubowner" }],
      limits: { tier: "S1", quota: { used: 3, resets_at: "2026-03-02T00:00:00.000Z" } },
      connected: 2,
    },
  });
});

test("the tier changes, null meaning none", async () => {
  expect(await call("PUT", "/limits", { tier: "F1" })).toMatchObject({ status: 200, json: { limits: { tier: "F1" } } });
  expect(await call("PUT", "/limits", { tier: null, units: 2 })).toMatchObject({ status: 200 });
  expect(asked).toEqual([
    { tier: "F1", units: 1 },
    { tier: null, units: 2 },
  ]);
  for (const body of [{}, { tier: 7 }, { tier: "F1", units: 0 }, { tier: "F1", units: "many" }]) {
    expect(await call("PUT", "/limits", body)).toMatchObject({ status: 400, json: { ok: false } });
  }
});

test("only what a rule is made of reaches the hub", async () => {
  const rule = { where: { point: "telemetry" }, effect: { kind: "delay", ms: 10 }, times: 3 };
  expect(await call("POST", "/faults", { ...rule, id: "../policies", path: "/admin/reset" })).toMatchObject({
    status: 201,
    json: { fault: { id: "1" } },
  });
  expect(asked).toEqual([rule]);
});

test("faults are switched off, and one that is not there is not found", async () => {
  expect(await call("DELETE", "/faults")).toEqual({ status: 204, json: null });
  expect(await call("DELETE", "/faults/9")).toMatchObject({ status: 404, json: { error: "Fault not found" } });
});

test("where there is no Local Hub the answer says how to have one", async () => {
  await api.app.close();
  await start(null);
  expect(await call("GET", "")).toMatchObject({
    status: 404,
    json: { code: "local_hub_off", next_step: expect.stringContaining("ISTHMUS_LOCAL_HUB=on") as string },
  });
});

test("a hub that does not answer is no fault of this server", async () => {
  await api.app.close();
  const silent = async (): Promise<{ ok: false; reason: "unreachable"; message: string }> => ({
    ok: false,
    reason: "unreachable",
    message: "The Local Hub does not answer.",
  });
  await start({ report: silent, changeLimits: silent, addFault: silent, removeFault: silent, clearFaults: silent });
  expect(await call("GET", "")).toMatchObject({ status: 502, json: { code: "local_hub_unreachable" } });
});
