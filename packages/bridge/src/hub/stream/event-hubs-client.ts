/**
 * Microsoft's client for reading, and what it keeps to itself. It asks for events anew at each look without counting what
 * it has asked for already, so that a slow taker's backlog would all come into memory; and it mends a lost connection in
 * silence, even when the stream behind it is another one by then. Its retries are off: whoever reads begins again.
 */
import { EventHubConsumerClient } from "@azure/event-hubs";

export interface ClientOptions {
  readonly consumerGroup: string;
  readonly connectionString: string;
  /** Milliseconds for each step of opening. */
  readonly timeout: number;
  /** Events of a partition that may be on their way at the same time. */
  readonly credit: number;
  /** With the reason, where there is one. */
  readonly onDisconnected: (error: unknown) => void;
}

interface Receiver {
  readonly credit: number;
  addCredit(credit: number): void;
}

/** As much as is used here of what the client does not publish. */
interface Connection {
  createReceiver(options: unknown): Promise<Receiver>;
  on(event: "disconnected", listener: (context: { readonly error?: unknown }) => void): void;
}

export function openEventHubsClient(options: ClientOptions): EventHubConsumerClient {
  const { consumerGroup, connectionString, timeout, credit, onDisconnected } = options;
  const client = new EventHubConsumerClient(consumerGroup, connectionString, {
    retryOptions: { maxRetries: 0, timeoutInMs: timeout },
  });
  const { connection } = (client as unknown as { readonly _context: { readonly connection: Connection } })._context;
  connection.on("disconnected", ({ error }) => onDisconnected(error));
  const create = connection.createReceiver.bind(connection);
  connection.createReceiver = async (wanted) => {
    const receiver = await create(wanted);
    const add = receiver.addCredit.bind(receiver);
    receiver.addCredit = (more) => {
      const room = Math.min(more, credit - receiver.credit);
      if (room > 0) add(room);
    };
    return receiver;
  };
  return client;
}
