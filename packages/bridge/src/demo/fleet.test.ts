import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startDemoFleet } from "./fleet.ts";
import { loadReadings, type Reading } from "./readings.ts";
import { STATIONS } from "./stations.ts";
import { StandInApi } from "./testing/stand-in-api.ts";

let api: StandInApi;
let dataFolder: string;

beforeEach(async () => {
  api = new StandInApi();
  await api.start();
  dataFolder = await mkdtemp(join(tmpdir(), "isthmus-demo-"));
});

afterEach(async () => {
  await api.stop();
  await rm(dataFolder, { recursive: true });
});

interface Run {
  readonly problems: string[];
  readonly devices: readonly { readonly id: string; readonly name: string }[];
  stop(): Promise<void>;
}

async function run(): Promise<Run> {
  const problems: string[] = [];
  const stopping = new AbortController();
  const { url, accessToken } = api;
  const fleet = await startDemoFleet({
    url,
    accessToken,
    dataFolder,
    signal: stopping.signal,
    onProblem: (message) => problems.push(message),
    periodMs: 1,
    staggerMs: 0,
  });
  return {
    problems,
    devices: fleet.devices,
    async stop() {
      stopping.abort();
      await fleet.stopped;
    },
  };
}

function published(name: string, devices: Run["devices"]): Reading[] {
  const { id } = devices.find((device) => device.name === name)!;
  return api.events.filter(({ deviceId }) => deviceId === id).map(({ data }) => JSON.parse(data) as Reading);
}

async function everyDeviceHasPublished(times: number, devices: Run["devices"]): Promise<void> {
  const fewest = (): number => Math.min(...STATIONS.map(({ name }) => published(name, devices).length));
  await expect.poll(fewest).toBeGreaterThanOrEqual(times);
}

test("the fleet makes its product, its named devices with firmware versions, and one integration with the Local Hub", async () => {
  const fleet = await run();
  await fleet.stop();
  expect(api.products).toBe(1);
  expect([...api.devices.values()].map(({ name }) => name)).toEqual(STATIONS.map(({ name }) => name));
  for (const device of api.devices.values()) expect(device["firmware_version"]).toBeTypeOf("number");
  expect(api.integrations).toEqual([
    expect.objectContaining({ integration_type: "AzureIotHub", hub_name: "local", event: "weather" }),
  ]);
});

test("each device publishes its own station's readings in order, under a name that the integration's prefix takes", async () => {
  const fleet = await run();
  await everyDeviceHasPublished(3, fleet.devices);
  await fleet.stop();
  const readings = await loadReadings();
  for (const { name, station } of STATIONS) {
    const events = published(name, fleet.devices);
    expect(events).toEqual(readings.get(station)!.slice(0, events.length));
  }
  expect(api.events.every(({ name }) => name.startsWith("weather/"))).toBe(true);
});

test("a restart goes on with the same devices and the next readings", async () => {
  const first = await run();
  await everyDeviceHasPublished(2, first.devices);
  await first.stop();
  const tokens = api.deviceTokens.size;
  const second = await run();
  await everyDeviceHasPublished(6, second.devices);
  await second.stop();
  expect(second.devices).toEqual(first.devices);
  expect(api.deviceTokens.size).toBe(tokens);
  expect(api.integrations).toHaveLength(1);
  const readings = await loadReadings();
  for (const { name, station } of STATIONS) {
    const events = published(name, second.devices);
    expect(events).toEqual(readings.get(station)!.slice(0, events.length));
  }
});

test("after the last reading comes the first", async () => {
  const { devices, stop } = await run();
  const shortest = Math.min(...[...(await loadReadings()).values()].map(({ length }) => length));
  await expect.poll(() => published("alamosa-radiometer", devices).length).toBeGreaterThan(shortest);
  await stop();
  const events = published("alamosa-radiometer", devices);
  expect(events[shortest]).toEqual(events[0]);
});

test("what was not accepted is tried again until it is, and told once", async () => {
  api.refusesEvents = true;
  const fleet = await run();
  await expect.poll(() => api.refusals).toBeGreaterThan(20);
  expect(fleet.problems.toSorted()).toEqual(
    STATIONS.map(
      ({ name }) => `${name} could not publish: HTTP 503: The disk is full. It tries the same reading again.`,
    ).toSorted(),
  );
  api.refusesEvents = false;
  await everyDeviceHasPublished(2, fleet.devices);
  await fleet.stop();
  const readings = await loadReadings();
  expect(published("newark-airport", fleet.devices)[0]).toEqual(readings.get("KEWR")![0]);
  expect(fleet.problems).toHaveLength(STATIONS.length);
});

test("a device whose token was revoked gets another one", async () => {
  const fleet = await run();
  await everyDeviceHasPublished(1, fleet.devices);
  api.deviceTokens.clear();
  const soFar = api.events.length;
  await expect.poll(() => api.events.length).toBeGreaterThan(soFar + 10);
  await fleet.stop();
  expect(fleet.problems.every((problem) => problem.includes("HTTP 401"))).toBe(true);
});

test("devices are found again by their names when demo.json is gone", async () => {
  const first = await run();
  await first.stop();
  await rm(join(dataFolder, "demo.json"));
  const second = await run();
  await second.stop();
  expect(second.devices).toEqual(first.devices);
});

test("without a Local Hub the devices publish all the same, and the missing integration is told", async () => {
  api.refusesIntegrations = true;
  const fleet = await run();
  await everyDeviceHasPublished(1, fleet.devices);
  await fleet.stop();
  expect(fleet.problems).toEqual([expect.stringContaining("There is no Local Hub")]);
});

test("the tokens are in a file that only its owner reads", async () => {
  const fleet = await run();
  await fleet.stop();
  const path = join(dataFolder, "demo.json");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(JSON.parse(await readFile(path, "utf8"))).toEqual({
    devices: STATIONS.map(({ name }) => ({
      name,
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      token: expect.any(String),
      position: expect.any(Number),
    })),
  });
});
