/** The service side as Microsoft's service SDK uses it: identities, twins, queries, jobs, configurations. */
import { randomUUID } from "node:crypto";
import type * as Service from "azure-iothub";
import { describe, expect, test } from "vitest";
import { until } from "../support/until.ts";
import {
  createJobClient,
  createRegistry,
  createServiceClient,
  makeDevice,
  newDeviceId,
  type DeviceDescription,
} from "./target.ts";

const registry: Service.Registry = createRegistry();
const jobs: Service.JobClient = createJobClient();

type Row = Readonly<Record<string, unknown>>;
type Query = ReturnType<Service.Registry["createQuery"]>;

async function rowsOf(query: Query): Promise<readonly Row[]> {
  const rows: Row[] = [];
  // Without an argument the SDK's promise form forgets the token of the page before.
  const next = async (): Promise<unknown> =>
    (query.next as (token: unknown) => Promise<unknown>).call(query, query.continuationToken);
  do rows.push(...((await next()) as { readonly result: Row[] }).result);
  while (query.hasMoreResults);
  return rows;
}

const runQuery = (text: string, pageSize?: number): Promise<readonly Row[]> =>
  rowsOf(registry.createQuery(text, pageSize));

/** The job SDK's results are typed as what surrounds the job. */
const jobOf = (result: unknown): Row => (result as { readonly jobStatus: Row }).jobStatus;

describe("identities", () => {
  test("are created with keys of the hub's making, once, and found again", async () => {
    const device = await makeDevice(registry);
    expect(Buffer.from(device.authentication.symmetricKey.primaryKey, "base64").length).toBeGreaterThanOrEqual(32);
    expect(device).toMatchObject({ status: "enabled", connectionState: "Disconnected" });
    const { responseBody } = await registry.get(device.deviceId);
    expect(responseBody).toMatchObject({ deviceId: device.deviceId, generationId: device.generationId });
    await expect(registry.create({ deviceId: device.deviceId } as never)).rejects.toMatchObject({
      name: "DeviceAlreadyExistsError",
    });
  });

  test("are updated, disabled with a reason, and deleted; then nobody knows them", async () => {
    const device = await makeDevice(registry);
    const change = { ...device, status: "disabled", statusReason: "lost" };
    const { responseBody } = await registry.update(change as never);
    expect(responseBody).toMatchObject({ status: "disabled", statusReason: "lost" });
    await registry.delete(device.deviceId);
    await expect(registry.get(device.deviceId)).rejects.toMatchObject({ name: "DeviceNotFoundError" });
  });

  test("come and go by the hundred, each with its own verdict", async () => {
    const ids = Array.from({ length: 100 }, newDeviceId);
    const added = await registry.addDevices(ids.map((deviceId) => ({ deviceId })) as never);
    expect(added.responseBody).toMatchObject({ isSuccessful: true });
    const again = await registry.addDevices([{ deviceId: ids[0] }, { deviceId: newDeviceId() }] as never).then(
      ({ responseBody }) => responseBody,
      (error: { responseBody?: string }) => JSON.parse(error.responseBody ?? "{}") as object,
    );
    expect(again).toMatchObject({ isSuccessful: false, errors: [{ deviceId: ids[0] }] });
    const removed = await registry.removeDevices(ids.map((deviceId) => ({ deviceId })) as never, true);
    expect(removed.responseBody).toMatchObject({ isSuccessful: true });
  });

  test("have modules", async () => {
    const { deviceId } = await makeDevice(registry);
    await registry.addModule({ deviceId, moduleId: "one" } as never);
    await registry.addModule({ deviceId, moduleId: "two", managedBy: "me" } as never);
    const { responseBody } = await registry.getModulesOnDevice(deviceId);
    expect(responseBody.map(({ moduleId }) => moduleId).toSorted()).toEqual(["one", "two"]);
    const two = (await registry.getModule(deviceId, "two")).responseBody;
    expect(two).toMatchObject({ managedBy: "me" });
    await registry.updateModule({ ...two, managedBy: "you" }, true);
    await registry.removeModule(deviceId, "two");
    await expect(registry.getModule(deviceId, "two")).rejects.toThrow(/./);
    const statistics = (await registry.getRegistryStatistics()).responseBody;
    expect(statistics.totalDeviceCount).toBeGreaterThan(0);
  });
});

describe("twins", () => {
  test("merge what is patched, remove what is null, and guard their etag", async () => {
    const { deviceId } = await makeDevice(registry);
    const first = (await registry.getTwin(deviceId)).responseBody;
    const patch = { tags: { site: { floor: 1, room: "a" } }, properties: { desired: { rate: 5, mode: "eco" } } };
    const second = (await registry.updateTwin(deviceId, patch as never, first.etag)).responseBody;
    expect(second.etag).not.toBe(first.etag);
    await expect(registry.updateTwin(deviceId, { tags: { a: 1 } } as never, first.etag)).rejects.toMatchObject({
      name: "InvalidEtagError",
    });
    const next = { tags: { site: { floor: null } }, properties: { desired: { mode: null } } };
    const { tags, properties } = (await registry.updateTwin(deviceId, next as never, "*")).responseBody;
    expect(tags).toEqual({ site: { room: "a" } });
    expect(properties.desired).toMatchObject({ rate: 5, $version: 3 });
    expect(properties.desired).not.toHaveProperty("mode");
    expect(properties.desired["$metadata"]).toMatchObject({ rate: { $lastUpdatedVersion: 2 } });
  });

  test("refuse what is too large or not allowed", async () => {
    const { deviceId } = await makeDevice(registry);
    const refused = async (patch: object): Promise<void> => {
      await expect(registry.updateTwin(deviceId, patch as never, "*")).rejects.toMatchObject({ name: "ArgumentError" });
    };
    await refused({ tags: { big: "x".repeat(4097) } });
    await refused({ tags: { "with space": 1 } });
    await refused({ properties: { desired: { $own: 1 } } });
    await refused({
      properties: { desired: Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`k${i}`, "x".repeat(4000)])) },
    });
  });
});

describe("queries", () => {
  test("select devices by tags and properties, page by page", async () => {
    const mark = randomUUID();
    const devices = await Promise.all(Array.from({ length: 5 }, () => makeDevice(registry)));
    for (const [i, { deviceId }] of devices.entries()) {
      await registry.updateTwin(deviceId, { tags: { mark, n: i, even: i % 2 === 0 } } as never, "*");
    }
    const ids = devices.map(({ deviceId }) => deviceId);
    const where = `tags.mark = '${mark}'`;
    // A real hub's query index follows its registry after a while.
    await until(async () => (await runQuery(`SELECT * FROM devices WHERE ${where}`)).length === 5, "the index", 50_000);
    const found = await runQuery(`SELECT * FROM devices WHERE ${where} AND tags.n >= 1`, 2);
    expect(found.map((row) => String(row["deviceId"])).toSorted()).toEqual(ids.slice(1).toSorted());
    const some = await runQuery(`SELECT deviceId, tags.n AS n FROM devices WHERE ${where} AND tags.n IN [0, 3]`);
    expect(some.map((row) => String(row["n"])).toSorted()).toEqual(["0", "3"]);
    const counted = await runQuery(
      `SELECT tags.even AS even, COUNT() AS many FROM devices WHERE ${where} GROUP BY tags.even`,
    );
    expect(counted.toSorted((a, b) => Number(a["many"]) - Number(b["many"]))).toEqual([
      { even: false, many: 2 },
      { even: true, many: 3 },
    ]);
    const none = await runQuery(
      `SELECT * FROM devices WHERE ${where} AND (is_defined(tags.other) OR starts_with(tags.mark, '!'))`,
    );
    expect(none).toEqual([]);
  });

  test("say what is wrong with a text they do not understand", async () => {
    await expect(runQuery("SELECT * FORM devices")).rejects.toMatchObject({ name: "ArgumentError" });
  });
});

describe("jobs", () => {
  test("write desired properties into the twins of their devices", async () => {
    const devices = [await makeDevice(registry), await makeDevice(registry)];
    const condition = `deviceId IN [${devices.map(({ deviceId }) => `'${deviceId}'`).join(", ")}]`;
    const jobId = `job-${randomUUID()}`;
    const patch = { etag: "*", properties: { desired: { interval: 12 } } };
    await jobs.scheduleTwinUpdate(jobId, condition, patch, new Date(), 60);
    const statusOf = async (): Promise<unknown> => jobOf(await jobs.getJob(jobId))["status"];
    await until(async () => (await statusOf()) === "completed", "the job", 50_000);
    for (const { deviceId } of devices) {
      expect((await registry.getTwin(deviceId)).responseBody.properties.desired).toMatchObject({ interval: 12 });
    }
    const history = await runQuery(`SELECT * FROM devices.jobs WHERE devices.jobs.jobId = '${jobId}'`);
    expect(history.map((row) => row["status"])).toEqual(["completed", "completed"]);
  });

  test("that lie ahead can be cancelled", async () => {
    const { deviceId } = await makeDevice(registry);
    const jobId = `job-${randomUUID()}`;
    const later = new Date(Date.now() + 3600_000);
    await jobs.scheduleTwinUpdate(jobId, `deviceId = '${deviceId}'`, { tags: { a: 1 }, etag: "*" }, later, 60);
    expect(jobOf(await jobs.cancelJob(jobId))).toMatchObject({ jobId, status: "cancelled" });
  });
});

describe("direct methods", () => {
  test("say that a device is not online", async () => {
    const { deviceId } = await makeDevice(registry);
    const service = createServiceClient();
    const call = service.invokeDeviceMethod(deviceId, {
      methodName: "x",
      payload: null,
      responseTimeoutInSeconds: 5,
    } as never);
    await expect(call).rejects.toMatchObject({ response: { statusCode: 404 } });
  });
});

describe("configurations", () => {
  test("reach the devices of their target condition", async () => {
    const mark = randomUUID();
    const id = `conformance-${mark}`;
    const { deviceId } = await makeDevice(registry);
    await registry.updateTwin(deviceId, { tags: { mark } } as never, "*");
    const configuration = {
      id,
      schemaVersion: "1.0",
      content: { deviceContent: { "properties.desired.settings": { level: 3 } } },
      targetCondition: `tags.mark = '${mark}'`,
      priority: 10,
    };
    await registry.addConfiguration(configuration as never);
    try {
      await until(
        async () => {
          const { desired } = (await registry.getTwin(deviceId)).responseBody.properties;
          return (desired["settings"] as Row | undefined)?.["level"] === 3;
        },
        "the setting in the twin",
        50_000,
      );
      const stored = (await registry.getConfiguration(id)).responseBody;
      expect(stored).toMatchObject({ id, priority: 10 });
      await registry.updateConfiguration({ ...stored, priority: 11 } as never, true);
    } finally {
      await registry.removeConfiguration(id);
    }
    await expect(registry.getConfiguration(id)).rejects.toThrow(/./);
  });

  test("content is applied to one device at once", async () => {
    const device: DeviceDescription = await makeDevice(registry, { capabilities: { iotEdge: true } });
    const content = { modulesContent: { $edgeAgent: { "properties.desired": { schemaVersion: "1.0" } } } };
    await registry.applyConfigurationContentOnDevice(device.deviceId, content as never);
    const twin = (await registry.getModuleTwin(device.deviceId, "$edgeAgent")).responseBody;
    expect(twin.properties.desired).toMatchObject({ schemaVersion: "1.0" });
  });
});
