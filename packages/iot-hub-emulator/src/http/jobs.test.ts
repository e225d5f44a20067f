import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JobClient, Registry } from "azure-iothub";
import { expect, test } from "vitest";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";
import { mqttDevice } from "../testing/mqtt-device.ts";

const VERSION = "?api-version=2021-04-12";

interface JobDocument {
  readonly status: string;
  readonly startTime: string;
  readonly endTime?: string;
  readonly failureReason?: string;
  readonly deviceJobStatistics?: Readonly<Record<string, number>>;
}

async function withDevices(hub: LocalHub, ...ids: readonly string[]): Promise<Registry> {
  const { registry, twins } = hub.emulator.hub;
  for (const id of ids) await registry.create(id, {}, twins.initial({ tags: { group: id.slice(0, 1) } }));
  return hub.registry();
}

async function jobOf(client: JobClient, jobId: string): Promise<JobDocument> {
  return (await client.getJob(jobId)).jobStatus as unknown as JobDocument;
}

async function reaches(client: JobClient, jobId: string, status: string): Promise<JobDocument> {
  await expect.poll(async () => (await jobOf(client, jobId)).status).toBe(status);
  return jobOf(client, jobId);
}

async function put(hub: LocalHub, job: unknown, jobId = "j"): Promise<{ status: number; code: unknown; text: string }> {
  const headers = { authorization: hub.token("service") };
  const path = `/jobs/v2/${jobId}${VERSION}`;
  const answer = await hub.send({ method: "PUT", path, headers, body: JSON.stringify(job) });
  return { status: answer.status, code: answer.headers["iothub-errorcode"], text: answer.text };
}

async function history(hub: LocalHub, where: string): Promise<readonly unknown[]> {
  return (await hub.emulator.hub.query.run(`SELECT * FROM devices.jobs WHERE ${where}`)).rows;
}

test("the SDK updates the twins of all devices that a condition means", async () => {
  await using hub = await startLocalHub();
  const registry = await withDevices(hub, "a1", "a2", "b1");
  const client = hub.jobs();
  const patch = { etag: "*", tags: { done: true }, properties: { desired: { level: 3 } } };
  const started = await client.scheduleTwinUpdate("j1", "tags.group = 'a'", patch, new Date(), 60);
  expect(started.jobStatus).toMatchObject({
    jobId: "j1",
    type: "scheduleUpdateTwin",
    queryCondition: "tags.group = 'a'",
  });
  const ended = await reaches(client, "j1", "completed");
  expect(ended.deviceJobStatistics).toEqual({
    deviceCount: 2,
    succeededCount: 2,
    failedCount: 0,
    runningCount: 0,
    pendingCount: 0,
  });
  expect((await registry.getTwin("a2")).responseBody).toMatchObject({
    tags: { done: true },
    properties: { desired: { level: 3 } },
  });
  expect((await registry.getTwin("b1")).responseBody.tags).not.toHaveProperty("done");
  expect(await history(hub, "devices.jobs.jobId = 'j1' AND status = 'completed'")).toMatchObject([
    { deviceId: "a1", jobType: "scheduleUpdateTwin", endTimeUtc: expect.any(String) as unknown },
    { deviceId: "a2", jobId: "j1" },
  ]);
});

test("the SDK calls a method of devices; each answer and each failure stands in the history", async () => {
  await using hub = await startLocalHub();
  await withDevices(hub, "on", "off");
  const { methods } = hub.emulator.hub;
  const take = { deviceId: "on" };
  methods.offer(take, ({ requestId, methodName, payload }) => {
    methods.respond(take, requestId, 201, Buffer.from(`{"called":"${methodName}","with":${payload.toString()}}`));
  });
  const client = hub.jobs();
  const call = { methodName: "reboot", payload: { delay: 1 }, responseTimeoutInSeconds: 15 };
  await client.scheduleDeviceMethod("m", "deviceId IN ['on', 'off', 'gone']", call, new Date(), 60);
  expect((await reaches(client, "m", "completed")).deviceJobStatistics).toMatchObject({
    succeededCount: 1,
    failedCount: 1,
  });
  expect(await history(hub, "deviceId = 'on'")).toMatchObject([
    { outcome: { deviceMethodResponse: { status: 201, payload: { called: "reboot", with: { delay: 1 } } } } },
  ]);
  expect(await history(hub, "deviceId = 'off'")).toMatchObject([
    { status: "failed", error: { code: "404103", description: expect.any(String) as unknown } },
  ]);
});

test("a device of the vendor's SDK answers the method of a job and hears of its twin's update", async () => {
  await using hub = await startLocalHub();
  await withDevices(hub, "d");
  const device = await mqttDevice(hub, "d");
  try {
    const twin = await device.getTwin();
    const heard = new Promise((resolve) => {
      twin.on("properties.desired.level", resolve);
    });
    device.onDeviceMethod(
      "reboot",
      (request, response) => void response.send(202, { after: request.payload as unknown }),
    );
    const call = { methodName: "reboot", payload: 0, responseTimeoutMs: 5000, connectTimeoutMs: 0 };
    await expect.poll(() => hub.emulator.hub.methods.invoke({ deviceId: "d" }, call)).toMatchObject({ status: 202 });
    const client = hub.jobs();
    await client.scheduleDeviceMethod("m", "deviceId = 'd'", { methodName: "reboot", payload: 7 }, new Date(), 60);
    await reaches(client, "m", "completed");
    expect(await history(hub, "jobId = 'm'")).toMatchObject([
      { outcome: { deviceMethodResponse: { status: 202, payload: { after: 7 } } } },
    ]);
    await client.scheduleTwinUpdate("t", "*", { properties: { desired: { level: 4 } } }, new Date(), 60);
    expect(await heard).toBe(4);
  } finally {
    await device.close();
  }
});

test("a job waits for its time, and can be cancelled until then", async () => {
  await using hub = await startLocalHub();
  const registry = await withDevices(hub, "a");
  const client = hub.jobs();
  const later = new Date(Date.now() + 3600_000);
  await client.scheduleTwinUpdate("first", "*", { tags: { x: 1 } }, later, 60);
  await client.scheduleTwinUpdate("second", "*", { tags: { y: 1 } }, later, 60);
  expect(await jobOf(client, "first")).toMatchObject({
    status: "scheduled",
    startTime: later.toISOString(),
  });
  expect((await client.cancelJob("second")).jobStatus).toMatchObject({ status: "cancelled" });
  hub.emulator.hub.clock.advance(3600_000);
  await reaches(client, "first", "completed");
  expect((await registry.getTwin("a")).responseBody.tags).toEqual({ group: "a", x: 1 });
  expect(await jobOf(client, "second")).toMatchObject({ status: "cancelled" });
});

test("cancelling a running job begins no further device", async () => {
  await using hub = await startLocalHub();
  const ids = Array.from({ length: 60 }, (_, i) => `d${i}`);
  await withDevices(hub, ...ids);
  const { methods } = hub.emulator.hub;
  const answers: (() => void)[] = [];
  for (const deviceId of ids) {
    methods.offer({ deviceId }, ({ requestId }) => {
      answers.push(() => methods.respond({ deviceId }, requestId, 200, Buffer.from("{}")));
    });
  }
  const client = hub.jobs();
  await client.scheduleDeviceMethod("m", "*", { methodName: "x" }, new Date(), 60);
  await expect.poll(() => answers).toHaveLength(50);
  const running = await jobOf(client, "m");
  expect(running).toMatchObject({
    status: "running",
    deviceJobStatistics: { deviceCount: 60, runningCount: 50, pendingCount: 10 },
  });
  await client.cancelJob("m");
  for (const answer of answers) answer();
  await expect
    .poll(() => jobOf(client, "m"))
    .toMatchObject({ status: "cancelled", deviceJobStatistics: { succeededCount: 50, pendingCount: 10 } });
  expect(answers).toHaveLength(50);
});

test("a job whose time runs out has failed, and says how many devices it did not reach", async () => {
  await using hub = await startLocalHub();
  const ids = Array.from({ length: 51 }, (_, i) => `d${i}`);
  await withDevices(hub, ...ids);
  const { methods, clock } = hub.emulator.hub;
  let called = 0;
  for (const deviceId of ids) methods.offer({ deviceId }, () => void called++);
  const client = hub.jobs();
  await client.scheduleDeviceMethod("m", "*", { methodName: "x", responseTimeoutInSeconds: 300 }, new Date(), 20);
  await expect.poll(() => called).toBe(50);
  clock.advance(20_000);
  const ended = await reaches(client, "m", "failed");
  expect(ended.failureReason).toContain("before 1 devices");
  expect(ended.deviceJobStatistics).toMatchObject({ failedCount: 50, pendingCount: 1 });
  expect(await history(hub, "error.code = '504101'")).toHaveLength(50);
});

test("modules are reached by a condition that names their collection", async () => {
  await using hub = await startLocalHub();
  await withDevices(hub, "a");
  const { registry, twins } = hub.emulator.hub;
  await registry.create({ deviceId: "a", moduleId: "m" }, {});
  const client = hub.jobs();
  await client.scheduleTwinUpdate("j", "FROM devices.modules WHERE moduleId = 'm'", { tags: { x: 1 } }, new Date(), 60);
  await reaches(client, "j", "completed");
  expect(twins.get({ deviceId: "a", moduleId: "m" })).toMatchObject({ tags: { x: 1 } });
  expect(twins.get("a")["tags"]).not.toHaveProperty("x");
  expect(await history(hub, "moduleId = 'm'")).toHaveLength(1);
});

test("the SDK lists jobs by type and status, page by page", async () => {
  await using hub = await startLocalHub();
  await withDevices(hub, "a");
  const client = hub.jobs();
  for (const id of ["1", "2", "3"]) await client.scheduleTwinUpdate(id, "*", { tags: { x: 1 } }, new Date(), 60);
  await client.scheduleDeviceMethod("4", "*", { methodName: "x" }, new Date(Date.now() + 3600_000), 60);
  for (const id of ["1", "2", "3"]) await reaches(client, id, "completed");
  const query = client.createQuery("scheduleUpdateTwin", "completed" as never, 2);
  const pages: string[][] = [];
  while (query.hasMoreResults) {
    const { result } = await query.next(query.continuationToken);
    pages.push((result as { jobId: string }[]).map(({ jobId }) => jobId));
  }
  expect(pages).toEqual([["1", "2"], ["3"]]);
  const all = await client.createQuery().next(undefined as unknown as string);
  expect(all.result).toHaveLength(4);
});

test.each([
  ["no type", { type: undefined }, "type must be one of"],
  ["a made-up type", { type: "backup" }, "type must be one of"],
  ["no condition", { queryCondition: undefined }, "queryCondition must be a string"],
  ["a condition that is no condition", { queryCondition: "tags.x =" }, "column 9"],
  ["no twin", { updateTwin: undefined }, "updateTwin must be a JSON object"],
  ["a twin with a forbidden key", { updateTwin: { tags: { "a.b": 1 } } }, "key"],
  ["a date that is none", { startTime: "tomorrow" }, "startTime"],
  ["no time at all", { maxExecutionTimeInSeconds: 0 }, "maxExecutionTimeInSeconds"],
  ["a method without a name", { type: "scheduleDeviceMethod", cloudToDeviceMethod: {} }, "methodName"],
  [
    "a timeout that is too short",
    { type: "scheduleDeviceMethod", cloudToDeviceMethod: { methodName: "x", responseTimeoutInSeconds: 4 } },
    "responseTimeoutInSeconds",
  ],
])("a job with %s is refused", async (_, fields, reason) => {
  await using hub = await startLocalHub();
  const { status, text } = await put(hub, {
    type: "scheduleUpdateTwin",
    queryCondition: "*",
    updateTwin: {},
    ...fields,
  });
  expect(text).toContain(reason);
  expect(status).toBe(400);
});

test("an id is used once, and an unknown one is not found", async () => {
  await using hub = await startLocalHub();
  const job = { type: "scheduleUpdateTwin", queryCondition: "*", updateTwin: { tags: {} } };
  expect((await put(hub, job)).status).toBe(200);
  expect(await put(hub, job)).toMatchObject({ status: 409, code: "JobAlreadyExists" });
  await expect(hub.jobs().getJob("other")).rejects.toThrow("Not found");
  const headers = { authorization: hub.token("service") };
  const answer = await hub.send({ method: "POST", path: `/jobs/v2/other/cancel${VERSION}`, headers });
  expect([answer.status, answer.headers["iothub-errorcode"]]).toEqual([404, "JobNotFound"]);
});

test("jobs and their history are there after a restart, and a scheduled one still starts", async () => {
  const folder = await mkdtemp(join(tmpdir(), "jobs-"));
  try {
    const later = new Date(Date.now() + 3600_000);
    {
      await using hub = await startLocalHub({ folder });
      await withDevices(hub, "a");
      await hub.jobs().scheduleTwinUpdate("now", "*", { tags: { x: 1 } }, new Date(), 60);
      await hub.jobs().scheduleTwinUpdate("later", "*", { tags: { y: 1 } }, later, 60);
      await reaches(hub.jobs(), "now", "completed");
    }
    await using hub = await startLocalHub({ folder });
    expect(await jobOf(hub.jobs(), "now")).toMatchObject({ status: "completed" });
    expect(await history(hub, "jobId = 'now'")).toMatchObject([{ deviceId: "a", status: "completed" }]);
    hub.emulator.hub.clock.advance(3600_000);
    await reaches(hub.jobs(), "later", "completed");
    expect(hub.emulator.hub.twins.get("a")["tags"]).toMatchObject({ x: 1, y: 1 });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a job that was running goes on after a restart with the devices it had not finished", async () => {
  const folder = await mkdtemp(join(tmpdir(), "jobs-"));
  try {
    const calls: string[] = [];
    const answering = (hub: LocalHub, deviceId: string, answers: boolean): void => {
      const { methods } = hub.emulator.hub;
      methods.offer({ deviceId }, ({ requestId }) => {
        calls.push(deviceId);
        if (answers) methods.respond({ deviceId }, requestId, 200, Buffer.from("1"));
      });
    };
    {
      await using hub = await startLocalHub({ folder });
      await withDevices(hub, "quick", "slow");
      answering(hub, "quick", true);
      answering(hub, "slow", false);
      await hub.jobs().scheduleDeviceMethod("m", "*", { methodName: "x" }, new Date(), 60);
      await expect.poll(() => history(hub, "status = 'completed'")).toHaveLength(1);
    }
    await using hub = await startLocalHub({ folder });
    const ended = await reaches(hub.jobs(), "m", "completed");
    // The slow one is asked again, and is not connected now.
    expect(ended.deviceJobStatistics).toMatchObject({ deviceCount: 2, succeededCount: 1, failedCount: 1 });
    expect(calls.toSorted()).toEqual(["quick", "slow"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
