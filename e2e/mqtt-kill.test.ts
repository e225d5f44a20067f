/** No event that was acknowledged over MQTT is lost, whenever the bridge is killed. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeDevices, makeIntegration, makeProduct, request, type FleetDevice } from "./support/cloud.ts";
import { HubReader } from "./support/hub-reader.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { MqttLoad } from "./support/mqtt-load.ts";
import { keptPort } from "./support/kept-port.ts";
import { until } from "./support/until.ts";

const KILLS = Number(process.env["ISTHMUS_KILLS"] ?? 4);
const EVENT = "load/mqtt";

let isthmus: IsthmusProcess;
let firstRun: FirstRun;
let devices: FleetDevice[];
let integrationId: string;

beforeAll(async () => {
  // Devices know one port; it must be the same after every start.
  isthmus = new IsthmusProcess({ ISTHMUS_MQTT_PORT: String(await keptPort()) });
  firstRun = await isthmus.start();
  await makeProduct(firstRun, "fleet");
  devices = await makeDevices(firstRun, "fleet", 20);
  integrationId = await makeIntegration(firstRun, "fleet");
});

afterAll(() => isthmus?.dispose());

test(`${KILLS} times kill -9 under MQTT load: all that was acknowledged is in the hub, in order`, async () => {
  const load = new MqttLoad();
  load.start(devices, { name: EVENT, window: 8, url: firstRun.mqttUrl });
  for (let i = 0; i < KILLS; i++) {
    const before = load.count;
    await until(() => load.count > before + 300 + Math.floor(Math.random() * 500), "acknowledgements", 60_000);
    await isthmus.kill();
    firstRun = await isthmus.start();
  }
  await load.stop();
  expect(load.count).toBeGreaterThan(300 * KILLS);

  const reader = new HubReader(firstRun);
  try {
    await reader.reads(() => missing(load, reader).length === 0, "all that was acknowledged", 90_000);
    const arrivals = firstArrivals(reader);
    expect(arrivals.size).toBe(devices.length);
    // Events that were stored and not acknowledged come again under a new id; what counts is when each came first.
    for (const numbers of arrivals.values()) expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  } finally {
    await reader.close();
  }
  await until(async () => (await ledger())["pending"] === 0, "all deliveries");
  const { accepted, delivered, parked, expired, erased } = await ledger();
  expect([accepted, parked, expired, erased]).toEqual([delivered, 0, 0, 0]);
});

/** Per device: the numbers of its events in the order in which each was read first. */
function firstArrivals(reader: HubReader): Map<string, number[]> {
  const arrivals = new Map<string, Set<number>>();
  for (const { body } of reader.events) {
    if (body["event"] !== EVENT) continue;
    const id = String(body["device_id"]);
    const numbers = arrivals.get(id) ?? new Set();
    arrivals.set(id, numbers.add(Number(body["data"])));
  }
  return new Map([...arrivals].map(([id, numbers]) => [id, [...numbers]]));
}

function missing(load: MqttLoad, reader: HubReader): string[] {
  const arrived = new Set(reader.events.map(({ body }) => `${String(body["device_id"])} ${String(body["data"])}`));
  return [...load.accepted]
    .flatMap(([id, numbers]) => numbers.map((n) => `${id} ${n}`))
    .filter((key) => !arrived.has(key));
}

async function ledger(): Promise<Record<string, number>> {
  const { json } = await request(firstRun, "GET", `/admin/v1/integrations/${integrationId}/ledger`);
  return json["ledger"] as Record<string, number>;
}
