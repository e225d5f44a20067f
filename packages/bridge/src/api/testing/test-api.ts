/** A whole API over fakes, listening or not, for the tests of this folder and of the command line. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import type { EventFeed } from "../../core/event-feed.ts";
import { noDeviceLinks } from "../../core/device-links.ts";
import type { DatedReport, DoctorReport, DraftConnection } from "../../core/doctor.ts";
import { refusedEntra } from "../../core/entra-rule.ts";
import { newEventId } from "../../core/ids.ts";
import type { IncomingEvent } from "../../core/accept.ts";
import type { ConnectionState, IntegrationState } from "../../core/connection-state.ts";
import type { HubViews } from "../../core/hub-views.ts";
import type { TestReport, TestRequest } from "../../core/integration-test.ts";
import type { DeviceEvent } from "../../core/device-event.ts";
import type { Failure } from "../../core/failure.ts";
import type { HubEvent } from "../../core/hub-client.ts";
import { createEventFeed } from "../../ingest/event-feed.ts";
import { createEventCounts } from "../../core/event-counts.ts";
import type { EventCounts } from "../../core/event-counts.ts";
import { SignInLinks } from "../../core/sign-in-links.ts";
import type { EventTrace } from "../../core/recent-events.ts";
import { UNLIMITED } from "../../core/rate-limit.ts";
import { startAuditLog } from "../../audit-log.ts";
import { systemClock } from "../../core/clock.ts";
import type { ApiDependencies, ApiLimits } from "../dependencies.ts";
import { createApi } from "../server.ts";
import { FakeAudit } from "./fake-audit.ts";
import { FakeDeliveries } from "./fake-deliveries.ts";
import { FakeDirectory } from "./fake-directory.ts";
import { FakeHubs } from "./fake-hubs.ts";
import { fakeSourceControl, FakeSources } from "./fake-sources.ts";
import { FakeHubDevices } from "./fake-hub-devices.ts";
import { FakeStates, FakeStateSettings } from "./fake-states.ts";
import { FakeAppKeys, FakeThings } from "./fake-things.ts";

export interface TestApi {
  readonly app: FastifyInstance;
  readonly directory: FakeDirectory;
  readonly hubs: FakeHubs;
  readonly sources: FakeSources;
  readonly hubDevices: FakeHubDevices;
  readonly states: FakeStates;
  readonly things: FakeThings;
  readonly appKeys: FakeAppKeys;
  readonly stateSettings: FakeStateSettings;
  readonly feed: EventFeed;
  readonly eventCounts: EventCounts;
  /** What reached `accept`, in order. */
  readonly accepted: IncomingEvent[];
  readonly changedIntegrations: string[];
  readonly changedSources: string[];
  readonly tests: TestRequest[];
  readonly logged: string[];
  /** What the fakes answer next; tests set it. */
  readonly world: World;
  /** Listens on a free port and returns the base URL. */
  listen(): Promise<string>;
  /** Makes an account with the password `open sesame` and a token for it. */
  account(username: string): Promise<{ readonly id: string; readonly token: string }>;
}

interface World {
  now: number;
  ready: boolean;
  /** The operator lets integrations use the server's own identity. */
  entraIdentity: boolean;
  /** Set: accept says that the disk is not there. */
  unavailable: string | null;
  testReport: TestReport;
  /** `null`: the integration has no hub. */
  doctorReport: DoctorReport | null;
  /** What the doctor was asked to look at before it was saved. */
  readonly drafts: DraftConnection[];
  readonly deliveries: FakeDeliveries;
  connections: ConnectionState[];
  integrationState: IntegrationState;
  twin: Awaited<ReturnType<HubViews["twin"]>>;
  /** Newest first, what devices have published. */
  events: DeviceEvent[];
  /** The deliveries of each of them. */
  traced: EventTrace["deliveries"];
  /** Events that a monitor shows as soon as it is open. */
  hubEvents: HubEvent[];
  /** The monitors that were opened: what they are given is shown. */
  readonly monitors: ((event: HubEvent) => void)[];
  monitorFailure: Failure | null;
}

export const PASSWORD = "open sesame";
/** Of `PASSWORD`, at a cost that tests can bear. */
const PASSWORD_HASH = "scrypt:2:1:1:aXN0aG11cy10ZXN0LXNhbA:Z2HiM77qe4hL_OVbiwbGa5e7o0TjJRZoFly0jKf6Wcg";

export const NO_LIMITS: ApiLimits = {
  address: null,
  signIns: null,
  streams: null,
  device: UNLIMITED,
  trustedProxies: [],
  elapsed: () => performance.now(),
};

export function createTestApi(overrides: Partial<ApiDependencies> = {}): TestApi {
  const world: World = {
    now: Date.parse("2026-03-01T12:00:00.000Z"),
    ready: true,
    entraIdentity: false,
    doctorReport: { pass: true, checks: [{ name: "https", ok: true, message: "Port 443 answers." }] },
    drafts: [],
    unavailable: null,
    testReport: {
      pass: true,
      failure: null,
      steps: [{ name: "send", ok: true, message: "The hub took the message." }],
      sent: null,
      arrival: null,
    },
    deliveries: new FakeDeliveries(() => world),
    connections: [],
    integrationState: { failure: null, devices: [] },
    twin: { ok: true, value: null },
    events: [],
    traced: [],
    hubEvents: [],
    monitors: [],
    monitorFailure: null,
  };
  const now = (): number => world.now;
  const directory = new FakeDirectory(now);
  const hubs = new FakeHubs(async () => directory.everyIntegration(), now);
  const feed = createEventFeed();
  const accepted: IncomingEvent[] = [];
  const changedIntegrations: string[] = [];
  const changedSources: string[] = [];
  const sources = new FakeSources(now);
  const hubDevices = new FakeHubDevices();
  const states = new FakeStates(now);
  const things = new FakeThings(states, now);
  const appKeys = new FakeAppKeys((id) => directory.product(id));
  const stateSettings = new FakeStateSettings();
  const eventCounts = createEventCounts();
  const tests: TestRequest[] = [];
  const logged: string[] = [];
  const reports = new Map<string, DatedReport>();

  const log = pino({ level: "info" }, { write: (line: string) => void logged.push(line) });
  const clock = { ...systemClock, now };

  const dependencies: ApiDependencies = {
    version: "1.2.3",
    audit: startAuditLog({ store: new FakeAudit(), directory, clock, log }),
    directory,
    feed,
    now,
    log,
    limits: NO_LIMITS,
    hubHostRule,
    hubDevices,
    states,
    things,
    thingRecords: things,
    async deviceStates(ids) {
      const known = await Promise.all(ids.map((id) => states.state(id)));
      return new Map(known.flatMap((state) => (state === null ? [] : [[state.deviceId, state] as const])));
    },
    appKeys,
    stateSettings,
    stateHubRule: hubHostRule,
    rotateSecrets: async () => 3,
    async backUp() {
      const place = await mkdtemp(join(tmpdir(), "isthmus-backup-"));
      const file = join(place, "isthmus.db");
      await writeFile(file, "all data");
      return { file, bytes: 8, remove: () => rm(place, { recursive: true }) };
    },
    diagnose: async () => world.doctorReport,
    doctorReports: {
      keepDoctorReport: async (id, report) => void reports.set(id, report),
      doctorReport: async (id) => reports.get(id) ?? null,
    },
    diagnoseDraft: async (draft) => {
      world.drafts.push(draft);
      return world.doctorReport ?? { pass: true, checks: [] };
    },
    entraRule: (credential, hostName) =>
      refusedEntra(credential, hostName, { hubHosts: ["listed.example"], ownIdentity: world.entraIdentity }),
    eventCounts,
    localHub: null,
    signInLinks: new SignInLinks(now),
    consoleFiles: null,
    health: () => ({ live: true, ready: world.ready, reasons: world.ready ? [] : ["The disk is full."], warnings: [] }),
    metrics: async () => "# HELP isthmus_up Whether it is up\nisthmus_up 1\n",
    onIntegrationChanged: async (id) => void changedIntegrations.push(id),
    accept: async (incoming) => {
      if (world.unavailable !== null) return { kind: "unavailable", message: world.unavailable, retryAfterSeconds: 3 };
      const fault = faultIn(incoming);
      if (fault !== null) return { kind: "fault", fault };
      accepted.push(incoming);
      return { kind: "accepted", matches: 0, event: eventOf(incoming, now()) };
    },
    testIntegration: async (request) => {
      tests.push(request);
      return world.testReport;
    },
    deviceLinks: noDeviceLinks,
    recentEvents: {
      recentEvents: async (scope, { limit, prefix = "", deviceId }) => {
        const inScope = async ({ name, deviceId: from }: DeviceEvent): Promise<boolean> => {
          const device = from === null ? null : await directory.device(from);
          if (device === null || !name.startsWith(prefix) || (deviceId ?? from) !== from) return false;
          return scope.kind === "sandbox" ? device.ownerId === scope.accountId : device.productId === scope.productId;
        };
        const fits = await Promise.all(world.events.map(inScope));
        return world.events.filter((_, i) => fits[i]).slice(0, limit);
      },
      recentEvent: async (id) => world.events.find((event) => event.id === id) ?? null,
      // A page's cursor is the place in the list.
      eventPage: async (view, { limit, prefix = "", deviceId, before = 0 }) => {
        const belongs = async (event: DeviceEvent): Promise<boolean> => {
          if (event.deviceId === null) return event.accountId !== undefined && event.accountId === view.accountId;
          const device = await directory.device(event.deviceId);
          const { ownerId = null, productId = null } = device ?? {};
          return (ownerId ?? -1) === view.accountId || view.productIds.includes(productId ?? -1);
        };
        const fits = await Promise.all(
          world.events.map(
            async (event) =>
              event.name.startsWith(prefix) && (deviceId ?? event.deviceId) === event.deviceId && belongs(event),
          ),
        );
        const found = world.events.flatMap((event, place) =>
          fits[place] && place >= before ? [{ event, place }] : [],
        );
        const page = found.slice(0, limit);
        return { events: page.map(({ event }) => event), next: found.length > limit ? page.at(-1)!.place + 1 : null };
      },
      eventTrace: async (id) => {
        const event = world.events.find((one) => one.id === id);
        return event === undefined ? null : { event, deliveries: world.traced };
      },
    },
    deliveries: world.deliveries,
    hubMeters: hubs.hubMeters,
    hubLimits: hubs.hubLimits,
    hubUsers: hubs.hubUsers,
    hubIdentities: hubs.hubIdentities,
    hubViews: {
      twin: async () => world.twin,
      monitor: async (_hub, { onEvent }) => {
        if (world.monitorFailure !== null) return { ok: false, failure: world.monitorFailure };
        for (const event of world.hubEvents) onEvent(event);
        world.monitors.push(onEvent);
        return { ok: true, value: null };
      },
    },
    sourceStore: sources,
    sources: fakeSourceControl({
      store: sources,
      directory,
      accept: (incoming) => dependencies.accept(incoming),
      now,
      changed: changedSources,
    }),
    ...overrides,
  };
  const app = createApi(dependencies);
  return {
    app,
    directory,
    hubs,
    feed,
    eventCounts,
    accepted,
    changedIntegrations,
    changedSources,
    sources,
    hubDevices,
    states,
    things,
    appKeys,
    stateSettings,
    tests,
    logged,
    world,
    listen: () => app.listen({ host: "127.0.0.1", port: 0 }),
    account: async (username) => {
      const { id } = (await directory.createAccount({ username, passwordHash: PASSWORD_HASH }))!;
      return { id, token: await directory.createToken({ accountId: id, client: "particle-api", expiresAt: null }) };
    },
  };
}

/** As ISTHMUS_HUB_HOSTS would list it. */
export const LISTED_HUB_HOST = "hub.factory.example";

const hubHostRule: ApiDependencies["hubHostRule"] = (hubName) => {
  if (hubName === "local") return { ok: true, hostName: "local" };
  if (/^[a-z0-9-]{3,50}$/.test(hubName)) return { ok: true, hostName: `${hubName}.azure-devices.net` };
  if (hubName === LISTED_HUB_HOST) return { ok: true, hostName: hubName };
  if (/^[a-z0-9-]{3,50}\.azure-devices\.net$/.test(hubName)) return { ok: true, hostName: hubName };
  return { ok: false, message: "must be a hub's name or host name" };
};

/** The rules of acceptance that matter to the API: that a fault becomes a 400. */
function faultIn({ name, data }: IncomingEvent): { field: "name" | "data"; message: string } | null {
  if (name.length > 64) return { field: "name", message: "name must have 1 to 64 characters" };
  if (/^(spark|particle)/i.test(name)) return { field: "name", message: "name must not begin with spark or particle" };
  if (Buffer.byteLength(data ?? "") > 1024) return { field: "data", message: "data must have at most 1024 bytes" };
  return null;
}

function eventOf(incoming: IncomingEvent, now: number): DeviceEvent {
  return {
    id: newEventId(now),
    name: incoming.name,
    data: incoming.data,
    contentType: "text/plain",
    deviceId: incoming.device?.id ?? null,
    productId: incoming.productId,
    firmwareVersion: null,
    publishedAt: now,
    receivedAt: now,
  };
}
