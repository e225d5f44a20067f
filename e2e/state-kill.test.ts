/**
 * Devices and callers of the API write the same Things all the time while the bridge and the Local Hub are killed. When all is
 * quiet, what the API wrote is in the twins, what the devices wrote is in the Things, both agree, and nothing moves.
 * Set ISTHMUS_STATE_KILLS for more kills.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { request } from "./support/cloud.ts";
import { HubAdmin } from "./support/hub-admin.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { keptPort } from "./support/kept-port.ts";
import { para, type ParaKeys } from "./support/para.ts";
import { StateWriters, type WrittenThing } from "./support/state-writers.ts";
import { StubbornDevices, type DeviceWrites } from "./support/stubborn-devices.ts";
import { until } from "./support/until.ts";

const KILLS = Number(process.env["ISTHMUS_STATE_KILLS"] ?? 4);
const THINGS = 6;
const QUIET_MS = 5_000;

let isthmus: IsthmusProcess;
let firstRun: FirstRun;
let app: ParaKeys;
let devices: StubbornDevices | undefined;
let hub: HubAdmin;

beforeAll(async () => {
  // Devices come back to where they were.
  isthmus = new IsthmusProcess({
    IOT_HUB_MQTTS_PORT: String(await keptPort()),
    IOT_HUB_HTTPS_PORT: String(await keptPort()),
  });
  firstRun = await isthmus.start();
  app = (await para(firstRun, "GET", "/v1/_setup/fleet?name=Fleet")).body as unknown as ParaKeys;
});

afterAll(async () => {
  devices?.end();
  hub?.close();
  await isthmus.dispose();
});

test(`${KILLS} times kill -9 while API and devices write: twins and Things agree, and nothing is lost or echoed`, async () => {
  const made: { id: string; name: string; connectionString: string }[] = [];
  for (let i = 0; i < THINGS; i += 1) {
    const name = `thing ${i}`;
    const { status, body } = await para(firstRun, "POST", "/v1/things", { name, serviceBroker: "Azure" }, app);
    expect(status).toBe(201);
    const { connectionString } = body["deviceDetails"] as { connectionString: string };
    made.push({ id: String(body["id"]), name, connectionString });
  }
  devices = new StubbornDevices(firstRun.localHub.caFile, made);
  const writers = new StateWriters(made, { firstRun: () => firstRun, app });
  writers.start();
  for (let i = 0; i < KILLS; i += 1) {
    const before = writers.asked;
    await until(() => writers.asked > before + 30 + Math.random() * 40, `writes after ${i} kills`);
    if (i % 2 === 1) process.kill(localHubOf(isthmus.pid), "SIGKILL");
    else {
      await isthmus.kill();
      firstRun = await isthmus.start();
    }
  }
  const before = writers.asked;
  await until(() => writers.asked > before + 40, "writes after the last kill");
  await writers.stop();
  const written = await devices.stop();
  expect(writers.refused).toEqual([]);

  hub = new HubAdmin(firstRun);
  const wrong = async (): Promise<readonly string[]> =>
    (
      await Promise.all(
        writers.things.map((thing) =>
          wrongOf(
            thing,
            written.find(({ id }) => id === thing.id)!,
          ),
        ),
      )
    ).flat();
  let left: readonly string[] = [];
  const isOver = async (): Promise<boolean> => (left = await wrong()).length === 0;
  await until(isOver, "agreement", 90_000).catch((error: unknown) => (left = [...left, String(error)]));
  expect(left).toEqual([]);

  const quiet = await footprint(made);
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  expect(await footprint(made)).toEqual(quiet);
});

/** The bridge's only child. */
function localHubOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]);
}

interface Seen {
  readonly state: Values;
  readonly desired: { readonly properties: Values; readonly version: number };
  readonly reported: { readonly properties: Values; readonly version: number };
  readonly sync: string;
  readonly written: Readonly<Record<string, { readonly by: string }>>;
  readonly conflicts: number;
}

type Values = Readonly<Record<string, unknown>>;

async function look(
  id: string,
): Promise<{ readonly seen: Seen; readonly twin: Record<"desired" | "reported", Values> }> {
  const { json } = await request(firstRun, "GET", `/admin/v1/devices/${id}/state`);
  const { properties } = (await hub.twin(id)) as { readonly properties: Record<"desired" | "reported", Values> };
  return { seen: json as unknown as Seen, twin: properties };
}

/** What is not as it must be, in sentences. */
async function wrongOf({ id, wanted, asked }: WrittenThing, { reported, sent }: DeviceWrites): Promise<string[]> {
  const { seen, twin } = await look(id);
  const found: string[] = [];
  const must = (what: string, is: unknown, be: unknown): void => {
    const [left, right] = [is, be].map((value) => JSON.stringify(value ?? null));
    if (left !== right) found.push(`${id}: ${what} is ${left}, not ${right}`);
  };
  for (const key of ["a", "b"]) {
    must(`state.${key}`, seen.state[key], wanted[key]);
    must(`desired.${key}`, twin.desired[key], wanted[key]);
    must(`state.reported_${key}`, seen.state[`reported_${key}`], reported[`reported_${key}`]);
    must(`state.sent_${key}`, seen.state[`sent_${key}`], sent[`sent_${key}`]);
  }
  for (const [key, value] of Object.entries(reported)) must(`reported.${key}`, twin.reported[key], value);
  // Of what both sides write the last of one of them holds, and what came from the API is desired.
  const shown = seen.state["shared"] ?? null;
  const last = [wanted["shared"], reported["shared"], sent["shared"]].map((value) => JSON.stringify(value ?? null));
  if (!last.includes(JSON.stringify(shown))) found.push(`${id}: shared is ${JSON.stringify(shown)}, of ${last.join()}`);
  if (seen.written["shared"]?.by === "api") must("desired.shared", twin.desired["shared"], shown);
  for (const side of ["desired", "reported"] as const) {
    must(`the version of ${side} as known`, seen[side].version, twin[side]["$version"]);
    const { $version: _, $metadata: __, ...values } = twin[side];
    must(`${side} as known`, sorted(seen[side].properties), sorted(values));
  }
  must("sync", seen.sync, "in_step");
  if (Number(twin.desired["$version"]) - 1 > asked)
    found.push(`${id}: ${String(twin.desired["$version"])} for ${asked}`);
  return found;
}

function sorted(values: Values): string {
  return JSON.stringify(Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** All that moves when anything is written. */
async function footprint(things: readonly { readonly id: string }[]): Promise<unknown> {
  return Promise.all(
    things.map(async ({ id }) => {
      const { seen, twin } = await look(id);
      return [id, seen.state, seen.conflicts, twin.desired["$version"], twin.reported["$version"]];
    }),
  );
}
