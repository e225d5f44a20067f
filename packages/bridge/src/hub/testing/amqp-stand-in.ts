/** An AMQP hub of the library's server side that does as it is told: what a real hub does on a bad day. */
import type { AddressInfo } from "node:net";
import { createServer } from "node:tls";
import type { TLSSocket } from "node:tls";
import rhea from "rhea";
import type { AmqpError, Connection, Delivery, EventContext, Message, Receiver, Sender } from "rhea";
import type { TestCertificate } from "./certificate.ts";

interface ReceivedMessage {
  readonly deviceId: string;
  readonly message: Message;
  readonly delivery: Delivery;
  readonly receiver: Receiver;
  readonly connection: Connection;
}

export interface AmqpBehaviour {
  /** Status and words of the answer to a put-token; `silent` gives none. */
  readonly token?: (token: string, audience: string) => { status: number; description?: string } | "silent";
  /** What a link's attach gets: credit, an error, or (`silent`) no answer at all. */
  readonly attach?: (deviceId: string) => { credit: number } | AmqpError | "silent";
  /** Called for each message; accepts it when absent. */
  readonly message?: (received: ReceivedMessage) => void;
  /** Asked for SASL PLAIN; clients may also start without any SASL. */
  readonly login?: (user: string, password: string) => boolean;
  /** For receivers that a client opens, other than `$cbs`. */
  readonly receiver?: (sender: Sender, address: string) => void;
}

export interface AmqpStandIn {
  readonly port: number;
  /** May be changed while it runs. */
  behaviour: AmqpBehaviour;
  readonly connections: Set<Connection>;
  readonly sockets: Set<TLSSocket>;
  readonly messages: ReceivedMessage[];
  readonly tokens: { readonly token: string; readonly audience: string }[];
  /** Answers the attaches that were met with silence. */
  readonly unanswered: (() => void)[];
  /** Device id of every link that is open now, with its connection. */
  readonly links: Map<Receiver, string>;
  close(): Promise<void>;
}

export async function startAmqpStandIn(
  { key, cert }: TestCertificate,
  behaviour: AmqpBehaviour = {},
  connectionOptions: Record<string, unknown> = {},
): Promise<AmqpStandIn> {
  const container = rhea.create_container({ id: "stand-in" });
  container.sasl_server_mechanisms.enable_anonymous();
  container.sasl_server_mechanisms.enable_plain((user: string, password: string) =>
    Promise.resolve(hub.behaviour.login?.(user, password) ?? true),
  );
  const server = createServer({ key, cert, noDelay: true });
  const hub: AmqpStandIn = {
    get port() {
      return (server.address() as AddressInfo).port;
    },
    behaviour,
    connections: new Set(),
    sockets: new Set(),
    messages: [],
    tokens: [],
    unanswered: [],
    links: new Map(),
    close: () =>
      new Promise((resolve) => {
        for (const socket of hub.sockets) socket.destroy(new Error("The stand-in stops."));
        server.close(() => resolve());
      }),
  };
  server.on("secureConnection", (socket) => {
    hub.sockets.add(socket);
    socket.on("close", () => hub.sockets.delete(socket));
    socket.on("error", () => undefined);
    // The library's ring would otherwise close the session's window behind one unsettled delivery.
    const ring = { session_buffer_size: 32_768 };
    const options = { ...ring, ...connectionOptions, receiver_options: { credit_window: 0, autoaccept: false } };
    const connection = container.create_connection(options as never);
    hub.connections.add(connection);
    connection["accept"](socket);
  });
  server.on("tlsClientError", () => undefined);
  serve(container, hub);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return hub;
}

function serve(container: ReturnType<typeof rhea.create_container>, hub: AmqpStandIn): void {
  const answers = new Map<Connection, Sender>();
  container.on("disconnected", ({ connection }: EventContext) => {
    hub.connections.delete(connection);
    for (const [receiver] of hub.links) if (receiver.connection === connection) hub.links.delete(receiver);
  });
  container.on("connection_close", ({ connection }: EventContext) => hub.connections.delete(connection));
  container.on("sender_open", ({ sender, connection }: EventContext) => {
    if (sender === undefined) return;
    const address = String(sender.source.address);
    sender.set_source({ address });
    if (address === "$cbs") answers.set(connection, sender);
    else hub.behaviour.receiver?.(sender, address);
  });
  container.on("receiver_open", ({ receiver }: EventContext) => {
    if (receiver === undefined) return;
    const address = String(receiver.target.address);
    receiver.set_target({ address });
    if (address === "$cbs") return receiver.add_credit(100);
    const deviceId = deviceOf(address);
    const answer = hub.behaviour.attach?.(deviceId) ?? { credit: 1_000 };
    if (answer === "silent") {
      // The library is about to answer by itself.
      const state = (receiver as unknown as { readonly state: { open_requests: number } }).state;
      state.open_requests = 0;
      hub.unanswered.push(() => {
        hub.links.set(receiver, deviceId);
        state.open_requests = 1;
        receiver.add_credit(10);
      });
    } else if ("credit" in answer) {
      hub.links.set(receiver, deviceId);
      if (answer.credit > 0) receiver.add_credit(answer.credit);
    } else receiver.close(answer as AmqpError);
  });
  for (const event of ["sender_close", "sender_error", "receiver_error", "connection_error", "protocol_error", "error"])
    container.on(event, () => undefined);
  container.on("receiver_close", ({ receiver }: EventContext) => receiver && hub.links.delete(receiver));
  container.on("message", ({ message, delivery, receiver, connection }: EventContext) => {
    if (message === undefined || delivery === undefined || receiver === undefined) return;
    const address = String(receiver.target.address);
    receiver.add_credit(1);
    if (address === "$cbs") return answerToken(hub, { message, delivery, sender: answers.get(connection) });
    const received = { deviceId: deviceOf(address), message, delivery, receiver, connection };
    hub.messages.push(received);
    if (hub.behaviour.message === undefined) delivery.accept();
    else hub.behaviour.message(received);
  });
}

function answerToken(
  hub: AmqpStandIn,
  { message, delivery, sender }: { message: Message; delivery: Delivery; sender: Sender | undefined },
): void {
  delivery.accept();
  const [token, audience] = [String(message["body"]), String(message["application_properties"]?.["name"])];
  hub.tokens.push({ token, audience });
  const answer = hub.behaviour.token?.(token, audience) ?? { status: 200 };
  if (answer === "silent") return;
  sender?.send({
    correlation_id: String(message["message_id"]),
    application_properties: { "status-code": answer.status, "status-description": answer.description ?? "OK" },
    body: "",
  });
}

function deviceOf(address: string): string {
  return /^\/devices\/(.+)\/messages\/events$/.exec(address)?.[1] ?? address;
}
