/**
 * `npm run bench`: how many events a second go through, how long they take and what they cost, next to the raw ceiling of
 * the same hub and to the ways that need no bridge. Everything is taken in one run on one machine: read the ratios.
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { formatDeviceConnectionString } from "iot-hub-protocol";
import { makeIntegration, makeProduct, request } from "../support/cloud.ts";
import { HubReader } from "../support/hub-reader.ts";
import { lookUp } from "../support/hub-registry.ts";
import { IsthmusProcess, type FirstRun } from "../support/isthmus-process.ts";
import { percentile } from "../support/load.ts";
import { until } from "../support/until.ts";
import { runPart } from "./child.ts";
import { measureLocalHub, type HubFigures } from "./local-hub.ts";
import { childOf, usageOf } from "./processes.ts";
import type { MqttPlan, MqttPublished } from "./mqtt-publisher.ts";
import type { Plan, Published } from "./publisher.ts";
import type { RawPlan } from "./raw-sender.ts";
import type { SdkPlan } from "./sdk-clients.ts";

interface Line {
  readonly name: string;
  readonly devices: number;
  /** Events a second, from the first publish to the last settlement by the hub. */
  readonly rate: number;
  readonly acceptP50?: number;
  readonly acceptP99?: number;
  readonly bridgeCpuUs?: number;
  readonly hubCpuUs?: number;
  readonly bridgeRssMb?: number;
  readonly hubRssMb?: number;
}

const SECONDS = Number(process.env["ISTHMUS_BENCH_SECONDS"] ?? 8);
const CONNECTIONS = 64;
/** Fewer than the batches that the bridge holds at once. */
const BATCH_CONNECTIONS = 8;

const isthmus = new IsthmusProcess({ ISTHMUS_LOG_LEVEL: "warn" });
const lines: Line[] = [];
let latency = { rate: 0, p50: 0, p99: 0, events: 0 };
try {
  progress("starting");
  const firstRun = await isthmus.start();
  const deviceIds = await prepareFleet(firstRun, 10_000);
  const integrationId = await makeIntegration(firstRun, "bench", { event: "bench/" });
  progress("making identities of 100 devices");
  await warmUp(firstRun, integrationId, deviceIds.slice(0, 100));

  progress("raw ceiling");
  add(await raw(firstRun, deviceIds.slice(0, 100)));
  for (const count of [100, 1_000, 10_000]) {
    progress(`HTTP publish, ${count} devices`);
    if (count > 100) await warmUp(firstRun, integrationId, deviceIds.slice(0, count));
    const fleet = deviceIds.slice(0, count);
    add(await publish(firstRun, integrationId, "Isthmus, HTTP single publish", fleet, { seconds: SECONDS }));
  }
  for (const batch of [10, 100]) {
    progress(`HTTP batches of ${batch}, 1000 devices`);
    const name = `Isthmus, HTTP batches of ${batch}`;
    add(await publish(firstRun, integrationId, name, deviceIds.slice(0, 1_000), { seconds: SECONDS, batch }));
  }
  for (const count of [100, 1_000]) {
    progress(`MQTT publish, ${count} devices`);
    const name = "Isthmus, MQTT publish with QoS 1";
    add(await publishByMqtt(firstRun, integrationId, name, deviceIds.slice(0, count)));
  }
  progress("Microsoft's device clients");
  for (const protocol of ["mqtt", "amqp"] as const) {
    const strings = await deviceStrings(firstRun, deviceIds.slice(0, 100), protocol);
    add(await sdk(firstRun, `azure-iot-device-${protocol}, one client a device`, protocol, strings));
  }
  progress("latency at 1,000/s");
  latency = await measureLatency(firstRun, deviceIds.slice(0, 1_000));
} finally {
  await isthmus.dispose();
}
const hub = await measureLocalHub(SECONDS, progress);
report();
reportHub(hub);

async function prepareFleet(firstRun: FirstRun, count: number): Promise<string[]> {
  progress(`adding ${count} devices`);
  await makeProduct(firstRun, "bench");
  const ids = Array.from({ length: count }, (_, i) => `e00fce68${i.toString(16).padStart(16, "0")}`);
  for (let i = 0; i < ids.length; i += 1_000) {
    const form = new FormData();
    form.append("file", new Blob([ids.slice(i, i + 1_000).join("\n")]), "devices.txt");
    const answer = await fetch(`${firstRun.url}/v1/products/bench/devices`, {
      method: "POST",
      headers: { authorization: `Bearer ${firstRun.accessToken}` },
      body: form,
    });
    if (!answer.ok) throw new Error(`Devices were not added: ${await answer.text()}`);
  }
  return ids;
}

/** One event of every device, so that identities and links are there before the clock runs. */
async function warmUp(firstRun: FirstRun, integrationId: string, deviceIds: readonly string[]): Promise<void> {
  await publish(firstRun, integrationId, "warm-up", deviceIds, { seconds: 60, count: deviceIds.length });
}

async function publish(
  firstRun: FirstRun,
  integrationId: string,
  name: string,
  deviceIds: readonly string[],
  load: Pick<Plan, "seconds" | "count" | "batch">,
): Promise<Line> {
  const plan: Plan = {
    url: firstRun.url,
    path: load.batch === undefined ? "/v1/products/bench/events" : "/v1/products/bench/events/batch",
    token: firstRun.accessToken,
    deviceIds,
    connections: load.batch === undefined ? CONNECTIONS : BATCH_CONNECTIONS,
    ...load,
  };
  return measure(firstRun, integrationId, { name, devices: deviceIds.length }, () =>
    runPart<Published>("publisher", plan),
  );
}

/** As many events under way as over HTTP. */
async function publishByMqtt(
  firstRun: FirstRun,
  integrationId: string,
  name: string,
  deviceIds: readonly string[],
): Promise<Line> {
  const devices: { id: string; token: string }[] = [];
  for (const id of deviceIds) {
    const { json } = await request(firstRun, "POST", `/v1/products/bench/devices/${id}/token`);
    devices.push({ id, token: String(json["token"]) });
  }
  const port = Number(new URL(firstRun.mqttUrl).port);
  const plan: MqttPlan = { port, devices, window: CONNECTIONS, seconds: SECONDS };
  return measure(firstRun, integrationId, { name, devices: devices.length }, () =>
    runPart<MqttPublished>("mqtt-publisher", plan),
  );
}

/** What publishing costs from its first event until the hub has settled the last. */
async function measure(
  firstRun: FirstRun,
  integrationId: string,
  line: Pick<Line, "name" | "devices">,
  run: () => Promise<Published>,
): Promise<Line> {
  const hub = childOf(isthmus.pid);
  const before = [usageOf(isthmus.pid), hub === undefined ? undefined : usageOf(hub)];
  const deliveredBefore = (await ledger(firstRun, integrationId))["delivered"] ?? 0;
  const published = await run();
  if (published.failed > 0) throw new Error(`${published.failed} publishes were refused.`);
  const total = deliveredBefore + published.accepted;
  await until(async () => (await ledger(firstRun, integrationId))["delivered"] === total, "all deliveries", 120_000);
  const drained = (Date.now() - published.startedAt) / 1000;
  const after = [usageOf(isthmus.pid), hub === undefined ? undefined : usageOf(hub)];
  const cpu = (i: number): number => ((after[i]!.cpuSeconds - before[i]!.cpuSeconds) / published.accepted) * 1e6;
  const known = after.every((usage) => usage !== undefined) && before.every((usage) => usage !== undefined);
  return {
    ...line,
    rate: published.accepted / drained,
    acceptP50: published.p50,
    acceptP99: published.p99,
    ...(known
      ? { bridgeCpuUs: cpu(0), hubCpuUs: cpu(1), bridgeRssMb: after[0]!.rssMb, hubRssMb: after[1]!.rssMb }
      : {}),
  };
}

async function raw({ localHub }: FirstRun, deviceIds: readonly string[]): Promise<Line> {
  const { connectionString, amqpsPort: port, caFile } = localHub;
  const plan: RawPlan = { connectionString, port, caFile, deviceIds, seconds: SECONDS, window: 500 };
  const { accepted, seconds } = await runPart<{ accepted: number; seconds: number }>("raw-sender", plan);
  return { name: "raw: rhea straight into the Local Hub", devices: deviceIds.length, rate: accepted / seconds };
}

async function sdk(
  { localHub }: FirstRun,
  name: string,
  protocol: "amqp" | "mqtt",
  devices: readonly string[],
): Promise<Line> {
  const plan: SdkPlan = { protocol, devices, caFile: localHub.caFile, seconds: SECONDS };
  const { accepted, seconds } = await runPart<{ accepted: number; seconds: number }>("sdk-clients", plan);
  return { name, devices: devices.length, rate: accepted / seconds };
}

async function deviceStrings(
  firstRun: FirstRun,
  deviceIds: readonly string[],
  protocol: "amqp" | "mqtt",
): Promise<string[]> {
  const port = { amqp: firstRun.localHub.amqpsPort, mqtt: firstRun.localHub.mqttsPort }[protocol];
  const strings: string[] = [];
  for (let i = 0; i < deviceIds.length; i += 10) {
    const group = deviceIds.slice(i, i + 10).map(async (deviceId) => {
      const identity = (await lookUp(firstRun, "identity", deviceId)) as {
        authentication: { symmetricKey: { primaryKey: string } };
      };
      const hostName = `${firstRun.localHub.hostName}:${port}`;
      return formatDeviceConnectionString({
        hostName,
        deviceId,
        sharedAccessKey: identity.authentication.symmetricKey.primaryKey,
      });
    });
    strings.push(...(await Promise.all(group)));
  }
  return strings;
}

async function measureLatency(firstRun: FirstRun, deviceIds: readonly string[]): Promise<typeof latency> {
  const reader = new HubReader(firstRun);
  try {
    // The reader begins at the start of the stream: it must have caught up before the clock runs.
    let seen = -1;
    await until(
      async () => {
        const still = reader.events.length === seen && seen > 0;
        seen = reader.events.length;
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        return still;
      },
      "the reader to catch up",
      120_000,
    );
    const plan: Plan = {
      url: firstRun.url,
      path: "/v1/products/bench/events",
      token: firstRun.accessToken,
      deviceIds,
      connections: CONNECTIONS,
      seconds: SECONDS,
      rate: 1_000,
    };
    const before = reader.events.length;
    const published = await runPart<Published>("publisher", plan);
    await reader.reads((events) => events.length >= before + published.accepted, "the published events");
    const times = reader.events
      .slice(before)
      .map((event) => event.readAt - (JSON.parse(String(event.body["data"])) as { sentAt: number }).sentAt);
    return {
      rate: published.accepted / published.seconds,
      p50: percentile(times, 50),
      p99: percentile(times, 99),
      events: times.length,
    };
  } finally {
    await reader.close();
  }
}

async function ledger(firstRun: FirstRun, integrationId: string): Promise<Record<string, number>> {
  const { json } = await request(firstRun, "GET", `/admin/v1/integrations/${integrationId}/ledger`);
  return json["ledger"] as Record<string, number>;
}

function report(): void {
  const ceiling = lines[0]?.rate ?? 1;
  const rows = [
    ["", "devices", "events/s", "of raw", "accept p50", "p99 ms", "CPU us/event bridge", "hub", "RSS MB bridge", "hub"],
    ...lines.map((line) => [
      line.name,
      String(line.devices),
      line.rate.toFixed(0),
      (line.rate / ceiling).toFixed(2),
      figure(line.acceptP50, 1),
      figure(line.acceptP99, 1),
      figure(line.bridgeCpuUs, 0),
      figure(line.hubCpuUs, 0),
      figure(line.bridgeRssMb, 0),
      figure(line.hubRssMb, 0),
    ]),
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const table = rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  "),
  );
  console.log(`\n${table.join("\n")}\n`);
  console.log(
    `publish to readable at ${latency.rate.toFixed(0)}/s: p50 ${latency.p50} ms, p99 ${latency.p99} ms (${latency.events} events)`,
  );
  console.log(`Node ${process.version}, ${cpus().length} cores shared by load generator, bridge, hub and readers.`);
  console.log(
    "Microsoft's device clients keep nothing on disk before they send. Not measured: azure-iot-device-http (it knows no port but 443).",
  );
  const flag = process.argv.indexOf("--json");
  const file = flag > 0 ? process.argv[flag + 1] : undefined;
  if (file !== undefined) {
    writeFileSync(
      file,
      `${JSON.stringify({ node: process.version, cores: cpus().length, lines, latency, hub }, null, 2)}\n`,
    );
  }
}

function reportHub({ amqp, mqtt, reading }: HubFigures): void {
  console.log("\nThe Local Hub by itself, against senders that encode each message once:");
  for (const { links, accepted, seconds, attachSeconds, cpuUs, rssMb } of amqp) {
    const ratio = (accepted / seconds / ((amqp[0]?.accepted ?? 1) / (amqp[0]?.seconds ?? 1))).toFixed(2);
    console.log(
      `  AMQP, ${links} links on one connection: ${(accepted / seconds).toFixed(0)} messages/s (${ratio} of one link), ` +
        `${cpuUs.toFixed(0)} us hub CPU each, attached in ${attachSeconds.toFixed(2)} s, hub RSS ${rssMb.toFixed(0)} MB`,
    );
  }
  console.log(
    `  MQTT, ${mqtt.connections} connections: ${mqtt.connectsPerSecond.toFixed(0)} connects/s, ${mqtt.held} held, ` +
      `${mqtt.kbPerConnection.toFixed(0)} KB each, ${mqtt.acknowledgedPerSecond.toFixed(0)} messages/s at QoS 1`,
  );
  console.log(
    `  @azure/event-hubs reading at ${reading.sentPerSecond.toFixed(0)}/s: ${reading.perSecond.toFixed(0)}/s read, ` +
      `${reading.lagP50} ms behind at p50, ${reading.lagP99} ms at p99`,
  );
}

function figure(value: number | undefined, digits: number): string {
  return value === undefined ? "-" : value.toFixed(digits);
}

/** Told at once, so that a bench that is interrupted has said something. */
function add(line: Line): void {
  lines.push(line);
  progress(
    `${line.name}, ${line.devices} devices: ${line.rate.toFixed(0)} events/s${process.stderr.isTTY ? "\n" : ""}`,
  );
}

function progress(what: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${what}` : `${what}\n`);
}
