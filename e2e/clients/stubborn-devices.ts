/**
 * Devices by Microsoft's device SDK that report and send all the time, each value until the hub has acknowledged it, whatever
 * happens to the hub. Argument: a JSON list of `StubbornDeviceOptions`. The line `stop` on its standard input ends the
 * writing; then it prints, as one line, what each device wrote last under each path: `[{ id, reported, sent, count }]`. Those
 * that read messages go on reading; the line `messages` prints what they have: `[{ id, messages: [{ id, body }], received }]`.
 */
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import common from "azure-iot-common";
import device, { type Client as DeviceClient, type Message as Received, type Twin } from "azure-iot-device";
import amqp from "azure-iot-device-amqp";
import http from "azure-iot-device-http";
import mqtt from "azure-iot-device-mqtt";
import { documentOf, valueOf } from "../support/leaves.ts";

type Values = Record<string, unknown>;
type ReportedUpdate = (patch: object, done: (error?: Error) => void) => void;

export interface StubbornDeviceOptions {
  readonly id: string;
  readonly connectionString: string;
  readonly transport?: StubbornTransport;
  /** The paths of what it reports and of what it sends. */
  readonly reports?: readonly string[];
  readonly sends?: readonly string[];
  /** Whether it takes cloud-to-device messages. */
  readonly isReader?: boolean;
  /** Between two writes, on the average. */
  readonly pauseMs?: number;
}

export type StubbornTransport = keyof typeof TRANSPORTS;

const TRANSPORTS = {
  Mqtt: mqtt.Mqtt,
  MqttWs: mqtt.MqttWs,
  Amqp: amqp.Amqp,
  AmqpWs: amqp.AmqpWs,
  Http: http.Http,
} as const;
const LIMIT_MS = 8_000;

let isStopping = false;

class StubbornDevice {
  readonly id: string;
  readonly reported: Values = {};
  readonly sent: Values = {};
  readonly messages = new Map<string, unknown>();
  received = 0;
  count = 0;
  readonly #options: Required<StubbornDeviceOptions>;
  #client: DeviceClient | undefined;
  #twin: Twin | undefined;

  constructor(options: StubbornDeviceOptions) {
    this.id = options.id;
    this.#options = {
      transport: "Mqtt",
      reports: ["reported_a", "reported_b", "shared"],
      sends: ["sent_a", "sent_b", "shared"],
      isReader: false,
      pauseMs: 150,
      ...options,
    };
  }

  async run(): Promise<void> {
    const { reports, sends, pauseMs } = this.#options;
    while (!isStopping) {
      await wait(Math.random() * 2 * pauseMs);
      const isReport = Math.random() < reports.length / (reports.length + sends.length);
      const paths = isReport ? reports : sends;
      const path = paths[Math.floor(Math.random() * paths.length)]!;
      const value = valueOf("device", ++this.count);
      const body = documentOf({ [path]: value });
      await this.#insist(async () => {
        if (isReport) return this.#report(body);
        await this.#client?.sendEvent(new device.Message(JSON.stringify(body)));
      });
      (isReport ? this.reported : this.sent)[path] = value;
    }
    if (this.#options.isReader) void this.#goOnReading();
    else await this.#close();
  }

  async #goOnReading(): Promise<void> {
    for (;;) {
      await this.#insist(() => Promise.resolve());
      await wait(200);
    }
  }

  /** Until it is acknowledged. What was given up may have arrived; the same then arrives twice. */
  async #insist(work: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        if (this.#client === undefined) await this.#open();
        return void (await inTime(work()));
      } catch {
        await this.#close();
        await wait(100 + Math.random() * 200);
      }
    }
  }

  #report(patch: object): Promise<void> {
    return new Promise((resolve, reject) => {
      const update = this.#twin?.properties.reported["update"] as ReportedUpdate | undefined;
      if (update === undefined) reject(new Error("no twin"));
      else update(patch, (error) => (error ? reject(error) : resolve()));
    });
  }

  async #open(): Promise<void> {
    const { connectionString, transport, reports, isReader } = this.#options;
    const client = device.Client.fromConnectionString(connectionString, TRANSPORTS[transport] as never);
    this.#client = client;
    // What is sent again later by the SDK itself would come after what is newer.
    client.setRetryPolicy(new common.NoRetry());
    client.on("error", () => undefined);
    client.on("disconnect", () => {
      if (this.#client === client) void this.#close();
    });
    // Before it is open: what waits comes with the connection, and the SDK acknowledges what nobody listens to.
    if (isReader) client.on("message", (message: Received) => this.#take(client, message));
    await inTime(client.open());
    if (reports.length > 0) this.#twin = await inTime(client.getTwin());
  }

  #take(client: DeviceClient, message: Received): void {
    this.received += 1;
    this.messages.set(message.messageId, JSON.parse(message.getBytes().toString("utf8")) as unknown);
    // One that is not settled comes again.
    client.complete(message, () => undefined);
  }

  async #close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#twin = undefined;
    if (client !== undefined) await inTime(client.close()).catch(() => undefined);
  }
}

async function inTime<T>(work: PromiseLike<T>): Promise<T> {
  const limit = new AbortController();
  const late = wait(LIMIT_MS, undefined, { signal: limit.signal }).then(() => {
    throw new Error("No answer.");
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    limit.abort();
  }
}

// What the SDK throws out of its own timers and sockets when a connection breaks is not this device's end.
process.on("uncaughtException", (error) => process.stderr.write(`${String(error.stack)}\n`));
process.on("unhandledRejection", (error) => process.stderr.write(`${String(error)}\n`));

const fleet = (JSON.parse(process.argv[2] ?? "[]") as StubbornDeviceOptions[]).map((one) => new StubbornDevice(one));
const runs = fleet.map((one) => one.run());
const print = (answer: object): void => void process.stdout.write(`${JSON.stringify(answer)}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "stop") {
    isStopping = true;
    await Promise.all(runs);
    print(fleet.map(({ id, reported, sent, count }) => ({ id, reported, sent, count })));
  } else {
    const entries = ({ messages }: StubbornDevice): object[] => Array.from(messages, ([id, body]) => ({ id, body }));
    print(fleet.map((one) => ({ id: one.id, messages: entries(one), received: one.received })));
  }
}
process.exit(0);
