/** The AMQP 1.0 front: takes connected sockets and speaks for the hub on them. */
import type { X509Certificate } from "node:crypto";
import type { Duplex } from "node:stream";
import type { HubError } from "../hub/errors.ts";
import type { Hub } from "../hub/hub.ts";
import { entityNotFound } from "../hub/events/streams.ts";
import { Connection } from "./transport/connection.ts";
import type { FrontContext } from "./context.ts";
import { EventReaders } from "./service/event-readers.ts";
import { type AmqpLimits, DEFAULT_LIMITS } from "./limits.ts";

/** How often deadlines are looked at, milliseconds. */
const TICK = 1_000;

export interface AmqpFrontOptions {
  /** Where the redirect sends readers of events: the listener of this front, as clients reach it. */
  readonly eventHubAddress: () => { readonly host: string; readonly port: number };
  readonly limits?: Partial<AmqpLimits>;
  /** Told of what went wrong by the hub's own fault; the peer hears only that it did. */
  readonly reportFault?: (error: HubError) => void;
  /** Milliseconds of a steady clock, for timeouts; tests bring their own. */
  readonly clock?: () => number;
}

export interface AcceptOptions {
  /** What the peer showed in TLS, its own certificate first; none by default. */
  readonly certificates?: readonly X509Certificate[];
}

export interface AmqpFront {
  /** Hands over a connected socket; TLS, if any, is done. */
  accept(socket: Duplex, options?: AcceptOptions): void;
  /** Closes all connections with `amqp:connection:forced` and resolves when they are gone. */
  close(): Promise<void>;
  readonly connections: number;
  /** Looks at deadlines and expired tokens now; otherwise this happens every second. */
  tick(): void;
}

export function createAmqpFront(hub: Hub, options: AmqpFrontOptions): AmqpFront {
  const clock = options.clock ?? (() => performance.now());
  const connections = new Set<Connection>();
  let whenEmpty: (() => void) | undefined;
  const context: FrontContext = {
    hub,
    clock,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    eventHubAddress: options.eventHubAddress,
    reportFault: options.reportFault ?? (() => {}),
    eventReaders: new EventReaders(),
    connectionClosed: (connection) => {
      connections.delete(connection);
      if (connections.size === 0) whenEmpty?.();
    },
  };
  const { eventReaders } = context;
  const unsubscribe = [
    hub.streams.onRemoved((stream) =>
      eventReaders.end((place) => place.stream === stream, entityNotFound(stream.name, "its endpoint was removed")),
    ),
    hub.consumerGroups.onRemoved((name) =>
      eventReaders.end(
        ({ consumerGroup }) => consumerGroup === name,
        entityNotFound(`ConsumerGroups/${name}`, "it was removed"),
      ),
    ),
  ];
  const tick = (): void => {
    for (const connection of connections) connection.tick(clock(), hub.now());
  };
  const timer = setInterval(tick, TICK).unref();
  const unlisten = hub.clock.onJump(tick);

  return {
    accept(socket, { certificates = [] } = {}) {
      if (connections.size >= context.limits.maxConnections) socket.destroy();
      else connections.add(new Connection(socket, context, certificates));
    },
    async close() {
      unlisten();
      for (const stop of unsubscribe) stop();
      for (const connection of connections) connection.force("The Local Hub is stopping.");
      if (connections.size > 0) await new Promise<void>((resolve) => (whenEmpty = resolve));
      clearInterval(timer);
    },
    get connections() {
      return connections.size;
    },
    tick,
  };
}
