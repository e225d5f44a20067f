/**
 * Devices by Microsoft's device SDK that report and send all the time, each value until the hub has acknowledged it, whatever
 * happens to the hub. Arguments: a JSON list of `{ id, connectionString }`. The line `stop` on its standard input ends the
 * writing; then it prints, as one line, what each device wrote last under each key: `[{ id, reported, sent, count }]`.
 */
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import common from "azure-iot-common";
import device, { type Client as DeviceClient, type Twin } from "azure-iot-device";
import mqtt from "azure-iot-device-mqtt";

type Values = Record<string, string | null>;
type ReportedUpdate = (patch: object, done: (error?: Error) => void) => void;

const LIMIT_MS = 8_000;
const PAUSE_MS = 150;
const KEYS = ["a", "b", "shared"] as const;

let isStopping = false;

class StubbornDevice {
  readonly id: string;
  readonly reported: Values = {};
  readonly sent: Values = {};
  count = 0;
  readonly #connectionString: string;
  #client: DeviceClient | undefined;
  #twin: Twin | undefined;

  constructor({ id, connectionString }: { readonly id: string; readonly connectionString: string }) {
    this.id = id;
    this.#connectionString = connectionString;
  }

  async run(): Promise<void> {
    while (!isStopping) {
      await wait(Math.random() * 2 * PAUSE_MS);
      const key = KEYS[Math.floor(Math.random() * KEYS.length)]!;
      const value = Math.random() < 0.15 ? null : `device ${++this.count}`;
      if (Math.random() < 0.5) {
        const name = key === "shared" ? key : `reported_${key}`;
        await this.#insist(() => this.#report({ [name]: value }));
        this.reported[name] = value;
      } else {
        const name = key === "shared" ? key : `sent_${key}`;
        await this.#insist(async () => this.#client?.sendEvent(new device.Message(JSON.stringify({ [name]: value }))));
        this.sent[name] = value;
      }
    }
    await this.#close();
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
    const client = device.Client.fromConnectionString(this.#connectionString, mqtt.Mqtt);
    this.#client = client;
    // What is sent again later by the SDK itself would come after what is newer.
    client.setRetryPolicy(new common.NoRetry());
    client.on("error", () => undefined);
    await inTime(client.open());
    this.#twin = await inTime(client.getTwin());
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

const fleet = (JSON.parse(process.argv[2] ?? "[]") as ConstructorParameters<typeof StubbornDevice>[0][]).map(
  (one) => new StubbornDevice(one),
);
const runs = fleet.map((one) => one.run());
createInterface({ input: process.stdin }).on("line", () => (isStopping = true));
await Promise.all(runs);
const result = fleet.map(({ id, reported, sent, count }) => ({ id, reported, sent, count }));
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
