/** The composition root: the only file that knows every part of the bridge. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { createApi } from "./api/server.ts";
import type { Config } from "./config.ts";
import { systemClock } from "./core/clock.ts";
import { refusedEntra } from "./core/entra-rule.ts";
import { hubHost, LOCAL_HUB } from "./core/hub-host.ts";
import { noDeviceLinks } from "./core/device-links.ts";
import type { HubEndpoint } from "./core/hub-client.ts";
import { fail } from "./core/failure.ts";
import type { HubConnection } from "./core/integration.ts";
import type { Accept, ConnectionState, HubViews } from "./core/ports.ts";
import { RateLimit, UNLIMITED } from "./core/rate-limit.ts";
import { Dispatcher } from "./delivery/dispatcher.ts";
import { IntegrationTests } from "./delivery/integration-test.ts";
import { diagnose } from "./hub/doctor/diagnose.ts";
import { createDeliveries, tellLanes } from "./deliveries.ts";
import { testWebhook } from "./delivery/webhook/webhook-test.ts";
import { createHubs } from "./hub/hubs.ts";
import { watchHealth } from "./health.ts";
import { createAccept } from "./ingest/accept.ts";
import { watchBacklogs } from "./ingest/backlog-limit.ts";
import { eventFault } from "./ingest/event-rules.ts";
import { createEventFeed } from "./ingest/event-feed.ts";
import { Matcher } from "./ingest/matcher.ts";
import { startMqttServer, type MqttServer } from "./ingest/mqtt/mqtt-server.ts";
import { SourceRunner } from "./ingest/source-runner.ts";
import { LocalHub } from "./local-hub.ts";
import { hookEventTeller } from "./ingest/hook-event-teller.ts";
import { createMetrics } from "./metrics.ts";
import { startReplays } from "./replay-runner.ts";
import { startRetention } from "./store/retention.ts";
import { openSqliteStore, type SqliteStore } from "./store/sqlite-store.ts";
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
    return await open({ config, log, onFatal }, opened, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function open(
  { config, log, onFatal }: BridgeOptions,
  opened: (() => Promise<unknown>)[],
  stop: () => Promise<void>,
): Promise<Bridge> {
  let mqtt: MqttServer | undefined;
  const metrics = createMetrics({
    integrations: () => store.allIntegrations(),
    ledgers: () => store.ledgers(),
    oldest: () => store.oldest(),
    failures: () => store.failedTries(),
    connections: () => dispatcher.connections(),
    storeDepth: () => store.depth(),
    deviceConnections: () => mqtt?.connections() ?? 0,
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
    onFlushed: metrics.flushed,
    onIncident: ({ kind, message }) => log.error({ kind, reason: message }, "incident.found"),
  });
  opened.push(() => store.close());

  const localHub = config.localHub
    ? await LocalHub.start({
        folder: join(config.dataFolder, "local-hub"),
        environment: config.localHubEnvironment,
        log,
      })
    : null;
  if (localHub !== null) opened.push(() => localHub.stop());

  const directory = {
    device: (id: string) => store.device(id),
    integration: (id: string) => store.integration(id),
    allIntegrations: () => store.allIntegrations(),
    connection: async (id: string) => withLocalKey(await store.connection(id), localHub),
  };
  const feed = createEventFeed();
  const webhookClient = createWebhookClient({
    allowPrivate: (host) => config.webhookHosts === "any" || config.webhookHosts.includes(host),
  });
  opened.push(() => webhookClient.close());
  const webhooks = {
    client: webhookClient,
    secrets: (id: string) => store.webhookSecrets(id),
    onHookEvents: hookEventTeller({ feed, links: () => mqtt?.links ?? noDeviceLinks, now: Date.now }),
  };
  const reach = {
    endpointOf: (connection: HubConnection) => endpointOf(connection, localHub, config),
    now: Date.now,
    entra: config.entraAuthority === null ? {} : { authority: config.entraAuthority },
  };
  const hubs = createHubs({ ...reach, log });
  const dispatcher = new Dispatcher({ queue: store, directory, identities: store, hubs, webhooks, log });
  const matcher = new Matcher();
  await dispatcher.start();
  opened.push(() => dispatcher.stop());
  matcher.load(await store.allIntegrations());
  const retention = await startRetention({
    store,
    defaults: config.retention,
    onExpired: (changes) => tellLanes(dispatcher, changes),
    log,
  });
  opened.push(() => retention.stop());
  const replays = startReplays({ store, onQueued: (queue, ids) => dispatcher.retried(queue, ids), log });
  opened.push(() => replays.stop());

  const renamed = async (deviceId: string): Promise<void> => {
    const device = await store.device(deviceId);
    if (device !== null) await dispatcher.deviceRenamed(device);
  };

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

  const connectionOf = async (hub: string): Promise<HubConnection | null> => {
    if (hub === LOCAL_HUB) return localHub === null ? null : withLocalKey(localConnection, localHub);
    const integration = await store.integration(hub);
    return integration?.type === "AzureIotHub" ? directory.connection(integration.connectionId) : null;
  };
  const doctor = {
    ...reach,
    pausedBy: (id: string) => dispatcher.connections().find(({ connectionId }) => connectionId === id)?.failure ?? null,
  };
  const hubViews: HubViews = {
    async twin(integrationId, deviceId) {
      const connection = await connectionOf(integrationId);
      if (connection === null) return fail("hub_not_found", "There is no such hub.");
      const shared = dispatcher.hubClient(connection.id);
      if (shared !== undefined) return shared.getTwin(deviceId);
      const client = hubs.open(connection);
      try {
        return await client.getTwin(deviceId);
      } finally {
        await client.close();
      }
    },
    async monitor(hub, options) {
      const connection = await connectionOf(hub);
      return connection === null ? fail("hub_not_found", "There is no such hub.") : hubs.monitor(connection, options);
    },
  };

  const { elapsed } = systemClock;
  const { deviceRate } = config.limits;
  // One for all doors: a device that comes by two of them is still one device.
  const device = deviceRate === null ? UNLIMITED : new RateLimit({ rate: deviceRate, elapsed });
  const accept = timed(
    createAccept({
      matcher,
      log: store,
      onAccepted: (accepted) => dispatcher.offer(accepted),
      feed,
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

  const tests = new IntegrationTests({ directory, hubs, identities: store, notes: store, log });
  tests.start();
  opened.push(() => tests.stop());
  const api: FastifyInstance = createApi({
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
    deviceLinks: mqtt.links,
    async onIntegrationChanged(id) {
      const exists = (await store.integration(id)) !== null;
      // A new one needs its lanes before its first event; a deleted one must match no more before its pending ones expire.
      if (exists) await dispatcher.integrationChanged(id);
      matcher.load(await store.allIntegrations());
      if (exists) return;
      await dispatcher.integrationChanged(id);
      const expired = await store.expirePending(id);
      log.warn({ integrationId: id, expired }, "integration.deleted");
    },
    hubHostRule: (name) => {
      const asked = name.trim().toLowerCase();
      // Who pastes the Local Hub's connection string means the Local Hub.
      if (localHub !== null && asked === localHub.addresses.hostName) return { ok: true, hostName: LOCAL_HUB };
      if (asked === LOCAL_HUB && localHub === null) {
        return { ok: false, message: "hub_name 'local' needs the Local Hub: start with ISTHMUS_LOCAL_HUB=on" };
      }
      return hubHost(name, config.hubHosts);
    },
    diagnose: async (integrationId) => {
      const connection = await connectionOf(integrationId);
      return connection === null ? null : diagnose(doctor, connection);
    },
    rotateSecrets: () => store.rotateSecrets(),
    entraRule: (credential, hostName) =>
      refusedEntra(credential, hostName, { hubHosts: config.hubHosts, ownIdentity: config.entraIdentity }),
    health: () => watch.health(),
    metrics: () => metrics.text(),
    limits: { ...config.limits, signIns: config.limits.address === null ? null : SIGN_INS, device, elapsed },
    now: Date.now,
    log,
  });
  opened.push(() => api.close());
  await sources.start();
  const address = await api.listen({ host: config.host, port: config.port });
  const url = address.replace(/\/$/, "");
  const deviceUrl = (scheme: string, port: number | null): string | null =>
    port === null ? null : `${scheme}://${new URL(url).hostname}:${port}`;
  const mqttUrl = deviceUrl("mqtt", mqtt.port);
  const mqttsUrl = deviceUrl("mqtts", mqtt.tlsPort);
  return { url, mqttUrl, mqttsUrl, store, localHub, hubViews, stop };
}

/** Of one address in five minutes, as in the device cloud; those who lift the limit of addresses lift this one too. */
const SIGN_INS = 100;

/** Says how many seconds each accepted event took. */
function timed(accept: Accept, accepted: (seconds: number) => void): Accept {
  return async (incoming) => {
    const begun = performance.now();
    const result = await accept(incoming);
    if (result.kind === "accepted") accepted((performance.now() - begun) / 1_000);
    return result;
  };
}

function pausedTargets(connections: readonly ConnectionState[]): readonly string[] {
  return connections.flatMap(({ hostName, failure, state }) =>
    state === "paused" && failure !== null ? [`${hostName}: ${failure.message}`] : [],
  );
}

const localConnection: HubConnection = {
  id: LOCAL_HUB,
  hostName: LOCAL_HUB,
  policyName: "",
  policyKey: "",
  secondaryKey: null,
  entra: null,
};

/** For the Local Hub policy and key may be left out: whoever runs the bridge runs the hub. */
function withLocalKey(connection: HubConnection | null, localHub: LocalHub | null): HubConnection | null {
  if (connection === null || connection.hostName !== LOCAL_HUB || connection.policyKey !== "" || localHub === null) {
    return connection;
  }
  const policyName = connection.policyName === "" ? "iothubowner" : connection.policyName;
  return { ...connection, policyName, policyKey: localHub.addresses.policies[policyName] ?? "" };
}

function endpointOf(connection: HubConnection, localHub: LocalHub | null, config: Config): HubEndpoint | undefined {
  const { hostName } = connection;
  if (hostName !== LOCAL_HUB) {
    return { hostName, httpsPort: 443, amqpsPort: 5671, allowPrivate: config.hubHosts.includes(hostName) };
  }
  if (localHub === null) return undefined;
  const { addresses } = localHub;
  return {
    hostName: addresses.hostName,
    httpsPort: addresses.httpsPort,
    amqpsPort: addresses.amqpsPort,
    ca: addresses.ca,
    allowPrivate: true,
    linksPerSecond: Infinity,
    eventHubConnectionString: addresses.plainEventHubConnectionString,
  };
}
