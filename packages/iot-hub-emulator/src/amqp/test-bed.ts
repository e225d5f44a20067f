/** For tests: a hub in memory behind the AMQP front on a free loopback port, and rhea clients that talk to it. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { formatEventHubConnectionString, makeSharedAccessSignature } from "iot-hub-protocol";
import rhea from "rhea";
import type { Connection, Dictionary, EventContext, Message, Receiver, Sender } from "rhea";
import { encodeStoredMessage } from "../amqp-codec/stored-message.ts";
import type { HubError } from "../hub/errors.ts";
import { Hub } from "../hub/hub.ts";
import type { AmqpLimits } from "./limits.ts";
import { type AmqpFront, createAmqpFront } from "./server.ts";

export interface TestBed {
  readonly hub: Hub;
  readonly front: AmqpFront;
  readonly port: number;
  /** What went wrong by the server's own fault: always empty. */
  readonly faults: readonly HubError[];
  /** A token signed by a policy's key, for the whole hub unless a path is given. */
  policyToken(policyName: string, path?: string, secondsToLive?: number): string;
  /** A token signed by the device's own key. */
  deviceToken(deviceId: string): string;
  /** Event Hubs connection string for plain TCP. */
  eventHubConnectionString(policyName?: string): string;
  connect(options?: Partial<rhea.ConnectionOptions>): TestClient;
  stop(): Promise<void>;
}

export interface TestBedOptions {
  readonly limits?: Partial<AmqpLimits>;
  readonly now?: () => number;
  readonly clock?: () => number;
  readonly devices?: readonly string[];
}

export async function startTestBed({ limits, now, clock, devices = [] }: TestBedOptions = {}): Promise<TestBed> {
  const hub = await Hub.open({ encodeEvent: encodeStoredMessage, ...(now === undefined ? {} : { now }) });
  for (const deviceId of devices) await hub.registry.create(deviceId, {});
  const faults: HubError[] = [];
  const server = createServer();
  const front = createAmqpFront(hub, {
    eventHubAddress: () => ({ host: "localhost", port: portOf(server) }),
    reportFault: (error) => faults.push(error),
    ...(limits === undefined ? {} : { limits }),
    ...(clock === undefined ? {} : { clock }),
  });
  server.on("connection", (socket: Socket) => front.accept(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server);
  const clients: TestClient[] = [];
  const keyOf = (policyName: string): string => hub.policies.get(policyName)?.primaryKey ?? "";
  const sign = (resource: string, key: string, policyName?: string, secondsToLive: number = 3600): string => {
    const expiry = Math.floor(hub.now() / 1000) + secondsToLive;
    return makeSharedAccessSignature({ resource, key, expiry, ...(policyName === undefined ? {} : { policyName }) });
  };

  return {
    hub,
    front,
    port,
    faults,
    policyToken: (policyName, path = "", secondsToLive = 3600) =>
      sign(hub.hostName + path, keyOf(policyName), policyName, secondsToLive),
    deviceToken: (deviceId) => {
      const { authentication } = hub.registry.get(deviceId);
      const key = authentication.type === "sas" ? authentication.symmetricKey.primaryKey : null;
      return sign(`${hub.hostName}/devices/${deviceId}`, key ?? "");
    },
    eventHubConnectionString: (policyName = "service") =>
      formatEventHubConnectionString({
        endpoint: `localhost:${port}`,
        sharedAccessKeyName: policyName,
        sharedAccessKey: keyOf(policyName),
        entityPath: hub.eventHubName,
        developmentEmulator: true,
      }),
    connect: (options = {}) => {
      const client = new TestClient(port, options);
      clients.push(client);
      return client;
    },
    async stop() {
      for (const client of clients) client.close();
      await front.close();
      await new Promise((resolve) => server.close(resolve));
      await hub.close();
    },
  };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** How a link or delivery ended. */
export interface RemoteError {
  readonly condition: string;
  readonly description: string;
  readonly info?: Dictionary<unknown>;
}

/** One rhea connection. */
export class TestClient {
  readonly connection: Connection;
  /** Resolves when the connection is over, with the error of the server's close if it gave one. */
  readonly over: Promise<RemoteError | undefined>;

  constructor(port: number, options: Partial<rhea.ConnectionOptions>) {
    const container = rhea.create_container();
    this.connection = container.connect({ port, host: "127.0.0.1", reconnect: false, ...options } as never);
    this.over = new Promise((resolve) => {
      let error: RemoteError | undefined;
      this.connection.on(
        "connection_error",
        (context: EventContext) => (error = asError(context.connection.error ?? context.error)),
      );
      for (const event of ["connection_close", "disconnected"]) this.connection.on(event, () => resolve(error));
    });
    for (const event of ["session_error", "sender_error", "receiver_error", "error"])
      this.connection.on(event, () => {});
  }

  /** Puts a token on $cbs and resolves with the status of the answer. */
  async putToken(token: string, name: string = "localhost"): Promise<number> {
    const answer = await this.request("$cbs", {
      message_id: rhea.generate_uuid(),
      application_properties: { operation: "put-token", type: "servicebus.windows.net:sastoken", name },
      body: token,
    });
    return answer.application_properties?.["status-code"] as number;
  }

  /** Sends one request to a request-response node over links of its own. */
  async request(node: string, message: Message): Promise<Message> {
    const replyTo = `reply-${String(message.message_id)}`;
    const receiver = this.connection.open_receiver({ source: { address: node }, target: { address: replyTo } });
    await once(receiver, "receiver_open");
    const sender = await this.openSender(node);
    sender.send({ ...message, reply_to: replyTo });
    const [{ message: answer }] = (await once(receiver, "message")) as [EventContext];
    sender.close();
    receiver.close();
    return answer as Message;
  }

  /** Resolves when the link has credit; rejects with a `RemoteError` when it is refused. */
  async openSender(address: string): Promise<Sender> {
    const sender = this.connection.open_sender({ target: { address }, autosettle: true });
    await settled(sender, "sendable", "sender_error");
    return sender;
  }

  async openReceiver(address: string, options: Partial<rhea.ReceiverOptions> = {}): Promise<Receiver> {
    const { source, ...rest } = options;
    const receiver = this.connection.open_receiver({
      ...rest,
      source: { ...(typeof source === "object" ? source : {}), address },
    } as never);
    await settled(receiver, "receiver_open", "receiver_error");
    return receiver;
  }

  close(): void {
    if (this.connection.is_open()) this.connection.close();
  }
}

/** Resolves with how the peer ended a link that was open. */
export async function linkEnd(link: Sender | Receiver): Promise<RemoteError> {
  const event = link.is_sender() ? "sender_error" : "receiver_error";
  await once(link, event);
  return asError(link.error) as RemoteError;
}

// A refused link is attached without a source and then detached with its error; a refused sender never gets credit.
async function settled(link: Sender | Receiver, opened: string, failed: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    link.once(failed, () => reject(asError(link.error)));
    link.once(opened, () => {
      const source = (link as unknown as { remote: { attach: { source?: { value?: unknown } } } }).remote.attach.source;
      if (link.is_sender() || (source?.value ?? null) !== null) resolve();
    });
  });
}

function asError(error: unknown): RemoteError | undefined {
  if (error === undefined || error === null) return undefined;
  const { condition, description, info } = error as RemoteError;
  return { condition, description, ...(info === undefined || info === null ? {} : { info }) };
}

/** Sends messages on a link; resolves with the outcome of each, in the order they were sent. */
export async function sendAll(sender: Sender, messages: readonly Message[]): Promise<("accepted" | RemoteError)[]> {
  const outcomes = new Map<number, "accepted" | RemoteError>();
  const ids: number[] = [];
  const done = new Promise<void>((resolve, reject) => {
    const note = (id: number, outcome: "accepted" | RemoteError): void => {
      outcomes.set(id, outcome);
      if (outcomes.size === messages.length) resolve();
    };
    sender.on("accepted", ({ delivery }: EventContext) => note(delivery?.id ?? -1, "accepted"));
    sender.on("rejected", ({ delivery }: EventContext) => {
      const state = delivery?.remote_state as unknown as { error?: unknown } | undefined;
      note(delivery?.id ?? -1, asError(state?.error) as RemoteError);
    });
    sender.once("sender_error", () => reject(asError(sender.error)));
  });
  for (const message of messages) {
    if (!sender.sendable()) await once(sender, "sendable");
    ids.push((sender.send(message) as { id: number }).id);
  }
  await done;
  sender.removeAllListeners("accepted");
  sender.removeAllListeners("rejected");
  return ids.map((id) => outcomes.get(id) as "accepted" | RemoteError);
}
