/** For tests: a hub in memory behind the MQTT front on a free loopback port, and peers made by hand that talk to it. */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { makeSharedAccessSignature } from "iot-hub-protocol";
import { generate, parser } from "mqtt-packet";
import type { IConnackPacket, IConnectPacket, Packet } from "mqtt-packet";
import { encodeStoredMessage } from "../amqp-codec/stored-message.ts";
import type { HubError } from "../hub/errors.ts";
import type { StoredEvent } from "../hub/events/event-stream.ts";
import { Hub } from "../hub/hub.ts";
import type { HubOptions } from "../hub/hub-options.ts";
import type { ClosedConnection } from "./context.ts";
import type { MqttLimits } from "./limits.ts";
import { createMqttFront } from "./server.ts";
import type { MqttFront } from "./server.ts";

export interface TestBedOptions {
  readonly limits?: Partial<MqttLimits>;
  readonly clock?: () => number;
  readonly devices?: readonly string[];
  readonly hub?: Partial<HubOptions>;
}

export interface TestBed extends AsyncDisposable {
  readonly hub: Hub;
  readonly front: MqttFront;
  readonly port: number;
  /** What went wrong by the server's own fault. */
  readonly faults: readonly HubError[];
  /** Every connection that the hub ended, and why. */
  readonly endings: readonly ClosedConnection[];
  /** A token signed by the device's own key. */
  deviceToken(deviceId: string, secondsToLive?: number): string;
  policyToken(policyName: string, path?: string): string;
  /** A stream with nothing said on it. */
  open(): Promise<MqttPeer>;
  /** Signed in with the device's key; fails unless it is accepted. */
  connect(deviceId: string, change?: Partial<IConnectPacket>): Promise<MqttPeer>;
  /** What a device would send to sign in. */
  connectPacket(deviceId: string, change?: Partial<IConnectPacket>): IConnectPacket;
  /** Everything in a device's partition. */
  events(deviceId: string): Promise<readonly StoredEvent[]>;
}

export async function startTestBed({
  limits,
  clock,
  devices = [],
  hub: hubOptions,
}: TestBedOptions = {}): Promise<TestBed> {
  const hub = await Hub.open({ encodeEvent: encodeStoredMessage, ...hubOptions });
  for (const deviceId of devices)
    if (hub.registry.find(deviceId) === undefined) await hub.registry.create(deviceId, {});
  const faults: HubError[] = [];
  const endings: ClosedConnection[] = [];
  const front = createMqttFront(hub, {
    reportFault: (error) => faults.push(error),
    reportClosed: (closed) => endings.push(closed),
    ...(limits === undefined ? {} : { limits }),
    ...(clock === undefined ? {} : { clock }),
  });
  const server = createServer((socket) => front.accept(socket, { certificates: [] }));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const peers: MqttPeer[] = [];
  const sign = (resource: string, key: string | null, secondsToLive = 3600, policyName?: string): string => {
    const expiry = Math.floor(hub.now() / 1000) + secondsToLive;
    const signed = { resource, key: key ?? "", expiry };
    return makeSharedAccessSignature(policyName === undefined ? signed : { ...signed, policyName });
  };
  const bed: TestBed = {
    hub,
    front,
    port,
    faults,
    endings,
    deviceToken: (deviceId, secondsToLive) => {
      const { symmetricKey } = hub.registry.get(deviceId).authentication;
      return sign(`${hub.hostName}/devices/${deviceId}`, symmetricKey.primaryKey, secondsToLive);
    },
    policyToken: (policyName, path = "") =>
      sign(hub.hostName + path, hub.policies.get(policyName)?.primaryKey ?? "", 3600, policyName),
    async open() {
      const peer = await MqttPeer.open(port);
      peers.push(peer);
      return peer;
    },
    connectPacket: (deviceId, change) => ({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clientId: deviceId,
      clean: true,
      keepalive: 60,
      username: `${hub.hostName}/${deviceId}/?api-version=2021-04-12`,
      password: Buffer.from(bed.deviceToken(deviceId)),
      ...change,
    }),
    async connect(deviceId, change) {
      const peer = await bed.open();
      peer.send(bed.connectPacket(deviceId, change));
      const { returnCode } = await peer.expect("connack");
      if (returnCode !== 0) throw new Error(`CONNACK ${returnCode}`);
      return peer;
    },
    async events(deviceId) {
      return hub.events.read(hub.events.partitionOf(deviceId), 0, 16 * 1024 * 1024);
    },
    async [Symbol.asyncDispose]() {
      for (const peer of peers) peer.destroy();
      await front.close();
      await new Promise((resolve) => server.close(resolve));
      await hub.close();
    },
  };
  return bed;
}

/** One TCP connection on which anything can be said. */
export class MqttPeer {
  readonly socket: Socket;
  /** Resolves when the stream is over. */
  readonly over: Promise<void>;
  readonly #received: Packet[] = [];
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    const reader = parser({ protocolVersion: 4 });
    reader.on("packet", (packet) => {
      this.#received.push(packet);
      this.#wake?.();
    });
    socket.on("data", (chunk: Buffer) => reader.parse(chunk));
    socket.on("error", () => undefined);
    this.over = new Promise((resolve) =>
      socket.once("close", () => {
        resolve();
        this.#wake?.();
      }),
    );
  }

  static async open(port: number): Promise<MqttPeer> {
    const socket = connect(port, "127.0.0.1");
    const peer = new MqttPeer(socket);
    await once(socket, "connect");
    return peer;
  }

  send(...packets: readonly (Packet | Buffer)[]): void {
    this.socket.write(Buffer.concat(packets.map((packet) => ("cmd" in packet ? generate(packet) : packet))));
  }

  /** The next packet, which must be of this kind. */
  async expect<C extends Packet["cmd"]>(cmd: C): Promise<Extract<Packet, { readonly cmd: C }>> {
    const packet = await this.next();
    if (packet?.cmd !== cmd) throw new Error(`${packet?.cmd ?? "the end"} came instead of ${cmd}`);
    return packet as Extract<Packet, { readonly cmd: C }>;
  }

  /** The next packet; `undefined` at the end of the stream. */
  async next(): Promise<Packet | undefined> {
    while (this.#received.length === 0 && !this.socket.destroyed) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#received.shift();
  }

  /** Asks for a sign of life: everything sent before has been handled when this resolves. */
  async ping(): Promise<void> {
    this.send({ cmd: "pingreq" });
    await this.expect("pingresp");
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** The CONNACK of a CONNECT that the hub answers and then closes, or accepts. */
export async function answerTo(bed: TestBed, connectPacket: Packet | Buffer): Promise<IConnackPacket> {
  const peer = await bed.open();
  peer.send(connectPacket);
  return peer.expect("connack");
}
