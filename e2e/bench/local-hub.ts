/** What the Local Hub bears by itself: AMQP links without end, MQTT connections, readers. Each figure from one run. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EmulatorAddresses } from "iot-hub-emulator";
import { makeSharedAccessSignature } from "iot-hub-protocol";
import { builtFile } from "../support/isthmus-process.ts";
import type { AmqpLoad, AmqpLoadPlan } from "./amqp-load.ts";
import { runPart } from "./child.ts";
import type { EventReading, EventReadingPlan } from "./event-reader.ts";
import type { MqttLoad, MqttLoadPlan } from "./mqtt-load.ts";
import { usageOf } from "./processes.ts";

export interface HubFigures {
  readonly amqp: readonly (AmqpLoad & { readonly links: number; readonly cpuUs: number; readonly rssMb: number })[];
  readonly mqtt: MqttLoad;
  readonly reading: EventReading & { readonly sentPerSecond: number };
}

const DEVICES = 10_000;
const MQTT_CONNECTIONS = 5_000;
const READING_RATE = 5_000;

/** Measures Local Hubs in processes of their own, with a folder: as they run under `npm start`. */
export async function measureLocalHub(seconds: number, progress: (what: string) => void): Promise<HubFigures> {
  const { amqp, reading } = await withHub(DEVICES, progress, async ({ pid, addresses, devices }) => {
    const ids = devices.map(({ id }) => id);
    const figures: HubFigures["amqp"][number][] = [];
    for (const links of [1, 1_000, DEVICES]) {
      progress(`Local Hub: AMQP, ${links} links on one connection`);
      const before = usageOf(pid)?.cpuSeconds ?? 0;
      const load = await runPart<AmqpLoad>("amqp-load", { ...amqpPlan(addresses, ids.slice(0, links)), seconds });
      const after = usageOf(pid);
      const cpuUs = (((after?.cpuSeconds ?? 0) - before) / load.accepted) * 1e6;
      figures.push({ ...load, links, cpuUs, rssMb: after?.rssMb ?? 0 });
    }
    progress(`Local Hub: reading at ${READING_RATE}/s`);
    return { amqp: figures, reading: await measureReading(addresses, ids.slice(0, 1_000), seconds) };
  });
  // A hub of its own: what was there before would hide what the connections take.
  const mqtt = await withHub(MQTT_CONNECTIONS, progress, ({ pid, addresses, devices }) => {
    progress(`Local Hub: ${MQTT_CONNECTIONS} MQTT connections`);
    const { hostName, mqttsPort: port, caFile } = addresses;
    const plan: MqttLoadPlan = { hostName, port, caFile, hubPid: pid, devices, seconds };
    return runPart<MqttLoad>("mqtt-load", plan);
  });
  return { amqp, reading, mqtt };
}

interface MeasuredHub {
  readonly pid: number;
  readonly addresses: EmulatorAddresses;
  readonly devices: readonly RegisteredDevice[];
}

async function withHub<T>(
  count: number,
  progress: (what: string) => void,
  measure: (hub: MeasuredHub) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "iot-hub-bench-"));
  const { hub, addresses } = await start(folder);
  try {
    progress(`Local Hub: registering ${count} devices`);
    return await measure({ pid: hub.pid ?? 0, addresses, devices: await register(addresses, count) });
  } finally {
    await stop(hub);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A reader runs while events come at a steady rate; then another reads all of them from the start. */
async function measureReading(
  addresses: EmulatorAddresses,
  deviceIds: readonly string[],
  seconds: number,
): Promise<HubFigures["reading"]> {
  const readingPlan: EventReadingPlan = {
    connectionString: addresses.plainEventHubConnectionString,
    events: READING_RATE * seconds,
  };
  const reading = runPart<EventReading>("event-reader", readingPlan);
  const load = await runPart<AmqpLoad>("amqp-load", { ...amqpPlan(addresses, deviceIds), seconds, rate: READING_RATE });
  return { ...(await reading), sentPerSecond: load.accepted / load.seconds };
}

function amqpPlan(addresses: EmulatorAddresses, deviceIds: readonly string[]): Omit<AmqpLoadPlan, "seconds"> {
  const { connectionString, amqpsPort: port, caFile } = addresses;
  return { connectionString, port, caFile, deviceIds, window: 2_000 };
}

interface RegisteredDevice {
  readonly id: string;
  readonly key: string;
}

/** Registers devices with keys of ours, a hundred at a time. */
async function register(
  { hostName, httpsPort, ca, policies }: EmulatorAddresses,
  count: number,
): Promise<RegisteredDevice[]> {
  const key = Buffer.alloc(32, 7).toString("base64");
  const devices = Array.from({ length: count }, (_, i) => ({ id: `bench-${i}`, key }));
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const expiry = Math.floor(Date.now() / 1000) + 3600;
  const authorization = makeSharedAccessSignature({
    resource: hostName,
    key: policies["iothubowner"] ?? "",
    policyName: "iothubowner",
    expiry,
  });
  for (let i = 0; i < count; i += 100) {
    const entries = devices.slice(i, i + 100).map(({ id }) => ({
      id,
      importMode: "create",
      authentication: { type: "sas", symmetricKey: { primaryKey: key, secondaryKey: key } },
    }));
    const headers = { authorization, "content-type": "application/json" };
    const outgoing = request({
      host: hostName,
      port: httpsPort,
      ca,
      agent,
      method: "POST",
      path: "/devices?api-version=2021-04-12",
      headers,
    });
    outgoing.end(JSON.stringify(entries));
    const [answer] = (await once(outgoing, "response")) as [NodeJS.ReadableStream & { readonly statusCode: number }];
    answer.resume();
    await once(answer, "end");
    if (answer.statusCode !== 200) throw new Error(`The hub answered ${answer.statusCode} to a bulk of devices.`);
  }
  agent.destroy();
  return devices;
}

async function start(folder: string): Promise<{ readonly hub: ChildProcess; readonly addresses: EmulatorAddresses }> {
  const ports = { IOT_HUB_HTTPS_PORT: "0", IOT_HUB_AMQPS_PORT: "0", IOT_HUB_AMQP_PORT: "0", IOT_HUB_MQTTS_PORT: "0" };
  const hub = fork(builtFile("packages/iot-hub-emulator/bin/iot-hub-emulator.js"), ["--data", folder], {
    env: { ...process.env, ...ports },
  });
  const [addresses] = (await once(hub, "message")) as [
    EmulatorAddresses & { readonly type: string; readonly message?: string },
  ];
  if (addresses.type !== "ready") throw new Error(`The Local Hub did not start: ${addresses.message}`);
  return { hub, addresses };
}

async function stop(hub: ChildProcess): Promise<void> {
  if (hub.exitCode !== null) return;
  const exited = once(hub, "exit");
  hub.kill("SIGTERM");
  await exited;
}
