/** Stands where the AMQP server will be joined: closes every connection. */
import type { Duplex } from "node:stream";
import type { Hub } from "./hub/hub.ts";

export interface AmqpFront {
  accept(socket: Duplex, options: { readonly plain: boolean }): void;
  close(): Promise<void>;
}

export function createAmqpFront(
  _hub: Hub,
  _options: { readonly eventHubAddress: () => { host: string; port: number } },
): AmqpFront {
  return { accept: (socket) => void socket.destroy(), close: () => Promise.resolve() };
}
