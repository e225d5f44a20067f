/**
 * The way without a bridge: one of Microsoft's device clients for each device, one message under way on each. Prints one
 * line of JSON. Reads from standard input: JSON of `SdkPlan`.
 */
import { readPlan } from "./child.ts";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

export interface SdkPlan {
  readonly protocol: "amqp" | "mqtt";
  /** Connection strings of the devices. */
  readonly devices: readonly string[];
  readonly caFile: string;
  readonly seconds: number;
}

interface DeviceClient {
  setOptions(options: { ca: string }): Promise<unknown>;
  open(): Promise<unknown>;
  sendEvent(message: unknown): Promise<unknown>;
  close(): Promise<unknown>;
}

interface Device {
  Client: { fromConnectionString(text: string, protocol: unknown): DeviceClient };
  Message: new (body: string) => unknown;
}

const require = createRequire(import.meta.url);
const { Client, Message } = require("azure-iot-device") as Device;
const { Amqp } = require("azure-iot-device-amqp") as { Amqp: unknown };
const { Mqtt } = require("azure-iot-device-mqtt") as { Mqtt: unknown };

const plan = await readPlan<SdkPlan>();
const ca = readFileSync(plan.caFile, "utf8");
const protocol = { amqp: Amqp, mqtt: Mqtt }[plan.protocol];
const clients = plan.devices.map((text) => Client.fromConnectionString(text, protocol));
for (const client of clients) {
  await client.setOptions({ ca });
  await client.open();
}
let accepted = 0;
const start = performance.now();
const end = start + plan.seconds * 1000;
await Promise.all(
  clients.map(async (client) => {
    while (performance.now() < end) {
      const data = JSON.stringify({
        n: accepted,
        sentAt: Date.now(),
        temperature: 21.5,
        humidity: 40.25,
        pressure: 1013.2,
      });
      await client.sendEvent(
        new Message(JSON.stringify({ data, event: "bench/reading", published_at: new Date().toISOString() })),
      );
      accepted += 1;
    }
  }),
);
process.stdout.write(`${JSON.stringify({ accepted, seconds: (performance.now() - start) / 1000 })}\n`);
process.exit(0);
