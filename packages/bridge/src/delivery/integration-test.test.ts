import { expect, test } from "vitest";
import type { Device } from "../core/device.ts";
import { fail, succeed, type FailureCode } from "../core/failure.ts";
import type { HubEvent, Hubs } from "../core/hub-client.ts";
import type { AzureIotHubIntegration } from "../core/integration.ts";
import type { TestReport } from "../core/integration-test.ts";
import type { TestIdentity } from "../core/test-identities.ts";
import { IntegrationTests } from "./integration-test.ts";
import { aDevice, anIntegration } from "./testing/examples.ts";
import { ScriptedHub, type Fate, type HubCall } from "./testing/scripted-hub.ts";
import { VirtualClock } from "./testing/virtual-clock.ts";

type Fates = Partial<Record<HubCall, Partial<Fate> | readonly Partial<Fate>[]>>;

interface About {
  readonly integration?: Partial<AzureIotHubIntegration>;
  /** Known to the bridge. */
  readonly device?: Device;
  /** Hub device ids that the bridge sends for already. */
  readonly inUse?: readonly string[];
  readonly left?: readonly TestIdentity[];
  /** What becomes of reading the hub's endpoint; by default it shows what arrives. */
  readonly reading?: FailureCode | "blind";
}

/** Tests over one scripted hub. A list of fates is for the calls of a kind in turn. */
class Scene {
  readonly clock: VirtualClock = new VirtualClock();
  readonly hub: ScriptedHub;
  readonly arrived: { readonly deviceId: string; readonly body: string }[] = [];
  readonly notes = new Set<string>();
  readonly tests: IntegrationTests;
  clients = 0;
  readers = 0;
  opened = 0;

  constructor(fates: Fates = {}, about: About = {}) {
    const counts = new Map<HubCall, number>();
    this.hub = new ScriptedHub({
      clock: this.clock,
      fate: (call) => {
        const turn = counts.get(call) ?? 0;
        counts.set(call, turn + 1);
        const fate = fates[call];
        const one = Array.isArray(fate)
          ? (fate as readonly Partial<Fate>[])[turn]
          : (fate as Partial<Fate> | undefined);
        return { delayMs: 1, ...one };
      },
    });
    for (const { deviceId } of about.left ?? []) this.hub.put(deviceId);
    for (const { deviceId } of about.left ?? []) this.notes.add(deviceId);
    this.tests = new IntegrationTests({
      directory: {
        integration: async () => anIntegration({ event: "temp", ...about.integration }),
        connection: async (id) => ({
          id,
          hostName: "hub",
          policyName: "policy",
          policyKey: "key",
          secondaryKey: null,
          entra: null,
        }),
        device: async (id) => (about.device?.id === id ? about.device : null),
      },
      identities: {
        identity: async (_, id) =>
          about.inUse?.includes(id) === true ? { generationId: "1", nameWritten: null } : null,
      },
      notes: {
        noteTestIdentity: async ({ deviceId }) => void this.notes.add(deviceId),
        forgetTestIdentity: async ({ deviceId }) => void this.notes.delete(deviceId),
        testIdentities: async () => [...this.notes].map((deviceId) => ({ connectionId: "connection", deviceId })),
      },
      hubs: this.#hubs(about.reading),
      log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
      clock: this.clock,
    });
  }

  /** Runs one test to its report, in virtual time. */
  async run(about: { readonly deviceId?: string; readonly data?: string } = {}): Promise<TestReport> {
    let report: TestReport | "busy" | undefined;
    void this.tests.run({ integrationId: "integration", data: "21.5", ...about }).then((done) => (report = done));
    await this.clock.until(() => report !== undefined, 120_000);
    if (report === undefined || report === "busy") throw new Error("There is no report.");
    return report;
  }

  #hubs(reading: FailureCode | "blind" | undefined): Hubs {
    const listeners = new Set<(event: HubEvent) => void>();
    let sequenceNumber = 0;
    return {
      open: () => {
        this.clients += 1;
        const client = this.hub.client({
          onArrived: (deviceId, { body, messageId }) => {
            this.arrived.push({ deviceId, body: Buffer.from(body).toString("utf8") });
            const event = { deviceId, body: {}, properties: {}, systemProperties: { messageId }, partitionId: "2" };
            sequenceNumber += 1;
            const read = { ...event, sequenceNumber, enqueuedTime: this.clock.now() };
            this.clock.after(40, () => {
              if (reading === undefined) for (const listener of listeners) listener(read);
            });
          },
        });
        return {
          ...client,
          close: () => {
            this.clients -= 1;
            return client.close();
          },
        };
      },
      monitor: async (_, { onEvent, signal }) => {
        if (reading !== undefined && reading !== "blind") return fail(reading, "No.");
        this.readers += 1;
        this.opened += 1;
        listeners.add(onEvent);
        signal.addEventListener("abort", () => {
          this.readers -= 1;
          listeners.delete(onEvent);
        });
        return succeed(null);
      },
    };
  }

  /** What is left of tests. */
  get left(): object {
    return {
      identities: this.hub.identities.size,
      notes: this.notes.size,
      clients: this.clients,
      readers: this.readers,
    };
  }
}

const TIDY = { identities: 0, notes: 0, clients: 0, readers: 0 };

const failedSteps = ({ steps }: TestReport): string[] => steps.filter(({ ok }) => !ok).map(({ name }) => name);

test("a right policy passes every step, the message is seen to arrive, and nothing of the test stays", async () => {
  const scene = new Scene();
  const report = await scene.run();
  expect(report).toMatchObject({ pass: true, failure: null });
  expect(report.steps.map(({ ok }) => ok)).toEqual([true, true, true, true, true]);
  expect(report.arrival).toMatchObject({ seen: true, partitionId: "2", sequenceNumber: 1, afterMs: 41 });
  expect(JSON.parse(scene.arrived[0]!.body)).toMatchObject({ data: "21.5", event: "temp" });
  expect(report.sent?.deviceId).toBe(scene.arrived[0]!.deviceId);
  expect(Buffer.from(report.sent!.message.body).toString("utf8")).toBe(scene.arrived[0]!.body);
  expect(scene.left).toEqual(TIDY);
});

const PERMISSIONS: readonly (readonly [permission: string, fates: Fates])[] = [
  ["registry write", { create: { failure: "permission_missing" } }],
  ["registry read", { get: { failure: "permission_missing" } }],
  ["service connect", { patch: { failure: "permission_missing" } }],
  ["device connect", { send: { failure: "permission_missing" } }],
];

for (const [permission, fates] of PERMISSIONS) {
  test(`a policy without ${permission} fails the step that names it, and that alone`, async () => {
    const scene = new Scene(fates);
    const report = await scene.run();
    expect(report).toMatchObject({ pass: false, failure: { code: "permission_missing" } });
    expect(failedSteps(report)).toEqual([expect.stringContaining(`(${permission})`)]);
    expect(report.failure?.message).toContain(permission);
    expect(report.steps.find(({ ok }) => !ok)?.message).toContain("Give the policy");
    expect(scene.left).toEqual(TIDY);
  });
}

test("a key that the registry refuses while a message is taken means a missing permission", async () => {
  const report = await new Scene({ patch: { failure: "key_refused" } }).run();
  expect(report.failure?.code).toBe("permission_missing");
});

test("a wrong key is called a wrong key", async () => {
  const refused = { failure: "key_refused" } as const;
  const scene = new Scene({ create: refused, get: refused, patch: refused, send: refused });
  const report = await scene.run();
  expect(report).toMatchObject({ pass: false, failure: { code: "key_refused" }, arrival: null });
  expect(report.steps[0]?.message).toContain("Copy the policy's name and primary key");
  expect(scene.left).toEqual(TIDY);
});

const NOT_REACHED: readonly FailureCode[] = [
  "hub_not_found",
  "hub_unreachable",
  "hub_tls_failed",
  "hub_address_refused",
];

for (const failure of NOT_REACHED) {
  test(`a hub that is not reached (${failure}) ends the test at its first step`, async () => {
    const report = await new Scene({ create: { failure }, delete: { failure } }).run();
    expect(report).toMatchObject({ pass: false, failure: { code: failure } });
    expect(report.steps).toHaveLength(1);
  });
}

test("an identity whose creation was not answered is removed all the same", async () => {
  for (const failure of ["hub_unreachable", "hub_error"] as const) {
    const scene = new Scene({ create: { failure, taken: true } });
    expect((await scene.run()).failure?.code).toBe(failure);
    expect(scene.left).toEqual(TIDY);
  }
});

test("a removal that fails once is tried again; one that fails twice is reported, and made up for by the next start", async () => {
  const once = new Scene({ delete: [{ failure: "hub_error" }, {}] });
  expect((await once.run()).pass).toBe(true);
  expect(once.left).toEqual(TIDY);
  const twice = new Scene({ delete: [{ failure: "hub_error" }, { failure: "hub_error" }, {}] });
  const report = await twice.run();
  const [left] = [...twice.hub.identities.keys()];
  expect(failedSteps(report)).toEqual([`remove the test identity ${left}`]);
  expect([...twice.notes]).toEqual([left]);
  twice.tests.start();
  await twice.clock.until(() => twice.notes.size === 0 && twice.clients === 0, 10_000);
  await twice.tests.stop();
  expect(twice.left).toEqual(TIDY);
});

test("what a crash left behind is removed at the next start, and nothing else", async () => {
  const scene = new Scene({}, { left: [{ connectionId: "connection", deviceId: "isthmus-test-1" }] });
  scene.hub.put("somebody");
  scene.tests.start();
  await scene.clock.until(() => scene.notes.size === 0 && scene.clients === 0, 10_000);
  await scene.tests.stop();
  expect(scene.left).toEqual({ ...TIDY, identities: 1 });
  expect([...scene.hub.identities.keys()]).toEqual(["somebody"]);
});

test("a hub that stops answering ends the test in time, and its identity is removed when it answers again", async () => {
  const scene = new Scene({ send: { delayMs: 90_000 } });
  const report = await scene.run();
  expect(report).toMatchObject({ pass: false, failure: { code: "outcome_unknown" }, arrival: null });
  expect(report.failure?.message).toContain("did not end within 50 s");
  expect(report.steps).toHaveLength(3);
  expect(scene.hub.identities.size).toBe(1);
  await scene.clock.until(() => scene.clients === 0, 120_000);
  expect(scene.left).toEqual(TIDY);
});

test("a message that is refused fails its step, and the identity is removed", async () => {
  const scene = new Scene({ send: { failure: "message_refused" } });
  expect((await scene.run()).failure?.code).toBe("message_refused");
  expect(scene.left).toEqual(TIDY);
});

test("a template that cannot be rendered needs no hub to fail", async () => {
  const scene = new Scene({}, { integration: { template: "{{#open}}" } });
  expect(await scene.run()).toMatchObject({ pass: false, failure: { code: "template_failed" }, sent: null });
  expect(scene.arrived).toEqual([]);
});

test("the message has the body and the properties of the integration", async () => {
  const template = { t: "{{PARTICLE_EVENT_VALUE}}" };
  const scene = new Scene({}, { integration: { template, properties: { unit: "C" }, contentType: "application/x" } });
  const { sent } = await scene.run();
  expect(sent?.message).toMatchObject({ contentType: "application/x", properties: { unit: "C", event: "temp" } });
  expect(scene.arrived[0]?.body).toBe('{"t":"21.5"}');
});

test("a test as a known device uses its identity, under its prefix, and changes nothing that an event would not", async () => {
  const device = aDevice({ id: "d1" });
  const nameless = new Scene({}, { device, integration: { deviceIdPrefix: "site-" } });
  nameless.hub.put("site-d1");
  expect((await nameless.run({ deviceId: "d1" })).pass).toBe(true);
  expect(nameless.arrived).toMatchObject([{ deviceId: "site-d1" }]);
  expect(nameless.hub.identities.get("site-d1")?.desired).toEqual({});
  expect(nameless.left).toEqual({ ...TIDY, identities: 1 });
  for (const [nameSync, desired] of [
    ["continuous", { deviceName: "kitchen" }],
    ["once", {}],
  ] as const) {
    const named = new Scene({}, { device: aDevice({ id: "d1", name: "kitchen" }), integration: { nameSync } });
    named.hub.put("d1");
    await named.run({ deviceId: "d1" });
    expect(named.hub.identities.get("d1")?.desired).toEqual(desired);
  }
});

test("an identity that a known device had not before is removed again, unless the device has begun to send", async () => {
  const unused = new Scene({}, { device: aDevice({ id: "d1" }) });
  expect((await unused.run({ deviceId: "d1" })).pass).toBe(true);
  expect(unused.left).toEqual(TIDY);
  const used = new Scene({}, { device: aDevice({ id: "d1" }), inUse: ["d1"] });
  await used.run({ deviceId: "d1" });
  expect(used.left).toEqual({ ...TIDY, identities: 1 });
});

test("an integration that makes no identities is tested with those that are there, and makes none", async () => {
  const about = { device: aDevice({ id: "d1" }), integration: { createIdentities: false } };
  const there = new Scene({ create: { failure: "permission_missing" } }, about);
  there.hub.put("d1");
  expect(await there.run({ deviceId: "d1" })).toMatchObject({ pass: true, arrival: { seen: true } });
  const absent = new Scene({}, about);
  expect(await absent.run({ deviceId: "d1" })).toMatchObject({
    pass: false,
    failure: { code: "identity_not_created" },
  });
  expect(await absent.run()).toMatchObject({ pass: false, failure: { code: "identity_not_created" } });
  expect(absent.left).toEqual(TIDY);
});

test("tests at the same time share a reader, and those of one device do not take its identity from each other", async () => {
  const scene = new Scene({}, { device: aDevice({ id: "d1" }) });
  const reports = await Promise.all([scene.run({ deviceId: "d1" }), scene.run({ deviceId: "d1" }), scene.run()]);
  expect(reports.map(({ pass, arrival }) => [pass, arrival?.seen])).toEqual(Array(3).fill([true, true]));
  expect(scene.opened).toBeLessThanOrEqual(2);
  expect(scene.left).toEqual(TIDY);
});

test("too many tests at once are told so, and make nothing", async () => {
  const scene = new Scene({ create: { delayMs: 1_000 } });
  const request = { integrationId: "integration", data: "x" };
  const many = Array.from({ length: 20 }, () => scene.tests.run(request));
  let done: readonly (TestReport | "busy")[] = [];
  void Promise.all(many).then((reports) => (done = reports));
  await scene.clock.until(() => done.length > 0, 60_000);
  expect(done.filter((report) => report === "busy")).toHaveLength(4);
  expect(scene.left).toEqual(TIDY);
});

test("a hub that may not be read passes, and the report says why the arrival was not seen", async () => {
  const refused = await new Scene({}, { reading: "permission_missing" }).run();
  expect(refused).toMatchObject({ pass: true, arrival: { seen: false } });
  expect(refused.arrival).toMatchObject({ why: expect.stringContaining("service connect") });
  const blind = await new Scene({}, { reading: "blind" }).run();
  expect(blind).toMatchObject({ pass: true, arrival: { seen: false, why: expect.stringContaining("within 10 s") } });
});
