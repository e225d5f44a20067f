/** Chooses the connection for each device's messages, opens connections as they are needed, and lets idle links go. */
import { isDeviceId } from "iot-hub-protocol";
import type { Failure, Outcome } from "../core/failure.ts";
import type { HubEndpoint, HubMessage } from "../core/hub-client.ts";
import { AttachPace } from "./attach-pace.ts";
import type { KeyRing } from "./key-ring.ts";
import { ContestedLinks } from "./contested-links.ts";
import type { LinkHolder, LinkTurns } from "./link-turns.ts";
import type { Log } from "../core/log.ts";
import { encodeMessage } from "./message-encoding.ts";
import { TelemetryConnection } from "./telemetry-connection.ts";
import type { TelemetryLimits } from "./telemetry-connection.ts";

// 256 KB count body, property names and values alike; headers of the encoding are small change.
const LARGEST_MESSAGE = 262_144;
const KEYS = 2;

export interface TelemetryPoolLimits extends TelemetryLimits {
  /** Links after which the next connection is opened, while there are fewer than `fewConnections`. */
  readonly linksBeforeSpreading: number;
  readonly fewConnections: number;
  /** From this many on, a new device takes the place of the least recently used one. */
  readonly connections: number;
  /** Milliseconds without a message after which a device's link is closed. */
  readonly linkIdleTime: number;
  /** Links opened each second after the first `attachBurst`, where the endpoint names no rate of its own. */
  readonly attachRate: number;
  readonly attachBurst: number;
}

/** For a hub with one S1 unit: it takes 100 new links a second, and about 1,000 links on a connection. */
export const TELEMETRY_LIMITS: TelemetryPoolLimits = {
  // Several connections send faster than one: while one waits for its settlements, another one sends.
  linksBeforeSpreading: 250,
  fewConnections: 4,
  connections: 20,
  linksPerConnection: 990,
  unsettledPerConnection: 1_000,
  sendDeadline: 20_000,
  connectTimeout: 10_000,
  idleTimeout: 12_000,
  linkIdleTime: 600_000,
  attachRate: 100,
  attachBurst: 200,
};

export interface TelemetryOptions {
  /** Asked at each connect: the Local Hub may have come back with other ports. */
  readonly endpoint: () => HubEndpoint | undefined;
  readonly keys: KeyRing;
  /** Of this hub, shared by all who are signed in to it. */
  readonly turns: LinkTurns;
  readonly limits: TelemetryPoolLimits;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}

export class Telemetry implements LinkHolder {
  readonly #options: TelemetryOptions;
  #pace: AttachPace | undefined;
  readonly #contested: ContestedLinks;
  readonly #sweep: NodeJS.Timeout;
  #connections: readonly TelemetryConnection[] = [];
  #closed = false;

  constructor(options: TelemetryOptions) {
    this.#options = options;
    this.#contested = new ContestedLinks(options.now);
    options.turns.join(this);
    this.#sweep = setInterval(() => this.#closeIdle(), options.limits.linkIdleTime / 10).unref();
  }

  /** Never rejects. */
  async send(deviceId: string, message: HubMessage): Promise<Outcome> {
    if (!isDeviceId(deviceId)) return failed({ code: "device_id_refused", message: "This is no IoT Hub device id." });
    const payload = encodeMessage(message);
    if (payload.length > LARGEST_MESSAGE)
      return failed({ code: "message_too_large", message: `The message has ${payload.length} bytes.` });
    const contest = this.#contested.failure(deviceId);
    if (contest !== null) return failed(contest);
    return this.#options.turns.take(this, deviceId, () => this.#send(deviceId, payload));
  }

  has(deviceId: string): boolean {
    return this.#connections.some((connection) => connection.has(deviceId));
  }

  hasOpen(deviceId: string): boolean {
    return this.#connections.some((connection) => connection.isOpen(deviceId));
  }

  async giveUp(deviceId: string): Promise<void> {
    await this.#connections.find((connection) => connection.has(deviceId))?.giveUp(deviceId);
  }

  /** Another key is in use: connections go over to it without losing anything. */
  renewTokens(): void {
    for (const connection of this.#connections) void connection.renewToken();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweep);
    this.#pace?.close();
    await Promise.all(this.#connections.map((connection) => connection.close()));
    this.#options.turns.leave(this);
  }

  async #send(deviceId: string, payload: Buffer): Promise<Outcome> {
    for (let tries = 1; ; tries++) {
      const connection = this.#connectionFor(deviceId);
      if (connection === undefined) return failed(NOWHERE);
      const outcome = await connection.send(deviceId, payload);
      // Another key is no second attempt of the message's: it never had a chance with the first one.
      const refused = outcome.kind === "failed" && outcome.failure.code === "key_refused";
      if (!refused || !connection.hasOtherKey || tries === KEYS) return outcome;
    }
  }

  // A device stays where its link is. A new one goes where there is most room, so that connections fill evenly.
  #connectionFor(deviceId: string): TelemetryConnection | undefined {
    const home = this.#connections.find((connection) => connection.has(deviceId));
    if (home !== undefined) return home;
    const { connections, fewConnections, linksBeforeSpreading } = this.#options.limits;
    const [emptiest] = this.#connections.toSorted((a, b) => a.size - b.size);
    const spreads = this.#connections.length < fewConnections && (emptiest?.size ?? 0) >= linksBeforeSpreading;
    if (emptiest !== undefined && !emptiest.isFull && !spreads) return emptiest;
    // Connections above the limit are no trouble for a hub, a device that waits for another one is: links in use are
    // bounded by the messages under way, so only idle ones give way.
    if (this.#connections.length >= connections)
      for (const connection of this.#connections) if (connection.closeLeastUsed()) return connection;
    return this.#openConnection();
  }

  #openConnection(): TelemetryConnection | undefined {
    const endpoint = this.#options.endpoint();
    if (this.#closed || endpoint === undefined) return undefined;
    const { attachRate, attachBurst } = this.#options.limits;
    // One pace for all connections, because the hub counts them together.
    this.#pace ??= new AttachPace({ perSecond: endpoint.linksPerSecond ?? attachRate, burst: attachBurst });
    const connection = new TelemetryConnection({
      ...this.#options,
      endpoint,
      pace: this.#pace,
      onTaken: (deviceId) => this.#contested.taken(deviceId),
      onEnd: (ended) => (this.#connections = this.#connections.filter((other) => other !== ended)),
    });
    this.#connections = [...this.#connections, connection];
    void connection.start();
    return connection;
  }

  #closeIdle(): void {
    const before = this.#options.now() - this.#options.limits.linkIdleTime;
    for (const connection of this.#connections) {
      connection.closeIdle(before);
      if (connection.size > 0) continue;
      // What is sent from now on goes over another one.
      this.#connections = this.#connections.filter((other) => other !== connection);
      void connection.close();
    }
  }
}

const NOWHERE: Failure = { code: "hub_unreachable", message: "The hub is not running, or has not said where." };

function failed(failure: Failure): Outcome {
  return { kind: "failed", failure };
}
