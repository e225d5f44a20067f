/**
 * What goes wrong with states in a hub: said at the Thing with cause and next step, costs no change, holds up nobody else's
 * device, and ends by itself when its cause ends.
 */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { HubAdmin, type Fault } from "./support/hub-admin.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { para, type ParaKeys } from "./support/para.ts";
import { until } from "./support/until.ts";

const isthmus = new IsthmusProcess();
let firstRun: FirstRun;
let app: ParaKeys;
let hub: HubAdmin;

beforeAll(async () => {
  firstRun = await isthmus.start();
  hub = new HubAdmin(firstRun);
  app = (await para(firstRun, "GET", "/v1/_setup/fleet?name=Fleet")).body as unknown as ParaKeys;
});

afterEach(() => hub.clearFaults());

afterAll(async () => {
  hub.close();
  await isthmus.dispose();
});

interface Status {
  readonly status: string;
  readonly sync: string;
  readonly error?: { readonly code: string; readonly message: string; readonly next_step: string };
}

async function makeThing(name: string): Promise<string> {
  const { status, body } = await para(firstRun, "POST", "/v1/things", { name, serviceBroker: "Azure" }, app);
  expect(status).toBe(201);
  return String(body["id"]);
}

async function write(id: string, n: number): Promise<void> {
  const { status, body } = await para(firstRun, "PATCH", `/v1/things/${id}`, { deviceState: { n } }, app);
  expect([status, body["deviceState"]]).toEqual([200, { n }]);
}

async function statusOf(id: string): Promise<Status> {
  return (await para(firstRun, "GET", `/v1/things/${id}`, undefined, app)).body["deviceStatus"] as Status;
}

async function desiredOf(id: string): Promise<Readonly<Record<string, unknown>>> {
  const { properties } = (await hub.twin(id)) as { properties: { desired: Readonly<Record<string, unknown>> } };
  return properties.desired;
}

async function arrives(id: string, n: number, withinMs = 45_000): Promise<void> {
  await until(async () => (await desiredOf(id))["n"] === n, `${n} in the twin`, withinMs);
  await until(async () => (await statusOf(id)).sync === "in_step", "being in step", withinMs);
  expect(await statusOf(id)).not.toHaveProperty("error");
}

const at = (operation: string, effect: Fault["effect"], deviceId?: string): Fault => ({
  where: { point: "http", operation, ...(deviceId !== undefined && { deviceId }) },
  effect,
});
const error = (name: string): Fault["effect"] => ({ kind: "error", error: name });
const PATCH = "PATCH /twins/:deviceId";

test.each([
  ["the hub limits the rate of writes", PATCH, "ThrottlingException", "throttled"],
  ["the hub limits the rate of reads", "GET /twins/:deviceId", "ThrottlingException", "throttled"],
  ["the hub has trouble of its own", PATCH, "ServerError", "hub_error"],
  ["the hub is not available", PATCH, "ServiceUnavailable", "hub_error"],
] as const)("%s: what was written waits, and goes out when it ends", async (_, operation, name, code) => {
  const [one, other] = [await makeThing("one"), await makeThing("other")];
  await hub.addFault(at(operation, error(name)));
  for (const n of [1, 2, 3]) await write(one, n);
  await write(other, 1);
  await until(async () => (await statusOf(one)).error?.code === code, `${code} at the Thing`);
  expect(await statusOf(one)).toMatchObject({
    sync: "waiting",
    error: { next_step: expect.stringMatching(/\w/) as string },
  });
  await hub.clearFaults();
  await arrives(one, 3, 75_000);
  await arrives(other, 1, 75_000);
  // What waits is one write, however often it was changed meanwhile.
  expect((await desiredOf(one))["$version"]).toBe(2);
});

test.each([
  ["writes over every try", error("PreconditionFailed"), "outcome_unknown"],
  ["keeps the hub from answering", { kind: "delay", ms: 60_000 }, "hub_unreachable"],
  ["loses every connection", { kind: "drop" }, "hub_unreachable"],
  ["is trouble for the hub", error("ServerError"), "hub_error"],
] as const)("one device that %s holds up no other", async (_, effect, code) => {
  const [lame, sound] = [await makeThing("lame"), await makeThing("sound")];
  await hub.addFault(at(PATCH, effect, lame));
  await write(lame, 1);
  await until(async () => (await statusOf(lame)).error?.code === code, code, 60_000);
  for (const n of [1, 2, 3]) {
    await write(sound, n);
    await arrives(sound, n, 15_000);
  }
  await write(lame, 2);
  expect(await statusOf(lame)).toMatchObject({ sync: "waiting" });
  await hub.clearFaults();
  await arrives(lame, 2);
});

test("a write whose answer is lost is in the twin once, and so is what follows it", async () => {
  const id = await makeThing("unanswered");
  await hub.addFault({ ...at(PATCH, { kind: "acceptThenDrop" }, id), times: 2 });
  for (const n of [1, 2, 3]) await write(id, n);
  await arrives(id, 3);
  expect(Number((await desiredOf(id))["$version"])).toBeLessThanOrEqual(4);
});

test("a device deleted in the hub is shown as missing; made again there it gets its state again", async () => {
  const id = await makeThing("deleted");
  await write(id, 1);
  await arrives(id, 1);
  await hub.deleteIdentity(id);
  await until(async () => (await statusOf(id)).sync === "missing_in_hub", "the loss to be noticed");
  await write(id, 2);
  expect(await statusOf(id)).toMatchObject({ sync: "missing_in_hub", error: { code: "device_missing" } });
  await hub.createIdentity(id);
  await arrives(id, 2);
});

test("a device disabled in the hub is shown so, and its twin is written on", async () => {
  const id = await makeThing("disabled");
  await hub.setStatus(id, "disabled");
  await until(async () => (await statusOf(id)).status === "disabled", "its status");
  await write(id, 1);
  await arrives(id, 1);
  expect(await statusOf(id)).toMatchObject({ status: "disabled", sync: "in_step" });
});
