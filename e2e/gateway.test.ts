/** A gateway: a program with an API user's token that publishes for many devices at once. */
import Particle from "particle-api-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeDevices, makeIntegration, makeProduct, request, type FleetDevice } from "./support/cloud.ts";
import { firstOccurrences, HubReader } from "./support/hub-reader.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";

const DEVICES = 3;
const EVENTS = 300;

interface Result {
  readonly ok: boolean;
  readonly id?: string;
  readonly repeated?: boolean;
}

const isthmus = new IsthmusProcess();
let firstRun: FirstRun;
let reader: HubReader;
let devices: readonly FleetDevice[];
let token: string;

beforeAll(async () => {
  firstRun = await isthmus.start();
  reader = new HubReader(firstRun);
  await makeProduct(firstRun, "pumps");
  await makeIntegration(firstRun, "pumps", { event: "pump/" });
  devices = await makeDevices(firstRun, "pumps", DEVICES);
  const scopes = ["events:send", "devices:list"];
  const made = await request(firstRun, "POST", "/v1/products/pumps/team", { friendly_name: "gateway", scopes });
  token = (made.json["created"] as { tokens: readonly { token: string }[] }).tokens[0]!.token;
});

afterAll(async () => {
  await reader?.close();
  await isthmus.dispose();
});

async function sendLines(events: readonly object[]): Promise<readonly Result[]> {
  const answer = await fetch(`${firstRun.url}/v1/products/pumps/events/batch`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/x-ndjson" },
    body: events.map((event) => JSON.stringify(event)).join("\n"),
  });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { results: readonly Result[] }).results;
}

test("a batch arrives once each and in order for every device, though it was sent twice", async () => {
  const events = Array.from({ length: EVENTS }, (_, n) => ({
    name: "pump/pressure",
    data: String(Math.floor(n / DEVICES)),
    as_device_id: devices[n % DEVICES]!.id,
    published_at: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(),
    id: `reading-${n}`,
  }));
  const first = await sendLines(events);
  expect(first.every(({ ok, repeated }) => ok && repeated !== true)).toBe(true);
  const again = await sendLines(events);
  expect(again).toEqual(first.map(({ id }) => ({ ok: true, id, repeated: true })));

  await reader.reads((read) => read.length >= EVENTS, "the batch");
  // What comes after the batch in its lane would come after its repeats, too.
  await sendLines(devices.map(({ id }) => ({ name: "pump/end", as_device_id: id })));
  await reader.reads((read) => read.length >= EVENTS + DEVICES, "the end");
  expect(reader.events).toHaveLength(EVENTS + DEVICES);
  const arrived = firstOccurrences(reader.events);
  for (const { id } of devices) {
    const values = arrived.get(id)!.map(({ body }) => body["data"]);
    expect(values).toEqual([...Array.from({ length: EVENTS / DEVICES }, (_, n) => String(n)), null]);
    expect(arrived.get(id)![0]!.body["published_at"]).toMatch(/^2026-01-01T00:00:0[0-2]\.000Z$/);
  }
});

test("particle-api-js works with an API user's token, within its scopes", async () => {
  const particle = new Particle({ baseUrl: firstRun.url, auth: token });
  const listed = await particle.listDevices({ product: "pumps" });
  expect((listed.body as unknown as { devices: readonly unknown[] }).devices).toHaveLength(DEVICES);
  const published = await particle.publishEvent({ name: "pump/hello", data: "", product: "pumps" } as never);
  expect(published.statusCode).toBe(200);
  await expect(particle.renameDevice({ deviceId: devices[0]!.id, name: "x", product: "pumps" })).rejects.toMatchObject({
    statusCode: 400,
    body: { error: "unauthorized" },
  });
});

test("without settings a device that publishes faster than the device cloud allows is told to wait", async () => {
  const limited = new IsthmusProcess({ ISTHMUS_DEVICE_RATE: "", ISTHMUS_LOCAL_HUB: "off" });
  try {
    const other = await limited.start();
    await makeProduct(other, "pumps");
    const [device] = await makeDevices(other, "pumps", 1);
    const publish = async (): Promise<number> =>
      (await request(other, "POST", "/v1/devices/events", { name: "t", data: "1" }, device!.token)).status;
    const statuses = await Promise.all(Array.from({ length: 20 }, publish));
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(4);
    expect(statuses).toContain(429);
  } finally {
    await limited.dispose();
  }
});
