/**
 * Clients of a Local Hub that may be killed at any time: each writes down what the hub answered, and goes on when the hub is
 * back. By second vendors' clients, because the device SDK would repeat what was lost behind our back.
 */
import { once } from "node:events";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import rhea, { type Connection, type Sender } from "rhea";
import type { LocalHubProcess } from "./local-hub-process.ts";

/** Deliveries that one AMQP link has under way. */
const WINDOW = 20;

/** One client's work on one connection: returns when it is told to stop, throws when the hub is gone. */
type Work = (isStopped: () => boolean) => Promise<void>;

export interface HubLoadPlan {
  readonly amqp?: readonly string[];
  readonly mqtt?: readonly string[];
  readonly commands?: readonly string[];
  readonly registry?: boolean;
}

export class HubLoad {
  /** By device: the numbers of the telemetry that was accepted, in order. */
  readonly telemetry: Map<string, number[]> = new Map();
  /** By device: the number in the newest report that was answered. */
  readonly reports: Map<string, number> = new Map();
  /** By device: texts of the commands that were accepted, in order. */
  readonly commands: Map<string, string[]> = new Map();
  /** Device id to its state: the newest status reason that was answered, or `deleted`. */
  readonly registry: Map<string, string> = new Map();
  readonly #hub: LocalHubProcess;
  #stopped = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(hub: LocalHubProcess) {
    this.#hub = hub;
  }

  get count(): number {
    let count = this.registry.size;
    for (const numbers of this.telemetry.values()) count += numbers.length;
    return count;
  }

  /** Who sends telemetry by which protocol, who is sent commands, and whether devices are made, changed and deleted. */
  start({ amqp = [], mqtt = [], commands = [], registry = false }: HubLoadPlan): void {
    this.#running = Promise.all([
      ...amqp.map((id) => this.#persist(this.#amqpTelemetry(id))),
      ...mqtt.map((id) => this.#persist(this.#mqttDevice(id))),
      this.#persist(this.#sendCommands(commands)),
      ...(registry ? [this.#persist(this.#changeRegistry())] : []),
    ]);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  // The hub's death shows itself in many ways; all of them mean to try again.
  async #persist(work: Work): Promise<void> {
    while (!this.#stopped) {
      await work(() => this.#stopped).catch(() => undefined);
      if (!this.#stopped) await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  #amqpTelemetry(deviceId: string): Work {
    const accepted: number[] = [];
    this.telemetry.set(deviceId, accepted);
    let next = 0;
    return async (isStopped) => {
      const { hostName } = this.#hub.addresses;
      const token = this.#hub.token("device");
      const link = await openSender(
        this.#hub,
        `device@sas.root.${hostName}`,
        token,
        `/devices/${deviceId}/messages/events`,
      );
      try {
        while (!isStopped()) {
          const numbers = Array.from({ length: WINDOW }, () => next++);
          const taken = await sendAll(
            link,
            numbers.map((n) => ({ body: rhea.message.data_section(Buffer.from(String(n))) })),
          );
          accepted.push(...numbers.filter((_, i) => taken[i]));
          if (taken.includes(false)) throw new Error("The hub went away.");
        }
      } finally {
        link.sender.connection.close();
      }
    };
  }

  #mqttDevice(deviceId: string): Work {
    const accepted: number[] = [];
    this.telemetry.set(deviceId, accepted);
    let next = 0;
    return async (isStopped) => {
      const client = await connectMqtt(this.#hub, deviceId);
      try {
        await orClosed(client, client.subscribeAsync("$iothub/twin/res/#"));
        while (!isStopped()) {
          const n = next++;
          await orClosed(client, client.publishAsync(`devices/${deviceId}/messages/events/`, String(n), { qos: 1 }));
          accepted.push(n);
          if (n % 4 === 0 && (await report(client, n))) this.reports.set(deviceId, n);
        }
      } finally {
        client.end(true);
      }
    };
  }

  #sendCommands(deviceIds: readonly string[]): Work {
    for (const id of deviceIds) this.commands.set(id, []);
    let next = 0;
    return async (isStopped) => {
      const { hostName } = this.#hub.addresses;
      const token = this.#hub.token("service");
      const link = await openSender(this.#hub, `service@sas.root.${hostName}`, token, "/messages/devicebound");
      try {
        while (!isStopped()) {
          for (const [id, accepted] of this.commands) {
            const text = String(next++);
            const message = {
              to: `/devices/${id}/messages/devicebound`,
              message_id: text,
              application_properties: { "iothub-ack": "full" },
              body: rhea.message.data_section(Buffer.from(text)),
            };
            const [taken] = await sendAll(link, [message]);
            if (taken === true) accepted.push(text);
            else if (link.isGone) throw new Error("The hub went away.");
          }
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      } finally {
        link.sender.connection.close();
      }
    };
  }

  #changeRegistry(): Work {
    let next = 0;
    return async (isStopped) => {
      while (!isStopped()) {
        const deviceId = `made-${next++}`;
        const put = async (statusReason: string, headers: Readonly<Record<string, string>>): Promise<void> => {
          const body = { deviceId, status: "enabled", statusReason };
          const { status } = await this.#hub.ask("PUT", `/devices/${deviceId}`, { body, headers });
          if (status === 200) this.registry.set(deviceId, statusReason);
        };
        await put("new", {});
        if (next % 2 === 0) {
          this.registry.delete(deviceId); // between the request and its answer either is right
          await put("changed", { "if-match": "*" });
        }
        if (next % 3 === 0) {
          this.registry.delete(deviceId);
          const { status } = await this.#hub.ask("DELETE", `/devices/${deviceId}`, { headers: { "if-match": "*" } });
          if (status === 204) this.registry.set(deviceId, "deleted");
        }
      }
    };
  }
}

/** A client with the hub's policy for devices, on its way to the hub; it never reconnects by itself. */
export function openMqtt(hub: LocalHubProcess, deviceId: string, options: IClientOptions = {}): MqttClient {
  const { hostName, mqttsPort, ca } = hub.addresses;
  const client = connect(`mqtts://localhost:${mqttsPort}`, {
    ca,
    clientId: deviceId,
    username: `${hostName}/${deviceId}/?api-version=2021-04-12`,
    password: hub.token("device"),
    reconnectPeriod: 0,
    connectTimeout: 5_000,
    ...options,
  });
  client.on("error", () => undefined);
  return client;
}

/** The same, connected. */
export async function connectMqtt(...args: Parameters<typeof openMqtt>): Promise<MqttClient> {
  const client = openMqtt(...args);
  await new Promise<void>((resolve, reject) => {
    client.once("connect", () => resolve());
    client.once("close", () => reject(new Error("The hub went away.")));
  });
  return client;
}

// The client waits for the answers of a broken connection until it has another one.
function orClosed<T>(client: MqttClient, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error("The hub went away."));
    client.once("close", gone);
    answer.then(resolve, reject).finally(() => client.off("close", gone));
    if (!client.connected) gone();
  });
}

async function report(client: MqttClient, n: number): Promise<boolean> {
  const answered = new Promise<boolean>((resolve) => {
    client.once("message", (topic) => resolve(topic.startsWith("$iothub/twin/res/204/")));
    client.once("close", () => resolve(false));
  });
  client.publish(`$iothub/twin/PATCH/properties/reported/?$rid=${n}`, JSON.stringify({ n }));
  return answered;
}

async function openSender(
  { addresses }: LocalHubProcess,
  username: string,
  password: string,
  target: string,
): Promise<OpenSender> {
  const { amqpsPort: port, ca } = addresses;
  const connection: Connection = rhea.create_container().connect({
    transport: "tls",
    host: "localhost",
    servername: "localhost",
    port,
    ca,
    username,
    password,
    reconnect: false,
  });
  connection.on("connection_error", () => undefined);
  const link: { isGone: boolean; readonly gone: Promise<void> } = {
    isGone: false,
    gone: new Promise((resolve) => {
      for (const name of ["disconnected", "connection_close", "sender_close"]) connection.once(name, () => resolve());
    }),
  };
  void link.gone.then(() => (link.isGone = true));
  await orGone(link.gone, once(connection, "connection_open"));
  const sender = connection.open_sender({ target, autosettle: true });
  await orGone(link.gone, once(sender, "sendable"));
  return Object.assign(link, { sender });
}

/** A link for sending, and whether its connection has ended. */
interface OpenSender {
  readonly sender: Sender;
  readonly isGone: boolean;
  readonly gone: Promise<void>;
}

/** For each message whether it was accepted; all `false` from where the hub went away. */
function sendAll({ sender, gone }: OpenSender, messages: readonly object[]): Promise<readonly boolean[]> {
  return new Promise((resolve) => {
    const taken = messages.map(() => false);
    let open = messages.length;
    const settle =
      (isAccepted: boolean) =>
      (context: { readonly delivery?: { readonly id: number } }): void => {
        const index = ids.indexOf(context.delivery?.id ?? -1);
        if (index < 0) return;
        taken[index] = isAccepted;
        if (--open === 0) finish();
      };
    const listeners = {
      accepted: settle(true),
      rejected: settle(false),
      released: settle(false),
      modified: settle(false),
    };
    const finish = (): void => {
      for (const [event, listener] of Object.entries(listeners)) sender.removeListener(event, listener);
      resolve(taken);
    };
    for (const [event, listener] of Object.entries(listeners)) sender.on(event, listener);
    void gone.then(finish);
    const ids = messages.map((message) => sender.send(message as never).id);
  });
}

async function orGone(gone: Promise<void>, event: Promise<unknown>): Promise<void> {
  await Promise.race([
    event,
    gone.then(() => {
      throw new Error("The hub went away.");
    }),
  ]);
}
