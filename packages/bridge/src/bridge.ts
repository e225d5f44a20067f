/** The composition root: the only file that knows every part of the bridge. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import { createApi } from "./api/server.ts";
import { startAuditLog } from "./audit-log.ts";
import type { Config } from "./config.ts";
import { readConsole } from "./console-files.ts";
import { systemClock } from "./core/clock.ts";
import { refusedEntra } from "./core/entra-rule.ts";
import { counted, createEventCounts } from "./core/event-counts.ts";
import { noDeviceLinks } from "./core/device-links.ts";
import type { Failure } from "./core/failure.ts";
import type { HubViews } from "./core/hub-views.ts";
import { SignInLinks } from "./core/sign-in-links.ts";
import { RateLimit, UNLIMITED } from "./core/rate-limit.ts";
import { Dispatcher } from "./delivery/dispatcher.ts";
import { IntegrationTests } from "./delivery/integration-test.ts";
import { diagnose } from "./hub/doctor/diagnose.ts";
import { createDeliveries, tellLanes } from "./deliveries.ts";
import { testWebhook } from "./delivery/webhook/webhook-test.ts";
import { pausedTargets, watchHealth } from "./health.ts";
import { createHubClients } from "./hub-clients.ts";
import { createHubReach } from "./hub-reach.ts";
import { createHubIdentities, hubUsersOf } from "./hub-identities.ts";
import { createHubViews } from "./hub-views.ts";
import { createAccept } from "./ingest/accept.ts";
import { watchBacklogs } from "./ingest/backlog-limit.ts";
import { eventFault } from "./ingest/event-rules.ts";
import { createEventFeed } from "./ingest/event-feed.ts";
import { Matcher } from "./ingest/matcher.ts";
import { startMqttServer, type MqttServer } from "./ingest/mqtt/mqtt-server.ts";
import { SourceRunner } from "./ingest/source-runner.ts";
import { hookEventTeller } from "./ingest/hook-event-teller.ts";
import { createIntegrationChanges } from "./integration-changes.ts";
import { createLocalHubControl } from "./local-hub-control.ts";
import { createHubDevices } from "./hub-devices.ts";
import { LocalHub } from "./local-hub.ts";
import { localHubLimits } from "./local-hub-limits.ts";
import { createMetrics, timed } from "./metrics.ts";
import { startReplays } from "./replay-runner.ts";
import { createStateMirror } from "./state-mirror.ts";
import { startRetention } from "./store/retention.ts";
import { openSqliteStore, type SqliteStore } from "./store/sqlite-store.ts";
import { ownVersion } from "./version.ts";
import { createWebhookClient } from "./webhook/webhook-client.ts";

export interface Bridge {
  /** Where API and health answer, without trailing slash. */
  readonly url: string;
  /** Where devices connect; `null` where nothing listens. */
  readonly mqttUrl: string | null;
  readonly mqttsUrl: string | null;
  readonly store: SqliteStore;
  readonly localHub: LocalHub | null;
  readonly hubViews: HubViews;
  readonly signInLinks: SignInLinks;
  /** False where the console was not built. */
  readonly hasConsole: boolean;
  /** Takes no more, lets what is under way end, closes everything. What is not delivered stays pending. */
  stop(): Promise<void>;
}

export interface BridgeOptions {
  readonly config: Config;
  readonly log: Logger;
  /** The disk failed: the process must end. */
  readonly onFatal: (error: Error) => void;
}

export async function startBridge({ config, log, onFatal }: BridgeOptions): Promise<Bridge> {
  mkdirSync(config.dataFolder, { recursive: true, mode: 0o700 });
  const opened: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of opened.splice(0).reverse()) await close();
  };
  try {
    return { ...(await open({ config, log, onFatal, opened })), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Opening extends BridgeOptions {
  /** How to close what was opened so far; done in reverse. */
  readonly opened: (() => Promise<unknown>)[];
}

async function open(opening: Opening): Promise<Omit<Bridge, "stop">> {
  const { config, log, onFatal, opened } = opening;
  let mqtt: MqttServer | undefined;
  const metrics = createMetrics({
    integrations: () => store.allIntegrations(),
    ledgers: () => store.ledgers(),
    oldest: () => store.oldest(),
    failures: () => store.failedTries(),
    connections: () => dispatcher.connections(),
    storeDepth: () => store.depth(),
    deviceConnections: () => mqtt?.connections() ?? 0,
    streams: () => feed.listeners,
    sourceStates: async () => (await store.allSources()).map((source) => sources.state(source).state),
    states: () => mirror.measured,
    isReady: () => watch.health().ready,
    incidents: () => store.incidents(),
    now: Date.now,
  });
  const store = await openSqliteStore({
    folder: config.dataFolder,
    secretKey: config.secretKey,
    onFatal,
    onDeviceChanged: (id) => mqtt?.deviceChanged(id),
    onDeviceRenamed: (id) =>
      void renamed(id).catch((error: unknown) => log.error({ reason: String(error) }, "rename.failed")),
    onDeliveriesEnded: (changes) => tellLanes(dispatcher, changes),
    onFlushed: metrics.flushed,
    onIncident: ({ kind, message }) => log.error({ kind, reason: message }, "incident.found"),
  });
  opened.push(() => store.close());
  const localHub = await startLocalHub(opening);

  const feed = createEventFeed();
  const eventCounts = createEventCounts();
  const localHubControl = localHub === null ? null : createLocalHubControl(localHub);
  opened.push(async () => localHubControl?.close());
  const webhookClient = createWebhookClient({
    allowPrivate: (host) => config.webhookHosts === "any" || config.webhookHosts.includes(host),
  });
  opened.push(() => webhookClient.close());
  const webhooks = {
    client: webhookClient,
    secrets: (id: string) => store.webhookSecrets(id),
    onHookEvents: hookEventTeller({ feed, links: () => mqtt?.links ?? noDeviceLinks, now: Date.now }),
  };
  const reach = createHubReach({ store, localHub, hubHosts: config.hubHosts, paraHub: config.para.hub });
  const directory = {
    device: (id: string) => store.device(id),
    integration: (id: string) => store.integration(id),
    allIntegrations: () => store.allIntegrations(),
    connection: (id: string) => reach.connection(id),
  };
  const { toHubs, hubs, testHubs, clients, notes, stop } = createHubClients({
    store,
    reach,
    entraAuthority: config.entraAuthority,
    log,
  });
  opened.push(stop);
  const mirror = createStateMirror({
    store,
    reach,
    clients,
    noteTwinChange: notes.note,
    para: config.para,
    log,
  });
  opened.push(() => mirror.stop());
  const dispatcher = new Dispatcher({ queue: store, directory, identities: store, hubs, webhooks, log });
  await dispatcher.start();
  opened.push(() => dispatcher.stop());
  const renamed = async (deviceId: string): Promise<void> => {
    const device = await store.device(deviceId);
    if (device !== null) await dispatcher.deviceRenamed(device);
  };
  const retention = await startRetention({
    store,
    defaults: config.retention,
    onExpired: (changes) => tellLanes(dispatcher, changes),
    log,
  });
  opened.push(() => retention.stop());
  const replays = startReplays({ store, onQueued: (queue, ids) => dispatcher.retried(queue, ids), log });
  opened.push(() => replays.stop());
  const tests = new IntegrationTests({ directory, hubs: testHubs, identities: store, notes: store, log });
  tests.start();
  opened.push(() => tests.stop());

  let incidents = await store.incidents();
  const deliveries = createDeliveries({
    store,
    dispatcher,
    retention,
    replays,
    eventFault,
    onAcknowledged: (id) => (incidents = incidents.filter((incident) => incident.id !== id)),
    now: Date.now,
  });
  const watch = watchHealth({
    isStoreAlive: () => store.isAlive(),
    fullAt: () => store.fullAt(),
    waitedMs: () => store.waitedMs(),
    paused: () => pausedTargets(dispatcher.connections()),
    incidents: () => incidents.map(({ message }) => message),
    now: Date.now,
  });
  opened.push(async () => watch.stop());
  const backlogs = watchBacklogs(() => store.overBacklog(config.backlogLimit));
  opened.push(() => backlogs.stop());

  const { elapsed } = systemClock;
  const { deviceRate } = config.limits;
  // One for all doors: a device that comes by two of them is still one device.
  const device = deviceRate === null ? UNLIMITED : new RateLimit({ rate: deviceRate, elapsed });
  const matcher = new Matcher();
  matcher.load(await store.allIntegrations());
  const accept = timed(
    createAccept({
      matcher,
      log: store,
      onAccepted: (accepted) => dispatcher.offer(accepted),
      feed: counted(feed, eventCounts),
      full: (ids) => backlogs.full(ids),
    }),
    metrics.accepted,
  );
  mqtt = await startMqttServer({
    ...config.mqtt,
    host: config.host,
    accept,
    devices: store,
    traces: store,
    states: mirror.states,
    rate: device,
    answerWithin: config.callTimeoutMs,
    log,
  });
  opened.push(async () => mqtt?.close());
  const sources = new SourceRunner({
    accept,
    store,
    directory: store,
    hosts: config.sourceHosts,
    clock: systemClock,
    log,
  });
  opened.push(() => sources.stop());

  const integrationChanged = createIntegrationChanges({ store, dispatcher, matcher, log });
  const identityChanged = (id: string, inHub: string): void => dispatcher.identityChanged(id, inHub);
  const hubIdentities = createHubIdentities({
    store,
    reach,
    open: (id) => clients.open(id),
    onChanged: identityChanged,
    log,
  });
  opened.push(() => hubIdentities.stop());
  const hubViews = createHubViews({ reach, hubs, openClient: (id) => dispatcher.hubClient(id) });
  const audit = startAuditLog({ store, directory: store, clock: systemClock, log });
  opened.push(() => audit.stop());
  const signInLinks = new SignInLinks(Date.now);
  const consoleFiles = readConsole();
  const api = createApi({
    signInLinks,
    localHub: localHubControl,
    eventCounts,
    audit,
    version: ownVersion(),
    states: mirror.states,
    things: mirror.things,
    thingRecords: store,
    deviceStates: store.deviceStates,
    appKeys: store,
    stateSettings: store,
    stateHubRule: (name) => reach.hostOf(name),
    directory: store,
    feed,
    accept,
    sourceStore: store,
    sources,
    deliveries,
    recentEvents: store,
    async testIntegration(asked) {
      const integration = await store.integration(asked.integrationId);
      if (integration?.type !== "Webhook") return tests.run(asked);
      return testWebhook(integration, asked, { ...webhooks, device: (id) => store.device(id), clock: systemClock });
    },
    hubViews,
    hubDevices: createHubDevices({ clients, reach, store, notes, onChanged: identityChanged }),
    hubMeters: store,
    hubLimits: localHubLimits(localHubControl, Date.now),
    hubUsers: hubUsersOf({ store, reach }),
    hubIdentities,
    deviceLinks: mqtt.links,
    async onIntegrationChanged(id) {
      await integrationChanged(id);
      // Integrations and states that name the same hub share its keys.
      await mirror.connectionsChanged();
    },
    hubHostRule: (name) => reach.hostOf(name),
    async diagnose(integrationId) {
      const connection = await reach.connectionOf(integrationId);
      const pausedBy = (id: string): Failure | null =>
        dispatcher.connections().find(({ connectionId }) => connectionId === id)?.failure ?? null;
      return connection === null ? null : diagnose({ ...toHubs, pausedBy }, connection);
    },
    doctorReports: store,
    diagnoseDraft: (draft) => diagnose(toHubs, reach.withKey({ ...draft, id: "draft" })),
    rotateSecrets: () => store.rotateSecrets(),
    backUp: () => store.backUp(),
    entraRule: (credential, hostName) =>
      refusedEntra(credential, hostName, { hubHosts: config.hubHosts, ownIdentity: config.entraIdentity }),
    consoleFiles,
    health: () => watch.health(),
    metrics: () => metrics.text(),
    limits: { ...config.limits, signIns: config.limits.address === null ? null : SIGN_INS, device, elapsed },
    now: Date.now,
    log,
  });
  opened.push(() => api.close());
  await sources.start();
  await mirror.start();
  const address = await api.listen({ host: config.host, port: config.port });
  const url = address.replace(/\/$/, "");
  const deviceUrl = (scheme: string, port: number | null): string | null =>
    port === null ? null : `${scheme}://${new URL(url).hostname}:${port}`;
  const mqttUrl = deviceUrl("mqtt", mqtt.port);
  const mqttsUrl = deviceUrl("mqtts", mqtt.tlsPort);
  return { url, mqttUrl, mqttsUrl, store, localHub, hubViews, signInLinks, hasConsole: consoleFiles !== null };
}

/** Of one address in five minutes, as in the device cloud; those who lift the limit of addresses lift this one too. */
const SIGN_INS = 100;

async function startLocalHub({ config, log, opened }: Opening): Promise<LocalHub | null> {
  if (!config.localHub) return null;
  const folder = join(config.dataFolder, "local-hub");
  const localHub = await LocalHub.start({ folder, environment: config.localHubEnvironment, log });
  opened.push(() => localHub.stop());
  return localHub;
}
