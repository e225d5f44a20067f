/** The Local Hub put together: one model, its fronts, its listeners, its folder. The only file that knows all of them. */
import { mkdtemp, rm } from "node:fs/promises";
import type { RequestListener } from "node:http";
import type { Server, Socket } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { formatEventHubConnectionString, formatHubConnectionString } from "iot-hub-protocol";
import { encodeStoredMessage } from "./amqp-codec/stored-message.ts";
import { createAmqpFront } from "./amqp/server.ts";
import type { AmqpFront } from "./amqp/server.ts";
import { createHttpFront, createHttpsServer } from "./http/front.ts";
import { acceptWebSockets } from "./http/websocket.ts";
import type { WebSocketProtocol } from "./http/websocket.ts";
import { provisioningRoutes } from "./http/provisioning.ts";
import type { HubError } from "./hub/errors.ts";
import { Hub } from "./hub/hub.ts";
import type { Tier } from "./hub/tiers.ts";
import { Listeners } from "./listening.ts";
import { createMqttFront } from "./mqtt/server.ts";
import type { MqttFront } from "./mqtt/server.ts";
import { Provisioning } from "./provisioning/provisioning.ts";
import { createBlobStorage } from "./storage/blob-storage.ts";
import { openServerCredentials } from "./tls/development-ca.ts";
import type { ServerCredentials } from "./tls/development-ca.ts";
import { peerCertificates } from "./tls/peer-certificates.ts";
import { tlsServerOptions } from "./tls/server-options.ts";

export interface EmulatorOptions {
  /** Where everything is kept that must survive. Without it the hub lives in memory. */
  readonly folder?: string;
  /** What clients call the hub; default `localhost`. */
  readonly hostName?: string;
  /** Further names for the certificate and for tokens. */
  readonly hostNames?: readonly string[];
  /** Address to listen on; default `127.0.0.1`. */
  readonly host?: string;
  /**
   * 0 picks a free port. Defaults: HTTPS 443, or 8443 where that is not permitted; AMQPS 5671; MQTTS 8883; AMQP (no TLS)
   * 5672, or any free one where that is taken. Where AMQPS is 0, so are MQTTS and AMQP unless they are given.
   */
  readonly ports?: {
    readonly https?: number;
    readonly amqps?: number;
    readonly mqtts?: number;
    readonly amqp?: number;
  };
  readonly partitionCount?: number;
  /** Memory for the newest events, in bytes; default 64 MB. */
  readonly eventMemoryBytes?: number;
  /** How long events are kept, in milliseconds; default one day. */
  readonly eventRetentionMs?: number;
  /** Size of the kept events of each event stream on disk, in bytes; default 1 GB. */
  readonly eventDiskBytes?: number;
  /**
   * PEM texts of certificate authorities whose devices are let in, besides the uploaded ones; `development` stands for the
   * hub's own, which signed its server certificate.
   */
  readonly deviceCertificateAuthorities?: readonly string[];
  /** Consumer groups to have besides `$Default`; with a folder they are kept. */
  readonly consumerGroups?: readonly string[];
  /** The clock below the hub's own, unix milliseconds; default the machine's. */
  readonly now?: () => number;
  /** Quotas, throttles and missing features as in an edition of the service; none when absent. */
  readonly tier?: Tier;
  /** How many units of the tier; default 1. */
  readonly units?: number;
  /** Azure Storage connection string of the account that devices upload files to; none when absent. */
  readonly storage?: string;
  /** Container of that account; default `device-files`. Made when it is missing. */
  readonly storageContainer?: string;
  /** Whether services are told of uploaded files; default yes. */
  readonly fileNotifications?: boolean;
  /** Told of every request that failed by the hub's own fault. */
  readonly reportFault?: (error: HubError) => void;
}

/** Where a running hub is and how to sign in. Plain data: it travels between processes. */
export interface EmulatorAddresses {
  readonly hostName: string;
  readonly httpsPort: number;
  readonly amqpsPort: number;
  readonly mqttsPort: number;
  readonly amqpPort: number;
  /** Path and PEM of the CA to trust. */
  readonly caFile: string;
  readonly ca: string;
  /** Of the policy `iothubowner`. Names no port, because most clients of hubs accept none. */
  readonly connectionString: string;
  readonly eventHubConnectionString: string;
  /** For Event Hubs clients over plain TCP (`UseDevelopmentEmulator=true`). */
  readonly plainEventHubConnectionString: string;
  /** What devices name when they register at the provisioning service, which answers at the same host. */
  readonly idScope: string;
  /** Of the policy `provisioningserviceowner`. */
  readonly provisioningConnectionString: string;
  /** Primary key by policy name. */
  readonly policies: Readonly<Record<string, string>>;
}

export interface Emulator {
  /** Opens folder and listeners. Throws `ListenError` when a port cannot be had; nothing stays open then. */
  start(): Promise<EmulatorAddresses>;
  /** Closes every connection and resolves when everything accepted is written. */
  stop(): Promise<void>;
  /** Service connection string of a policy, once started. */
  connectionString(policyName?: string): string;
  /** The model, once started. */
  readonly hub: Hub;
  /** The provisioning service beside it, once started. */
  readonly provisioning: Provisioning;
}

const AMQPS_PORT = 5671;
const MQTTS_PORT = 8883;

export function createEmulator(options: EmulatorOptions = {}): Emulator {
  let running: Running | undefined;
  const need = (): Running => {
    if (running === undefined) throw new Error("The emulator is not started.");
    return running;
  };
  return {
    async start() {
      if (running !== undefined) throw new Error("The emulator is already started.");
      running = await open(options);
      return running.addresses;
    },
    async stop() {
      const stopping = running;
      running = undefined;
      await stopping?.close();
    },
    connectionString: (policyName = "iothubowner") => hubConnectionString(need().hub, policyName),
    get hub() {
      return need().hub;
    },
    get provisioning() {
      return need().provisioning;
    },
  };
}

interface Running {
  readonly hub: Hub;
  readonly provisioning: Provisioning;
  readonly addresses: EmulatorAddresses;
  readonly close: () => Promise<void>;
}

interface Fronts {
  readonly http: RequestListener;
  readonly amqp: AmqpFront;
  readonly mqtt: MqttFront;
}

type Close = () => Promise<unknown>;

async function open(options: EmulatorOptions): Promise<Running> {
  const opened: Close[] = [];
  const close = async (): Promise<void> => {
    for (const closeOne of opened.splice(0).reverse()) await closeOne();
  };
  try {
    return await openParts(options, opened, close);
  } catch (error) {
    await close();
    throw error;
  }
}

// Ports come before the folder: whoever holds them is the only one to write there. Connections wait until it is read.
async function openParts(options: EmulatorOptions, opened: Close[], close: Close): Promise<Running> {
  const { hostName = "localhost", hostNames = [], now = Date.now } = options;
  const tlsFolder = await credentialsFolder(options.folder, opened);
  const credentials = await openServerCredentials(tlsFolder, [hostName, ...hostNames], now());
  let start: (fronts: Fronts) => void = () => undefined;
  const fronts = new Promise<Fronts>((resolve) => (start = resolve));
  const listeners = new Listeners();
  const closeListeners = (): Promise<void> => listeners.close();
  opened.push(closeListeners);
  const ports = await openListeners(options, credentials, fronts, listeners);
  const authorities = options.deviceCertificateAuthorities ?? [];
  const deviceCertificateAuthorities = authorities.map((text) => (text === "development" ? credentials.ca : text));
  const { storage: connectionString, storageContainer: container, ...rest } = options;
  const storage =
    connectionString === undefined
      ? {}
      : { storage: createBlobStorage({ connectionString, ca: credentials.ca, ...(container && { container }) }) };
  const hub = await Hub.open({ ...rest, ...storage, deviceCertificateAuthorities, encodeEvent: encodeStoredMessage });
  opened.push(() => hub.close(), closeListeners);
  const provisioning = await Provisioning.open(hub);
  const amqp = createAmqpFront(hub, {
    eventHubAddress: () => ({ host: hostName, port: ports.amqps }),
    ...(options.reportFault && { reportFault: options.reportFault }),
  });
  const mqtt = createMqttFront(hub, {
    provisioning,
    ...(options.reportFault && { reportFault: options.reportFault }),
  });
  opened.push(
    () => amqp.close(),
    () => mqtt.close(),
  );
  opened.push(() => Promise.resolve(listeners.refuse()));
  start({ http: createHttpFront(hub, options.reportFault, provisioningRoutes(provisioning)), amqp, mqtt });
  const addresses = addressesOf(hub, provisioning, credentials, ports);
  return { hub, provisioning, addresses, close: async () => void (await close()) };
}

// A hub in memory still needs a file that other processes can be told to trust.
async function credentialsFolder(folder: string | undefined, opened: Close[]): Promise<string> {
  if (folder !== undefined) return join(folder, "tls");
  const temporary = await mkdtemp(join(tmpdir(), "iot-hub-emulator-"));
  opened.push(() => rm(temporary, { recursive: true, force: true }));
  return temporary;
}

interface Ports {
  readonly https: number;
  readonly amqps: number;
  readonly mqtts: number;
  readonly amqp: number;
}

async function openListeners(
  { host = "127.0.0.1", ports = {} }: EmulatorOptions,
  credentials: ServerCredentials,
  fronts: Promise<Fronts>,
  listeners: Listeners,
): Promise<Ports> {
  const handTo = (accept: (fronts: Fronts, socket: Socket) => void) => (socket: Socket) => {
    // Until the front takes over, an error of the socket is nobody's business.
    socket.on("error", () => undefined);
    void fronts.then((ready) => accept(ready, socket));
  };
  const https = createHttpsServer(credentials, (request, response) => {
    void fronts.then(({ http }) => http(request, response));
  });
  acceptWebSockets(https, () => fronts.then(webSocketProtocols));
  const amqps = createTlsServer(
    tlsServerOptions(credentials),
    handTo(({ amqp }, socket) => amqp.accept(socket, { plain: false, certificates: peerCertificates(socket) })),
  );
  const mqtts = createTlsServer(
    tlsServerOptions(credentials),
    handTo(({ mqtt }, socket) => mqtt.accept(socket, { certificates: peerCertificates(socket) })),
  );
  const tcp = createTcpServer(handTo(({ amqp }, socket) => amqp.accept(socket, { plain: true })));
  const add = (server: Server, variable: string, ...candidates: [number, ...number[]]): Promise<number> =>
    listeners.open(server, { host, ports: candidates, variable });
  // Who picks free ports for the rest wants no fixed ones here; and no client but its parent's knows AMQP's by heart.
  const orAny = (port: number): number => (ports.amqps === 0 ? 0 : port);
  const plain = {
    host,
    ports: [ports.amqp ?? orAny(5672)] as [number],
    orFree: ports.amqp === undefined,
  };
  const httpsPorts: [number, ...number[]] = ports.https === undefined ? [443, 8443] : [ports.https];
  return {
    https: await add(https, "IOT_HUB_HTTPS_PORT", ...httpsPorts),
    amqps: await add(amqps, "IOT_HUB_AMQPS_PORT", ports.amqps ?? AMQPS_PORT),
    mqtts: await add(mqtts, "IOT_HUB_MQTTS_PORT", ports.mqtts ?? orAny(MQTTS_PORT)),
    amqp: await listeners.open(tcp, { ...plain, variable: "IOT_HUB_AMQP_PORT" }),
  };
}

function webSocketProtocols({ amqp, mqtt }: Fronts): readonly WebSocketProtocol[] {
  return [
    {
      subprotocol: "mqtt",
      paths: ["/$iothub/websocket"],
      accept: (stream, socket) => mqtt.accept(stream, { certificates: peerCertificates(socket) }),
    },
    {
      subprotocol: "AMQPWSB10",
      paths: ["/$iothub/websocket", "/$servicebus/websocket"],
      accept: (stream, socket) => amqp.accept(stream, { plain: false, certificates: peerCertificates(socket) }),
    },
  ];
}

function addressesOf(
  hub: Hub,
  provisioning: Provisioning,
  credentials: ServerCredentials,
  ports: Ports,
): EmulatorAddresses {
  const { hostName, eventHubName } = hub;
  const reader = {
    sharedAccessKeyName: "service",
    sharedAccessKey: hub.policies.get("service")?.primaryKey ?? "",
    entityPath: eventHubName,
  };
  const endpoint = ports.amqps === AMQPS_PORT ? hostName : `${hostName}:${ports.amqps}`;
  return {
    hostName,
    httpsPort: ports.https,
    amqpsPort: ports.amqps,
    mqttsPort: ports.mqtts,
    amqpPort: ports.amqp,
    caFile: credentials.caFile,
    ca: credentials.ca,
    connectionString: hubConnectionString(hub, "iothubowner"),
    eventHubConnectionString: formatEventHubConnectionString({ ...reader, endpoint, developmentEmulator: false }),
    plainEventHubConnectionString: formatEventHubConnectionString({
      ...reader,
      endpoint: `${hostName}:${ports.amqp}`,
      developmentEmulator: true,
    }),
    idScope: provisioning.idScope,
    provisioningConnectionString: formatHubConnectionString({
      hostName,
      sharedAccessKeyName: provisioning.policy.name,
      sharedAccessKey: provisioning.policy.primaryKey,
    }),
    policies: Object.fromEntries([...hub.policies].map(({ name, primaryKey }) => [name, primaryKey])),
  };
}

function hubConnectionString(hub: Hub, policyName: string): string {
  const policy = hub.policies.get(policyName);
  if (policy === undefined) throw new Error(`There is no policy ${policyName}.`);
  const { hostName } = hub;
  return formatHubConnectionString({ hostName, sharedAccessKeyName: policyName, sharedAccessKey: policy.primaryKey });
}
