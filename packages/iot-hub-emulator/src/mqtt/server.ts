/** The MQTT 3.1.1 front: takes connected sockets and speaks for the hub on them. */
import type { X509Certificate } from "node:crypto";
import type { Duplex } from "node:stream";
import type { HubError } from "../hub/errors.ts";
import type { Hub } from "../hub/hub.ts";
import type { Provisioning } from "../provisioning/provisioning.ts";
import { Connection } from "./connection.ts";
import type { ClosedConnection, FrontContext } from "./context.ts";
import { createDeviceGreeting } from "./device-greeting.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import type { MqttLimits } from "./limits.ts";
import { createProvisioningGreeting } from "./provisioning.ts";
import { createDecoder } from "./packets.ts";

/** How often deadlines are looked at, milliseconds. */
const TICK = 1_000;

export interface MqttFrontOptions {
  /** Whose devices may come to register, besides those of the hub. */
  readonly provisioning?: Provisioning;
  readonly limits?: Partial<MqttLimits>;
  /** Told of what went wrong by the hub's own fault; the peer hears only that it did. */
  readonly reportFault?: (error: HubError) => void;
  /** Told of every connection that the hub ended, and why: MQTT 3.1.1 cannot tell the client. */
  readonly reportClosed?: (closed: ClosedConnection) => void;
  /** Milliseconds of a steady clock, for timeouts; tests bring their own. */
  readonly clock?: () => number;
}

export interface MqttFront {
  /** Hands over a connected stream; TLS and WebSocket, if any, are done. */
  accept(socket: Duplex, options: { readonly certificates: readonly X509Certificate[] }): void;
  /** Ends all connections and resolves when they are gone. */
  close(): Promise<void>;
  readonly connections: number;
  /** Looks at deadlines and expired tokens now; otherwise this happens every second. */
  tick(): void;
}

export function createMqttFront(hub: Hub, options: MqttFrontOptions = {}): MqttFront {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const connections = new Set<Connection>();
  let whenEmpty: (() => void) | undefined;
  const reportFault = options.reportFault ?? (() => undefined);
  const greetDevice = createDeviceGreeting({ hub, limits, reportFault });
  const { provisioning } = options;
  const greet =
    provisioning === undefined ? greetDevice : createProvisioningGreeting(provisioning, limits, greetDevice);
  const context: FrontContext = {
    limits,
    clock: options.clock ?? (() => performance.now()),
    now: () => hub.now(),
    decode: createDecoder(),
    greet,
    reportFault,
    reportClosed: options.reportClosed ?? (() => undefined),
    connectionClosed: (connection) => {
      connections.delete(connection);
      if (connections.size === 0) whenEmpty?.();
    },
  };
  const tick = (): void => {
    const [clock, now] = [context.clock(), context.now()];
    for (const connection of connections) connection.tick(clock, now);
  };
  const timer = setInterval(tick, TICK).unref();
  const unfollow = hub.clock.onJump(tick);

  return {
    accept(socket, { certificates }) {
      if (connections.size >= limits.maxConnections) socket.destroy();
      else connections.add(new Connection(socket, certificates, context));
    },
    async close() {
      unfollow();
      for (const connection of connections) connection.dismiss();
      if (connections.size > 0) await new Promise<void>((resolve) => (whenEmpty = resolve));
      clearInterval(timer);
    },
    get connections() {
      return connections.size;
    },
    tick,
  };
}
