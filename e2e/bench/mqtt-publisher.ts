/**
 * Publishes over MQTT at QoS 1 as many devices, each on its own connection, so many events under way over all of them. Bare
 * packets, so that what is measured is the bridge. Reads `MqttPlan`, prints `MqttPublished`.
 */
import { connect, type Socket } from "node:net";
import { generate, parser, type Packet } from "mqtt-packet";
import { readPlan } from "./child.ts";
import type { Published } from "./publisher.ts";

export interface MqttPlan {
  readonly port: number;
  readonly devices: readonly { readonly id: string; readonly token: string }[];
  /** Events under way at once, over all devices in turn. */
  readonly window: number;
  readonly seconds: number;
}

export interface MqttPublished extends Published {
  readonly connectsPerSecond: number;
}

type Device = MqttPlan["devices"][number];

interface Connection {
  readonly device: Device;
  readonly socket: Socket;
  /** When the event of each packet identifier was sent. */
  readonly sentAt: Map<number, number>;
  lastId: number;
}

const AT_ONCE = 64;

const plan = await readPlan<MqttPlan>();
const connections: Connection[] = [];
const latencies: number[] = [];
let failed = 0;
let sent = 0;
let under = 0;
let isOver = false;
let onIdle = (): void => undefined;

const connecting = performance.now();
let next = 0;
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let device = plan.devices[next++]; device !== undefined; device = plan.devices[next++]) {
      connections.push(await open(device));
    }
  }),
);
const connectsPerSecond = connections.length / ((performance.now() - connecting) / 1000);

const startedAt = Date.now();
const start = performance.now();
for (let i = 0; i < plan.window; i++) publish();
await new Promise((resolve) => setTimeout(resolve, plan.seconds * 1000));
isOver = true;
if (under > 0) await new Promise<void>((resolve) => (onIdle = resolve));
const seconds = (performance.now() - start) / 1000;
for (const { socket } of connections) socket.destroy();

latencies.sort((a, b) => a - b);
const at = (n: number): number => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * n))] ?? 0;
const published: MqttPublished = {
  accepted: latencies.length,
  requests: latencies.length,
  failed,
  seconds,
  startedAt,
  p50: at(0.5),
  p99: at(0.99),
  max: latencies.at(-1) ?? 0,
  connectsPerSecond,
};
process.stdout.write(`${JSON.stringify(published)}\n`);

function open(device: Device): Promise<Connection> {
  const socket = connect({ port: plan.port, host: "127.0.0.1", noDelay: true });
  const connection: Connection = { device, socket, sentAt: new Map(), lastId: 0 };
  const packets = parser({ protocolVersion: 4 });
  socket.on("data", (chunk: Buffer) => packets.parse(chunk));
  const hello = {
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: 4,
    clientId: device.id,
    username: device.id,
    password: Buffer.from(device.token),
    clean: true,
    keepalive: 600,
  } as const;
  socket.write(generate(hello));
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    packets.on("packet", (packet: Packet) => {
      if (packet.cmd === "puback") acknowledged(connection, packet.messageId!);
      else if (packet.cmd === "connack" && packet.returnCode === 0) resolve(connection);
      else reject(new Error(`The bridge answered ${packet.cmd}`));
    });
    socket.once("close", () => {
      if (!isOver) failed += 1;
    });
  });
}

function publish(): void {
  const n = sent++;
  const connection = connections[n % connections.length]!;
  const { device, socket, sentAt } = connection;
  const messageId = (connection.lastId = (connection.lastId % 65_535) + 1);
  under += 1;
  sentAt.set(messageId, performance.now());
  socket.write(
    generate({
      cmd: "publish",
      topic: `devices/${device.id}/events/bench/reading`,
      payload: JSON.stringify({ n, sentAt: Date.now(), temperature: 21.5, humidity: 40.25, pressure: 1013.2 }),
      qos: 1,
      messageId,
      dup: false,
      retain: false,
    }),
  );
}

function acknowledged({ sentAt }: Connection, messageId: number): void {
  latencies.push(performance.now() - sentAt.get(messageId)!);
  sentAt.delete(messageId);
  under -= 1;
  if (!isOver) publish();
  else if (under === 0) onIdle();
}
