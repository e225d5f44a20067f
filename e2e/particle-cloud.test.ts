/** A fleet on another device cloud reaches the hub: by stream and webhook at once, across a kill -9, each event once. */
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StandInCloud as StandIn } from "../packages/bridge/dist/ingest/particle-cloud/testing/stand-in-cloud.js";
import { makeIntegration, makeProduct, request } from "./support/cloud.ts";
import { firstOccurrences, HubReader } from "./support/hub-reader.ts";
import { lookUp } from "./support/hub-registry.ts";
import { builtFile, IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { keptPort } from "./support/kept-port.ts";
import { until } from "./support/until.ts";

const SOURCES = "/admin/v1/products/fleet/sources";
const DEVICES = 12;
const device = (n: number): string => `e00fce68${n.toString(16).padStart(16, "0")}`;

const STAND_IN = builtFile("packages/bridge/dist/ingest/particle-cloud/testing/stand-in-cloud.js");
const { StandInCloud } = (await import(pathToFileURL(STAND_IN).href)) as { StandInCloud: typeof StandIn };
const cloud = new StandInCloud({ keepAliveMs: 1_000, retryAfterMs: [8_000, 16_000] });
// The webhook's address must outlive the process that is killed.
const isthmus = new IsthmusProcess({ ISTHMUS_SOURCE_HOSTS: "127.0.0.1", ISTHMUS_PORT: String(await keptPort()) });
let firstRun: FirstRun;
let reader: HubReader;
let baseUrl: string;
let integrationId: string;
let streamPath: string;
let published = 0;

beforeAll(async () => {
  baseUrl = await cloud.start();
  cloud.devices = Array.from({ length: DEVICES }, (_, n) => ({ id: device(n), name: `station-${n}` }));
  firstRun = await isthmus.start();
  reader = new HubReader(firstRun);
  await makeProduct(firstRun, "fleet");
  integrationId = await makeIntegration(firstRun, "fleet", { event: "temp" });
});

afterAll(async () => {
  await reader?.close();
  await isthmus.dispose();
  await cloud.stop();
});

function publish(count: number): void {
  for (let i = 0; i < count; i++) {
    cloud.publish({ name: "temp/air", data: String(published), coreid: device(published % DEVICES), version: 7 });
    published += 1;
  }
}

async function source(path: string): Promise<{ status: Record<string, unknown> }> {
  return (await request(firstRun, "GET", path)).json["source"] as { status: Record<string, unknown> };
}

const following = (): Promise<void> =>
  until(async () => (await source(streamPath)).status["state"] === "following", "the stream");

const mine = (): HubReader["events"] => reader.events.filter(({ body }) => body["event"] === "temp/air");
const arrived = (): Set<number> => new Set(mine().map(({ body }) => Number(body["data"])));

test("a stream brings the fleet with its names into the hub's twins", async () => {
  const settings = { kind: "particle-cloud", base_url: baseUrl, token: cloud.token, particle_product: "fleet-12" };
  const made = await request(firstRun, "POST", SOURCES, { ...settings, event: "temp" });
  expect(made.status).toBe(201);
  streamPath = `${SOURCES}/${String((made.json["source"] as { id: string }).id)}`;
  await following();
  publish(60);
  await reader.reads(() => arrived().size === 60, "60 events");
  expect(mine()[0]?.body).toMatchObject({
    device_id: expect.stringMatching(/^e00fce68/) as string,
    fw_version: "7",
    published_at: expect.stringMatching(/Z$/) as string,
  });
  for (const n of [0, DEVICES - 1]) {
    expect(await lookUp(firstRun, "twin", device(n))).toMatchObject({
      properties: { desired: { deviceName: `station-${n}` } },
    });
  }
});

test("with the webhook beside it every event arrives once, though both bring it", async () => {
  const made = await request(firstRun, "POST", SOURCES, { kind: "inbound-webhook", event: "temp" });
  cloud.webhooks = [made.json["webhook_definition"] as never];
  publish(240);
  await cloud.webhooksDone();
  await reader.reads(() => arrived().size === published, "all events");
  const path = `${SOURCES}/${String((made.json["source"] as { id: string }).id)}`;
  await until(async () => {
    const counts = await Promise.all(
      [streamPath, path].map(async (each) => (await source(each)).status["today"] as Record<string, number>),
    );
    return counts.reduce((sum, today) => sum + today["accepted"]! + today["repeated"]!, 0) >= 60 + 2 * 240;
  }, "both ways to have brought all");
  expect(new Set(cloud.webhookAnswers)).toEqual(new Set([200]));
  expectEachOnce();
});

test("over a kill -9 the webhook's retries bring what the stream missed, and the gap is shown", async () => {
  publish(40);
  await reader.reads(() => arrived().size > 310, "some of them");
  const killed = isthmus.kill();
  publish(40);
  await killed;
  publish(20);
  firstRun = await isthmus.start();
  await following();
  publish(20);
  await cloud.webhooksDone();
  await reader.close();
  reader = new HubReader(firstRun);
  await reader.reads(() => arrived().size === published, "all events");
  expectEachOnce();
  const gaps = (await request(firstRun, "GET", `${streamPath}/gaps`)).json["gaps"] as Record<string, unknown>[];
  expect(gaps).toMatchObject([{ reason: "This server was not running.", to: expect.any(String) as string }]);
  await until(async () => {
    const { json } = await request(firstRun, "GET", `/admin/v1/integrations/${integrationId}/ledger`);
    const { accepted, delivered } = json["ledger"] as Record<string, number>;
    return accepted === published && delivered === published;
  }, "the ledger");
});

test("the token is given back by no route and stands in no log line", async () => {
  const shown = await request(firstRun, "GET", SOURCES);
  expect(JSON.stringify(shown.json)).not.toContain(cloud.token);
  expect(isthmus.output).not.toContain(cloud.token);
});

/** By message id; a delivery that was repeated around the kill repeats its id. */
function expectEachOnce(): void {
  const byDevice = firstOccurrences(mine());
  const all = [...byDevice.values()].flat();
  expect(all).toHaveLength(published);
  expect(new Set(all.map(({ body }) => body["data"])).size).toBe(published);
}
