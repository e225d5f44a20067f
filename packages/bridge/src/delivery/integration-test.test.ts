import { expect, test } from "vitest";
import type { Device } from "../core/device.ts";
import type { FailureCode } from "../core/failure.ts";
import type { AzureIotHubIntegration } from "../core/integration.ts";
import type { TestReport } from "../core/ports.ts";
import { createIntegrationTest } from "./integration-test.ts";
import { aDevice, anIntegration, SOME_TIME } from "./testing/examples.ts";
import { ScriptedHub, type Fate, type HubCall } from "./testing/scripted-hub.ts";
import { VirtualClock } from "./testing/virtual-clock.ts";

type Fates = Partial<Record<HubCall, Partial<Fate> | readonly Partial<Fate>[]>>;

interface Scene {
  readonly report: TestReport;
  readonly hub: ScriptedHub;
  readonly bodies: string[];
}

/** Runs one TEST against a hub; a list of fates is for the calls of a kind in turn. */
async function run(
  fates: Fates = {},
  { integration = {}, device = null }: { integration?: Partial<AzureIotHubIntegration>; device?: Device | null } = {},
): Promise<Scene> {
  const clock = new VirtualClock();
  const counts = new Map<HubCall, number>();
  const hub = new ScriptedHub({
    clock,
    fate: (call) => {
      const turn = counts.get(call) ?? 0;
      counts.set(call, turn + 1);
      const fate = fates[call];
      const one = Array.isArray(fate) ? (fate as readonly Partial<Fate>[])[turn] : (fate as Partial<Fate> | undefined);
      return { delayMs: 1, ...one };
    },
  });
  if (device !== null) hub.put(device.id);
  const bodies: string[] = [];
  let closed = 0;
  const testIntegration = createIntegrationTest({
    directory: {
      integration: async () => anIntegration({ event: "temp", ...integration }),
      connection: async (id) => ({
        id,
        hostName: "hub",
        policyName: "policy",
        policyKey: "key",
        secondaryKey: null,
        entra: null,
      }),
      device: async () => device,
    },
    hubs: {
      open: () => {
        const client = hub.client({ onArrived: (_, { body }) => bodies.push(Buffer.from(body).toString("utf8")) });
        return { ...client, close: () => ((closed += 1), client.close()) };
      },
      monitor: () => Promise.reject(new Error("No reader.")),
    },
    now: () => SOME_TIME,
  });
  let report: TestReport | undefined;
  const request = { integrationId: "integration", data: "21.5", ...(device === null ? {} : { deviceId: device.id }) };
  void testIntegration(request).then((done) => (report = done));
  await clock.until(() => report !== undefined, 60_000);
  expect(closed).toBe(1);
  return { report: report!, hub, bodies };
}

const failedSteps = ({ steps }: TestReport): string[] => steps.filter(({ ok }) => !ok).map(({ name }) => name);

test("a right policy passes every step, and nothing of the test stays in the hub", async () => {
  const { report, hub, bodies } = await run();
  expect(report).toMatchObject({ pass: true, failure: null });
  expect(report.steps.map(({ ok }) => ok)).toEqual([true, true, true, true, true]);
  expect(hub.identities.size).toBe(0);
  expect(JSON.parse(bodies[0]!)).toMatchObject({ data: "21.5", event: "temp" });
});

const PERMISSIONS: readonly (readonly [permission: string, fates: Fates])[] = [
  ["registry write", { create: { failure: "permission_missing" } }],
  ["registry read", { get: { failure: "permission_missing" } }],
  ["service connect", { patch: { failure: "permission_missing" } }],
  ["device connect", { send: { failure: "permission_missing" } }],
];

for (const [permission, fates] of PERMISSIONS) {
  test(`a policy without ${permission} fails the step that names it, and that alone`, async () => {
    const { report, hub } = await run(fates);
    expect(report).toMatchObject({ pass: false, failure: { code: "permission_missing" } });
    expect(failedSteps(report)).toEqual([expect.stringContaining(`(${permission})`)]);
    expect(report.failure?.message).toContain(permission);
    expect(report.steps.find(({ ok }) => !ok)?.message).toContain("Give the policy");
    expect(hub.identities.size).toBe(0);
  });
}

test("a key that the registry refuses while a message is taken means a missing permission", async () => {
  const { report } = await run({ patch: { failure: "key_refused" } });
  expect(report.failure?.code).toBe("permission_missing");
});

test("a wrong key is called a wrong key", async () => {
  const refused = { failure: "key_refused" } as const;
  const { report, hub } = await run({ create: refused, get: refused, patch: refused, send: refused });
  expect(report).toMatchObject({ pass: false, failure: { code: "key_refused" } });
  expect(report.steps[0]?.message).toContain("Copy the policy's name and primary key");
  expect(hub.identities.size).toBe(0);
});

const NOT_REACHED: readonly FailureCode[] = [
  "hub_not_found",
  "hub_unreachable",
  "hub_tls_failed",
  "hub_address_refused",
];

for (const failure of NOT_REACHED) {
  test(`a hub that is not reached (${failure}) ends the test at its first step`, async () => {
    const { report } = await run({ create: { failure }, delete: { failure } });
    expect(report).toMatchObject({ pass: false, failure: { code: failure } });
    expect(report.steps).toHaveLength(1);
  });
}

test("an identity whose creation was not answered is removed all the same", async () => {
  for (const failure of ["hub_unreachable", "hub_error"] as const) {
    const { report, hub } = await run({ create: { failure, taken: true } });
    expect(report.failure?.code).toBe(failure);
    expect(hub.identities.size).toBe(0);
  }
});

test("a removal that fails once is tried again; one that fails twice is reported with the identity's name", async () => {
  const once = await run({ delete: [{ failure: "hub_error" }, {}] });
  expect(once.report.pass).toBe(true);
  expect(once.hub.identities.size).toBe(0);
  const twice = await run({ delete: { failure: "hub_error" } });
  expect(failedSteps(twice.report)).toEqual([`remove the test identity ${[...twice.hub.identities.keys()][0]}`]);
});

test("a message that is refused fails its step, and the identity is removed", async () => {
  const { report, hub } = await run({ send: { failure: "message_refused" } });
  expect(report.failure?.code).toBe("message_refused");
  expect(hub.identities.size).toBe(0);
});

test("a template that cannot be rendered needs no hub to fail", async () => {
  const { report, bodies } = await run({}, { integration: { template: "{{#open}}" } });
  expect(report).toMatchObject({ pass: false, failure: { code: "template_failed" } });
  expect(bodies).toEqual([]);
});

test("a test as a known device keeps its identity and gives the twin no name that it has not", async () => {
  const { report, hub } = await run({}, { device: aDevice({ id: "d1" }) });
  expect(report.pass).toBe(true);
  expect(hub.identities.get("d1")?.desired).toEqual({});
  const withName = await run({}, { device: aDevice({ id: "d1", name: "kitchen" }) });
  expect(withName.hub.identities.get("d1")?.desired).toEqual({ deviceName: "kitchen" });
});
