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

/** Measures a Local Hub in a process of its own, with a folder: as it runs under `npm start`. */
export async function measureLocalHub(seconds: number, progress: (what: string) => void): Promise<HubFigures> {
  const folder = mkdtempSync(join(tmpdir(), "iot-hub-bench-"));
  const { hub, addresses } = await start(folder);
  const pid = hub.pid ?? 0;
  try {
    progress(`Local Hub: registering ${DEVICES} devices`);
    const devices = await register(addresses, DEVICES);
    const ids = devices.map(({ id }) => id);
    const amqp = [];
    for (const links of [1, 1_000, DEVICES]) {
      progress(`Local Hub: AMQP, ${links} links on one connection`);
      const plan = { ...amqpPlan(addresses, ids.slice(0, links)), seconds };
      const before = usageOf(pid)?.cpuSeconds ?? 0;
      const load = await runPart<AmqpLoad>("amqp-load", plan);
      const after = usageOf(pid);
      amqp.push({
        ...load,
        links,
        cpuUs: (((after?.cpuSeconds ?? 0) - before) / load.accepted) * 1e6,
        rssMb: after?.rssMb ?? 0,
      });
    }
    progress(`Local Hub: reading at ${READING_RATE}/s`);
    const reading = await measureReading(addresses, ids.slice(0, 1_000), seconds);
    progress(`Local Hub: ${MQTT_CONNECTIONS} MQTT connections`);
    const { hostName, mqttsPort: port, caFile } = addresses;
    const mqttPlan: MqttLoadPlan = {
      hostName,
      port,
      caFile,
      hubPid: pid,
      devices: devices.slice(0, MQTT_CONNECTIONS),
      seconds,
    };
    return { amqp, reading, mqtt: await runPart<MqttLoad>("mqtt-load", mqttPlan) };
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
