/**
 * Many MQTT connections to a hub, one a device, held open while each sends now and then at QoS 1. Bare packets, so that
 * what is measured is the hub. Reads `MqttLoadPlan`, prints `MqttLoad`.
 */
import { readFileSync } from "node:fs";
import { connect, createSecureContext, type TLSSocket } from "node:tls";
import { generate, parser, type Packet } from "mqtt-packet";
import { makeSharedAccessSignature } from "iot-hub-protocol";
import { readPlan } from "./child.ts";
import { usageOf } from "./processes.ts";

export interface MqttLoadPlan {
  readonly hostName: string;
  readonly port: number;
  readonly caFile: string;
  readonly hubPid: number;
  readonly devices: readonly { readonly id: string; readonly key: string }[];
  readonly seconds: number;
}

type Device = MqttLoadPlan["devices"][number];

export interface MqttLoad {
  readonly connections: number;
  readonly connectsPerSecond: number;
  /** Connections that were still open at the end. */
  readonly held: number;
  /** PUBACKs a second over all connections. */
  readonly acknowledgedPerSecond: number;
  /** What the hub's memory grew by, per connection. */
  readonly kbPerConnection: number;
}

const plan = await readPlan<MqttLoadPlan>();
const AT_ONCE = 64;
const body = Buffer.from(
  JSON.stringify({ temperature: 21.5, humidity: 40.25, pressure: 1013.2, note: "x".repeat(120) }),
);
const secureContext = createSecureContext({ ca: readFileSync(plan.caFile) });
let acknowledged = 0;
let session: Buffer | undefined;
let sending = false;
/** Messages that wait for their PUBACK. */
let under = 0;
let at = 0;
let done: () => void = () => undefined;

const before = usageOf(plan.hubPid)?.rssMb ?? 0;
const start = performance.now();
/** By the device's place in the plan. */
const sockets: TLSSocket[] = [];
let next = 0;
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (next < plan.devices.length) {
      const i = next++;
      sockets[i] = await open(plan.devices[i] as Device);
    }
  }),
);
const connectSeconds = (performance.now() - start) / 1000;
const after = usageOf(plan.hubPid)?.rssMb ?? 0;
const seconds = await publish();
const result: MqttLoad = {
  connections: sockets.length,
  connectsPerSecond: sockets.length / connectSeconds,
  held: sockets.filter((socket) => !socket.destroyed).length,
  acknowledgedPerSecond: acknowledged / seconds,
  kbPerConnection: ((after - before) * 1000) / sockets.length,
};
process.stdout.write(JSON.stringify(result));
for (const socket of sockets) socket.destroy();

function open({ id, key }: Device): Promise<TLSSocket> {
  const { hostName, port } = plan;
  const expiry = Math.floor(Date.now() / 1000) + 3600;
  const password = makeSharedAccessSignature({ resource: `${hostName}/devices/${id}`, key, expiry });
  const username = `${hostName}/${id}/?api-version=2021-04-12`;
  const socket = connect({ host: hostName, port, servername: "localhost", secureContext, ...(session && { session }) });
  socket.once("session", (ticket: Buffer) => (session = ticket));
  socket.setNoDelay(true);
  const packets = parser();
  socket.on("data", (chunk: Buffer) => packets.parse(chunk));
  socket.once("secureConnect", () =>
    socket.write(
      generate({
        cmd: "connect",
        clientId: id,
        username,
        password: Buffer.from(password),
        clean: true,
        keepalive: 600,
        protocolId: "MQTT",
        protocolVersion: 4,
      }),
    ),
  );
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    packets.on("packet", (packet: Packet) => {
      if (packet.cmd === "puback") received();
      else if (packet.cmd === "connack" && packet.returnCode === 0) resolve(socket);
      else reject(new Error(`The hub answered ${packet.cmd} ${"returnCode" in packet ? packet.returnCode : ""}`));
    });
  });
}

function received(): void {
  acknowledged++;
  under--;
  if (sending) send();
  else if (under === 0) done();
}

function send(): void {
  const i = at++ % sockets.length;
  const { id } = plan.devices[i] as Device;
  under++;
  (sockets[i] as TLSSocket).write(
    generate({
      cmd: "publish",
      topic: `devices/${id}/messages/events/`,
      payload: body,
      qos: 1,
      messageId: (at % 65_535) + 1,
      dup: false,
      retain: false,
    }),
  );
}

/** A thousand messages under way, over all connections in turn. */
async function publish(): Promise<number> {
  const begun = performance.now();
  sending = true;
  const finished = new Promise<void>((resolve) => (done = resolve));
  for (let i = 0; i < Math.min(1_000, sockets.length); i++) send();
  await new Promise((resolve) => setTimeout(resolve, plan.seconds * 1000));
  sending = false;
  await finished;
  return (performance.now() - begun) / 1000;
}
