/** The ports of a hub: which they are, and which front gets what comes in. */
import type { Server, Socket } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { EmulatorOptions } from "./emulator-options.ts";
import { webSocketProtocols } from "./fronts.ts";
import type { Fronts } from "./fronts.ts";
import { createHttpsServer } from "./http/front.ts";
import { acceptWebSockets } from "./http/websocket.ts";
import type { Listeners } from "./listening.ts";
import type { ServerCredentials } from "./tls/development-ca.ts";
import { peerCertificates } from "./tls/peer-certificates.ts";
import { tlsServerOptions } from "./tls/server-options.ts";

/** On which ports a hub listens. */
export interface HubPorts {
  readonly https: number;
  readonly amqps: number;
  readonly mqtts: number;
  readonly amqp: number;
}

export const AMQPS_PORT: number = 5671;
const MQTTS_PORT = 8883;

/** Opens all ports. What comes in before the fronts are ready, waits for them; `fronts` is asked anew for each. */
export async function openHubPorts(
  { host = "127.0.0.1", port, ports: given = {} }: EmulatorOptions,
  credentials: ServerCredentials,
  fronts: () => Promise<Fronts>,
  listeners: Listeners,
): Promise<HubPorts> {
  const ports = port === 0 ? { https: 0, amqps: 0, mqtts: 0, amqp: 0, ...given } : given;
  const handTo = (accept: (fronts: Fronts, socket: Socket) => void) => (socket: Socket) => {
    // Without a listener an error would end the process; a socket that fails before a front has it just closes.
    socket.on("error", () => undefined);
    void fronts().then((ready) => accept(ready, socket));
  };
  const https = createHttpsServer(credentials, (request, response) => {
    void fronts().then(({ http }) => http(request, response));
  });
  acceptWebSockets(https, () => fronts().then(webSocketProtocols));
  const amqps = createTlsServer(
    tlsServerOptions(credentials),
    handTo(({ amqp }, socket) => amqp.accept(socket, { certificates: peerCertificates(socket) })),
  );
  const mqtts = createTlsServer(
    tlsServerOptions(credentials),
    handTo(({ mqtt }, socket) => mqtt.accept(socket, { certificates: peerCertificates(socket) })),
  );
  const tcp = createTcpServer(handTo(({ amqp }, socket) => amqp.accept(socket)));
  const add = (server: Server, setting: string, ...candidates: [number, ...number[]]): Promise<number> =>
    listeners.open(server, { host, ports: candidates, setting });
  // With a free port for AMQPS (`0`) the others default to free ports too. Nobody relies on 5672, so AMQP may move.
  const orAny = (port: number): number => (ports.amqps === 0 ? 0 : port);
  const plain = {
    host,
    ports: [ports.amqp ?? orAny(5672)] as [number],
    orFree: ports.amqp === undefined,
  };
  const httpsPorts: [number, ...number[]] = ports.https === undefined ? [443, 8443] : [ports.https];
  return {
    https: await add(https, "IOT_HUB_HTTPS_PORT (--https-port)", ...httpsPorts),
    amqps: await add(amqps, "IOT_HUB_AMQPS_PORT (--amqps-port)", ports.amqps ?? AMQPS_PORT),
    mqtts: await add(mqtts, "IOT_HUB_MQTTS_PORT (--mqtts-port)", ports.mqtts ?? orAny(MQTTS_PORT)),
    amqp: await listeners.open(tcp, { ...plain, setting: "IOT_HUB_AMQP_PORT (--amqp-port)" }),
  };
}
