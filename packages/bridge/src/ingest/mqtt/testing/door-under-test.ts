/** A device door on a free loopback port, before a directory and a store that tests have in their hands. */
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import type { Socket } from "node:net";
import { connectAsync } from "mqtt";
import type { IClientOptions, MqttClient } from "mqtt";
import { generate, parser } from "mqtt-packet";
import type { IConnectPacket, Packet } from "mqtt-packet";
import { systemClock } from "../../../core/clock.ts";
import type { Device } from "../../../core/device.ts";
import type { DeviceDescription, DeviceLink } from "../../../core/device-links.ts";
import type { IncomingEvent } from "../../../core/accept.ts";
import type { JsonObject } from "../../../core/json.ts";
import { UNLIMITED } from "../../../core/rate-limit.ts";
import type { DesiredView, StateControl, StateWritten } from "../../../core/state-control.ts";
import { eventFault } from "../../event-rules.ts";
import { createDeviceDoor } from "../device-door.ts";
import type { DeviceDoor, DeviceDoorOptions } from "../device-door.ts";
import { listenPlain } from "../listeners.ts";

/** The device that most tests are about, and another. */
export const DEVICE = "0123456789abcdef01234567";
export const OTHER = "ffffffffffffffffffffffff";

export interface LogLine {
  readonly level: string;
  readonly name: string;
  readonly fields: Record<string, unknown>;
}

export interface DoorUnderTest extends AsyncDisposable {
  readonly door: DeviceDoor;
  readonly port: number;
  readonly devices: Map<string, Device>;
  /** What was taken, in the order in which it was handed in. */
  readonly taken: IncomingEvent[];
  /** What the server itself told of its devices. */
  readonly told: IncomingEvent[];
  readonly log: LogLine[];
  readonly descriptions: Map<string, DeviceDescription>;
  readonly lastLinks: Map<string, DeviceLink>;
  readonly states: StatesUnderTest;
  /** Set: the store flushes nothing until it is resolved. */
  flush: Promise<void> | null;
  /** Set: the store takes nothing. */
  isFull: boolean;
  tokenOf(deviceId: string): string;
  revoke(deviceId: string): void;
  /** A stream with nothing said on it. */
  open(): Promise<Peer>;
  /** Signed in by hand; fails unless it is accepted. */
  connect(deviceId?: string, change?: Partial<IConnectPacket>): Promise<Peer>;
  connectPacket(deviceId?: string, change?: Partial<IConnectPacket>): IConnectPacket;
  /** MQTT.js, signed in. */
  client(options?: IClientOptions, deviceId?: string): Promise<MqttClient>;
}

/** What is kept of states: what was reported as it came, and what is desired as a test says. */
export class StatesUnderTest implements Pick<StateControl, "report" | "desired" | "onDesired"> {
  readonly reported: { readonly deviceId: string; readonly patch: JsonObject }[] = [];
  /** How often somebody asked what is desired. */
  asked = 0;
  /** Set: answers and writes wait until it is resolved. */
  flush: Promise<void> | null = null;
  isBroken = false;
  readonly #desired = new Map<string, DesiredView>();
  readonly #listeners: ((view: DesiredView) => void)[] = [];

  async report({ id }: Device, patch: JsonObject): Promise<StateWritten> {
    if (this.isBroken) throw new Error("The disk failed.");
    if ("too big" in patch) return { kind: "fault", fault: { path: "too big", message: "too big: a twin cannot." } };
    this.reported.push({ deviceId: id, patch });
    await this.flush;
    return { kind: "written", state: {} as never };
  }

  async desired(deviceId: string): Promise<DesiredView | null> {
    this.asked += 1;
    const view = this.#desired.get(deviceId) ?? null;
    await this.flush;
    return view;
  }

  onDesired(listener: (view: DesiredView) => void): void {
    this.#listeners.push(listener);
  }

  desire(properties: JsonObject, deviceId: string = DEVICE): void {
    const view = { deviceId, properties, revision: (this.#desired.get(deviceId)?.revision ?? 0) + 1 };
    this.#desired.set(deviceId, view);
    for (const listener of this.#listeners) listener(view);
  }
}

export async function openDoor(
  options: Partial<Pick<DeviceDoorOptions, "limits" | "rate" | "clock" | "answerWithin">> & {
    readonly keepsStates?: boolean;
  } = {},
): Promise<DoorUnderTest> {
  const devices = new Map([DEVICE, OTHER].map((id) => [id, deviceOf(id)]));
  const tokens = new Map([DEVICE, OTHER].map((id) => [`token-of-${id}`, id]));
  const taken: IncomingEvent[] = [];
  const told: IncomingEvent[] = [];
  const log: LogLine[] = [];
  const descriptions = new Map<string, DeviceDescription>();
  const lastLinks = new Map<string, DeviceLink>();
  const note =
    (level: string) =>
    (fields: object, name: string): void =>
      void log.push({ level, name, fields: fields as Record<string, unknown> });
  const opened: Peer[] = [];
  const clients: MqttClient[] = [];
  const { keepsStates = true, ...doorOptions } = options;
  const states = new StatesUnderTest();
  const under = { flush: null as Promise<void> | null, isFull: false };
  const door = createDeviceDoor({
    async accept(incoming) {
      const fault = eventFault(incoming.name, incoming.data, incoming.fromDeviceCloud);
      if (fault !== null) return { kind: "fault", fault };
      if (under.isFull) return { kind: "unavailable", message: "The disk is full.", retryAfterSeconds: 1 };
      (incoming.fromDeviceCloud === true ? told : taken).push(incoming);
      if (under.flush !== null) await under.flush;
      return { kind: "accepted", matches: 0, event: {} as never };
    },
    devices: {
      device: async (id) => devices.get(id) ?? null,
      deviceByToken: async (token) => devices.get(tokens.get(token) ?? "") ?? null,
      async updateDevice(id, change) {
        devices.set(id, { ...devices.get(id)!, ...change });
        door.deviceChanged(id);
        return "updated";
      },
    },
    traces: {
      deviceDescription: async (id) => descriptions.get(id) ?? null,
      saveDeviceDescription: async (id, description) => void descriptions.set(id, description),
      lastDeviceLink: async (id) => lastLinks.get(id) ?? null,
      saveDeviceLink: async (id, link) => void lastLinks.set(id, link),
    },
    rate: UNLIMITED,
    clock: systemClock,
    log: { debug: note("debug"), info: note("info"), warn: note("warn"), error: note("error") },
    ...(keepsStates && { states }),
    ...doorOptions,
  });
  const listener = await listenPlain({
    door,
    host: "127.0.0.1",
    port: 0,
    log: { debug: note("debug"), info: note("info"), warn: note("warn"), error: note("error") },
  });
  const bed: DoorUnderTest = {
    door,
    port: listener.port,
    devices,
    taken,
    told,
    log,
    descriptions,
    lastLinks,
    states,
    get flush() {
      return under.flush;
    },
    set flush(flush) {
      under.flush = flush;
    },
    get isFull() {
      return under.isFull;
    },
    set isFull(isFull) {
      under.isFull = isFull;
    },
    tokenOf: (deviceId) => `token-of-${deviceId}`,
    revoke(deviceId) {
      tokens.delete(`token-of-${deviceId}`);
      door.deviceChanged(deviceId);
    },
    async open() {
      const peer = await Peer.open(listener.port);
      opened.push(peer);
      return peer;
    },
    connectPacket: (deviceId = DEVICE, change = {}) => ({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clientId: "a test",
      clean: true,
      keepalive: 60,
      username: deviceId,
      password: Buffer.from(`token-of-${deviceId}`),
      ...change,
    }),
    async connect(deviceId, change) {
      const peer = await bed.open();
      peer.send(bed.connectPacket(deviceId, change));
      const { returnCode, reasonCode } = await peer.expect("connack");
      if ((returnCode ?? reasonCode) !== 0) throw new Error(`CONNACK ${returnCode ?? reasonCode}`);
      return peer;
    },
    async client(more = {}, deviceId = DEVICE) {
      const client = await connectAsync(`mqtt://127.0.0.1:${listener.port}`, {
        username: deviceId,
        password: `token-of-${deviceId}`,
        reconnectPeriod: 0,
        ...more,
      });
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.end(true);
      for (const peer of opened) peer.socket.destroy();
      await listener.close();
      await door.close();
    },
  };
  return bed;
}

function deviceOf(id: string): Device {
  return {
    id,
    name: null,
    ownerId: "owner",
    productId: 7,
    approval: "approved",
    firmwareVersion: null,
    notes: null,
    lastHeard: null,
    createdAt: 0,
  } as Device;
}

/** One TCP connection on which anything can be said. */
export class Peer {
  readonly socket: Socket;
  /** Resolves when the stream is over. */
  readonly over: Promise<void>;
  readonly #received: Packet[] = [];
  #version: 4 | 5 = 4;
  #reader = this.#newReader();
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => this.#reader.parse(chunk));
    socket.on("error", () => undefined);
    this.over = new Promise((resolve) =>
      socket.once("close", () => {
        resolve();
        this.#wake?.();
      }),
    );
  }

  static async open(port: number): Promise<Peer> {
    const socket = connectTcp(port, "127.0.0.1");
    const peer = new Peer(socket);
    await once(socket, "connect");
    return peer;
  }

  /** Packets are encoded in the version of the last CONNECT that was sent. */
  send(...packets: readonly (Packet | Buffer)[]): void {
    const bytes = packets.map((packet) => {
      if (!("cmd" in packet)) return packet;
      if (packet.cmd === "connect") {
        this.#version = packet.protocolVersion === 5 ? 5 : 4;
        this.#reader = this.#newReader();
      }
      return generate(packet, { protocolVersion: this.#version });
    });
    this.socket.write(Buffer.concat(bytes));
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

  /** Everything that still comes until the end. */
  async rest(): Promise<readonly Packet[]> {
    const packets: Packet[] = [];
    for (let packet = await this.next(); packet !== undefined; packet = await this.next()) packets.push(packet);
    return packets;
  }

  /** Asks for a sign of life: everything sent before has been read when this resolves. */
  async ping(): Promise<void> {
    this.send({ cmd: "pingreq" });
    await this.expect("pingresp");
  }

  #newReader(): ReturnType<typeof parser> {
    const reader = parser({ protocolVersion: this.#version });
    reader.on("packet", (packet) => {
      this.#received.push(packet);
      this.#wake?.();
    });
    return reader;
  }
}
