/** Nothing that was answered 2xx is lost, whoever is killed and whenever. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeDevices, makeIntegration, makeProduct, request, type FleetDevice } from "./support/cloud.ts";
import { firstOccurrences, HubReader } from "./support/hub-reader.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { Load } from "./support/load.ts";

const KILLS = Number(process.env["ISTHMUS_KILLS"] ?? 6);
const isthmus = new IsthmusProcess();
let firstRun: FirstRun;
let devices: FleetDevice[];
let integrationId: string;

beforeAll(async () => {
  firstRun = await isthmus.start();
  await makeProduct(firstRun, "fleet");
  devices = await makeDevices(firstRun, "fleet", 40);
  integrationId = await makeIntegration(firstRun, "fleet");
});

afterAll(async () => {
  await isthmus.dispose();
});

test(`${KILLS} times kill -9 of the bridge under load: all that was answered arrives, in order, doubles only with equal id`, async () => {
  const load = new Load(firstRun.url);
  load.start(devices);
  for (let i = 0; i < KILLS; i++) {
    const before = load.count;
    await waitFor(() => load.count > before + 200 + Math.floor(Math.random() * 600));
    await isthmus.kill();
    firstRun = await isthmus.start();
    load.url = firstRun.url;
  }
  await load.stop();
  expect(load.count).toBeGreaterThan(200 * KILLS);
  await expectArrivals(load, "load/value");
});

test.runIf(process.platform === "linux")(
  "kill -9 of the Local Hub under load: the bridge waits, reconnects and completes",
  async () => {
    const load = new Load(firstRun.url);
    load.start(devices, { name: "load/hub-kill" });
    for (let i = 0; i < 3; i++) {
      const before = load.count;
      await waitFor(() => load.count > before + 500);
      await waitFor(() => hubPid() !== undefined);
      process.kill(hubPid()!, "SIGKILL");
    }
    const before = load.count;
    await waitFor(() => load.count > before + 500);
    await load.stop();
    expect(load.refused).toBe(0);
    await expectArrivals(load, "load/hub-kill");
  },
);

/** Every accepted event is read, in its device's order; a repeated one repeats id and body. The ledger closes. */
async function expectArrivals(load: Load, name: string): Promise<void> {
  const reader = new HubReader(firstRun);
  const mine = (): HubReader["events"] => reader.events.filter((event) => event.body["event"] === name);
  try {
    await reader.reads(() => missing(load, mine()).length === 0, "all that was accepted", 90_000);
    const bodies = new Map<string, string>();
    for (const event of mine()) {
      const body = JSON.stringify(event.body);
      expect(bodies.get(event.messageId) ?? body).toBe(body);
      bodies.set(event.messageId, body);
    }
    for (const list of firstOccurrences(mine()).values()) {
      const numbers = list.map((event) => Number(event.body["data"]));
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      const seqs = list.map((event) => Number(event.properties["seq"]));
      expect(seqs).toEqual(seqs.map((_, i) => (seqs[0] ?? 0) + i));
    }
  } finally {
    await reader.close();
  }
  await waitFor(async () => (await ledger())["pending"] === 0);
  const { accepted, delivered, parked, expired, erased } = await ledger();
  expect(accepted).toBe(delivered);
  expect([parked, expired, erased]).toEqual([0, 0, 0]);
}

function missing(load: Load, events: HubReader["events"]): string[] {
  const arrived = new Set(events.map((event) => `${String(event.body["device_id"])} ${String(event.body["data"])}`));
  return [...load.accepted]
    .flatMap(([id, numbers]) => numbers.map((n) => `${id} ${n}`))
    .filter((key) => !arrived.has(key));
}

async function ledger(): Promise<Record<string, number>> {
  const { json } = await request(firstRun, "GET", `/admin/v1/integrations/${integrationId}/ledger`);
  return json["ledger"] as Record<string, number>;
}

/** The Local Hub's process: the bridge's only child; `undefined` while a new one is not started yet. */
function hubPid(): number | undefined {
  const [child] = readFileSync(`/proc/${isthmus.pid}/task/${isthmus.pid}/children`, "utf8").split(" ");
  return child ? Number(child) : undefined;
}

async function waitFor(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error("Waited a minute in vain.");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
