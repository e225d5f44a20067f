/**
 * What the Local Hub answered is there after a kill -9, in its order and under its number; and all that it keeps comes back.
 * Set LOCAL_HUB_KILLS for more kills.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connectMqtt, HubLoad, openMqtt } from "./support/hub-load.ts";
import { builtFile } from "./support/isthmus-process.ts";
import { LocalHubProcess } from "./support/local-hub-process.ts";
import { StreamWitness } from "./support/stream-witness.ts";
import { until } from "./support/until.ts";

const KILLS = Number(process.env["LOCAL_HUB_KILLS"] ?? 4);
const KEY = Buffer.alloc(32, 7).toString("base64");
const AMQP_DEVICES = ["amqp-0", "amqp-1", "amqp-2"];
const MQTT_DEVICES = ["mqtt-0", "mqtt-1", "mqtt-2"];
const COMMANDED = ["commanded-0", "commanded-1"];

const hub = new LocalHubProcess();

beforeAll(async () => {
  await hub.start();
  for (const id of [...AMQP_DEVICES, ...MQTT_DEVICES, ...COMMANDED, "kept"]) {
    const { status, text } = await hub.ask("PUT", `/devices/${id}`, { body: { deviceId: id } });
    if (status !== 200) throw new Error(`${id} could not be made: ${text}`);
  }
});

afterAll(() => hub.dispose());

async function restart(): Promise<void> {
  await hub.kill();
  await hub.start();
}

/** Commands of a device over HTTPS, oldest first, each taken away as it is read. */
async function takeCommands(deviceId: string): Promise<readonly string[]> {
  const texts: string[] = [];
  for (;;) {
    const { status, headers, text } = await hub.ask("GET", `/devices/${deviceId}/messages/devicebound`);
    if (status === 204) return texts;
    texts.push(text);
    const lock = String(headers["etag"]).replaceAll('"', "");
    expect((await hub.ask("DELETE", `/devices/${deviceId}/messages/devicebound/${lock}`)).status).toBe(204);
  }
}

test(`${KILLS} times kill -9 under load: all that was answered is there, in order, and no number is given twice`, async () => {
  const load = new HubLoad(hub);
  const witness = new StreamWitness();
  load.start({ amqp: AMQP_DEVICES, mqtt: MQTT_DEVICES, commands: COMMANDED, registry: true });
  for (let i = 0; i < KILLS; i++) {
    witness.start(hub.addresses.plainEventHubConnectionString);
    const before = load.count;
    const wanted = 300 + Math.floor(Math.random() * 700);
    await until(() => load.count > before + wanted, `${wanted} more answers after ${i} kills`);
    await restart();
    await witness.stop();
  }
  const before = load.count;
  await until(() => load.count > before + 300, "answers after the last kill");
  await load.stop();
  await restart();

  witness.start(hub.addresses.plainEventHubConnectionString);
  await witness.reachesEnd();
  await witness.stop();
  expect(witness.contradictions).toEqual([]);
  expect(witness.gaps()).toEqual([]);
  for (const [deviceId, accepted] of load.telemetry) {
    const stored = witness.textsOf(deviceId).map(Number);
    expect(accepted.length).toBeGreaterThan(0);
    // Nothing was sent twice, so what was stored and not answered is all there is beyond what was accepted.
    expect(stored).toEqual([...new Set(stored)].sort((a, b) => a - b));
    const there = new Set(stored);
    expect(accepted.filter((n) => !there.has(n))).toEqual([]);
  }
  for (const [deviceId, n] of load.reports) {
    const twin = JSON.parse((await hub.ask("GET", `/twins/${deviceId}`)).text) as Twin;
    expect(twin.properties.reported["n"]).toBeGreaterThanOrEqual(n);
  }
  for (const [deviceId, accepted] of load.commands) {
    const taken = await takeCommands(deviceId);
    expect(accepted.length).toBeGreaterThan(0);
    expect(taken.filter((text) => accepted.includes(text))).toEqual(accepted);
    expect(taken.map(Number)).toEqual([...new Set(taken.map(Number))].sort((a, b) => a - b));
  }
  await restart();
  for (const deviceId of COMMANDED) expect(await takeCommands(deviceId)).toEqual([]);
  expect(load.registry.size).toBeGreaterThan(10);
  for (const [deviceId, state] of load.registry) {
    const { status, text } = await hub.ask("GET", `/devices/${deviceId}`);
    const found = status === 404 ? "deleted" : (JSON.parse(text) as { readonly statusReason: string }).statusReason;
    expect([deviceId, found]).toEqual([deviceId, state]);
  }
});

interface Twin {
  readonly properties: { readonly reported: Readonly<Record<string, unknown>> };
}

const PEM_PATH = "/admin/certificates/factory";
const CONTENT = { deviceContent: { "properties.desired.set": 1 } };

/** One of each thing that a hub keeps: how it is made. */
const MADE: readonly (readonly [method: string, path: string, body: unknown])[] = [
  ["PUT", "/devices/kept/modules/m", { deviceId: "kept", moduleId: "m" }],
  ["PATCH", "/twins/kept", { tags: { floor: 1 }, properties: { desired: { v: [1, { a: "x" }] } } }],
  ["PATCH", "/twins/kept/modules/m", { properties: { desired: { w: 2 } } }],
  [
    "PUT",
    "/configurations/c",
    { id: "c", schemaVersion: "1.0", priority: 3, targetCondition: "tags.floor = 1", content: CONTENT },
  ],
  [
    "PUT",
    "/jobs/v2/later",
    {
      jobId: "later",
      type: "scheduleUpdateTwin",
      queryCondition: "*",
      updateTwin: { etag: "*", tags: { a: 1 } },
      startTime: "2099-01-01T00:00:00Z",
    },
  ],
  [
    "PUT",
    "/jobs/v2/now",
    {
      jobId: "now",
      type: "scheduleUpdateTwin",
      queryCondition: "deviceId = 'kept'",
      updateTwin: { etag: "*", tags: { done: true } },
      startTime: "",
    },
  ],
  [
    "PUT",
    "/admin/routing",
    {
      endpoints: [{ name: "alarms" }],
      routes: [{ name: "r", source: "DeviceMessages", condition: "level = 'high'", endpointNames: ["alarms"] }],
      enrichments: [{ key: "floor", value: "$twin.tags.floor", endpointNames: ["alarms"] }],
    },
  ],
  ["PUT", "/admin/consumer-groups/second", undefined],
  [
    "PUT",
    "/enrollments/e",
    {
      registrationId: "e",
      deviceId: "born",
      attestation: { type: "symmetricKey", symmetricKey: { primaryKey: KEY, secondaryKey: KEY } },
      initialTwin: { tags: { from: "enrolment" } },
    },
  ],
  [
    "PUT",
    "/enrollmentGroups/g",
    {
      enrollmentGroupId: "g",
      attestation: { type: "symmetricKey", symmetricKey: { primaryKey: KEY, secondaryKey: KEY } },
    },
  ],
];

/** And where it is seen. */
const SEEN: readonly string[] = [
  "/devices/kept",
  "/devices/kept/modules/m",
  "/twins/kept",
  "/twins/kept/modules/m",
  "/configurations/c",
  "/jobs/v2/later",
  "/jobs/v2/now",
  "/admin/routing",
  "/admin/consumer-groups",
  "/enrollments/e",
  "/enrollmentGroups/g",
  PEM_PATH,
  "/statistics/devices",
];

async function stateOfAll(): Promise<Readonly<Record<string, unknown>>> {
  const state: Record<string, unknown> = {};
  for (const path of SEEN) {
    const { status, text } = await hub.ask("GET", path);
    state[path] = [status, JSON.parse(text)];
  }
  return state;
}

test("what a hub keeps comes back as it was: each kind of thing, and what waits for somebody", async () => {
  for (const [method, path, body] of MADE) {
    const { status, text } = await hub.ask(method, path, body === undefined ? {} : { body });
    expect([path, status, text]).toEqual([path, expect.toSatisfy((s) => s === 200 || s === 201), text]);
  }
  expect((await hub.ask("PUT", PEM_PATH, { body: { certificate: hub.addresses.ca } })).status).toBe(200);
  await until(async () => (await hub.ask("GET", "/jobs/v2/now")).text.includes('"completed"'), "the job");
  await until(async () => (await hub.ask("GET", "/twins/kept")).text.includes('"set":1'), "the configuration");
  const before = await stateOfAll();

  // A session that outlives its connection, a lock that does not, and feedback that nobody fetched.
  const device = await connectMqtt(hub, "kept", { clean: false });
  await device.subscribeAsync("devices/kept/messages/devicebound/#", { qos: 1 });
  await device.endAsync();
  const load = new HubLoad(hub);
  load.start({ commands: ["kept"] });
  await until(() => (load.commands.get("kept")?.length ?? 0) >= 3, "three commands");
  await load.stop();
  const [first] = load.commands.get("kept") ?? [];
  const locked = await hub.ask("GET", "/devices/kept/messages/devicebound");
  expect(locked.text).toBe(first);

  await restart();
  // The answers to reading state are the same to the letter, but for what counts connections and waiting messages.
  expect(live(await stateOfAll())).toEqual(live(before));
  const again = await readSession();
  expect(again).toEqual({ sessionPresent: true, texts: load.commands.get("kept") });

  await restart();
  const told = new Set<string>();
  await until(async () => {
    const { status, text } = await hub.ask("GET", "/messages/servicebound/feedback");
    const records = status === 200 ? (JSON.parse(text) as readonly FeedbackRecord[]) : [];
    for (const { deviceId, originalMessageId } of records) if (deviceId === "kept") told.add(originalMessageId);
    return again.texts.every((id) => told.has(id));
  }, "feedback of every command");
});

test("a hub whose parent is gone before it was there itself ends, and holds no port", async () => {
  const folder = mkdtempSync(join(tmpdir(), "iot-hub-orphan-"));
  const env = Object.fromEntries(["HTTPS", "AMQPS", "AMQP", "MQTTS"].map((front) => [`IOT_HUB_${front}_PORT`, "0"]));
  const child = fork(builtFile("packages/iot-hub-emulator/bin/iot-hub-emulator.js"), ["--data", folder], {
    env: { ...process.env, ...env },
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  const exited = once(child, "exit");
  // What a child sees of its parent's end.
  child.disconnect();
  expect(await exited).toEqual([0, null]);
});

interface FeedbackRecord {
  readonly deviceId: string;
  readonly originalMessageId: string;
}

function live(state: unknown): unknown {
  const volatile = [
    "cloudToDeviceMessageCount",
    "lastActivityTime",
    "connectionStateUpdatedTime",
    "connectedDeviceCount",
  ];
  return JSON.parse(JSON.stringify(state, (key, value: unknown) => (volatile.includes(key) ? undefined : value)));
}

/** What a device hears that comes back without subscribing again. */
async function readSession(): Promise<{ readonly sessionPresent: boolean; readonly texts: readonly string[] }> {
  const texts: string[] = [];
  let sessionPresent = false;
  const device = openMqtt(hub, "kept", { clean: false });
  device.on("connect", (connack) => (sessionPresent = connack.sessionPresent));
  device.on("message", (_topic, payload) => texts.push(payload.toString()));
  await until(async () => {
    const { text } = await hub.ask("GET", "/devices/kept");
    return (JSON.parse(text) as { readonly cloudToDeviceMessageCount: number }).cloudToDeviceMessageCount === 0;
  }, "all commands to be acknowledged");
  await device.endAsync();
  return { sessionPresent, texts };
}
