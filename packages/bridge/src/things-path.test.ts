/** A device of the vendor's own making connects with what Para's API answers, and both sides follow each other. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Message, type Client as DeviceClient, type Twin } from "azure-iot-device";
import { expect, test } from "vitest";
import { openThingPath, until } from "./testing/thing-path.ts";
import type { Shown } from "./testing/thing-path.ts";

/** Collects what the device is told of its desired properties, the whole first. */
async function desiredOf(device: DeviceClient): Promise<{ twin: Twin; seen: Record<string, unknown>[] }> {
  const twin = await device.getTwin();
  const seen: Record<string, unknown>[] = [];
  twin.on("properties.desired", (delta: Record<string, unknown>) => seen.push({ ...delta }));
  return { twin, seen };
}

const reported = (twin: Twin, patch: object): Promise<void> =>
  new Promise((resolve, reject) => {
    twin.properties.reported["update"](patch, (error?: Error) => (error ? reject(error) : resolve()));
  });

test("a Thing is made, its device connects with what the answer says, and both sides follow each other", async () => {
  const { under, made, read, call, folder, logged } = await openThingPath();
  const { id, deviceState, deviceStatus, deviceDetails } = await made({ deviceState: { target: 20 }, floor: 3 });
  expect(deviceState).toEqual({ target: 20 });
  expect(deviceStatus).toMatchObject({ status: "enabled", sync: "in_step", conflicts: 0 });

  const device = await under.device(deviceDetails!.connectionString);
  const { twin, seen } = await desiredOf(device);
  expect(twin.properties.desired).toMatchObject({ target: 20 });

  expect(await call("PATCH", `thing/${id}`, { body: { deviceState: { target: 21, fan: "on" } } })).toMatchObject({
    status: 200,
    json: { name: "Boiler", floor: 3, deviceStatus: { sync: "in_step" } },
  });
  await until(() => expect(seen.at(-1)).toMatchObject({ target: 21, fan: "on" }));

  await device.sendEvent(new Message(JSON.stringify({ temperature: 19.5 })));
  await until(async () =>
    expect(await read(id)).toMatchObject({
      name: "Boiler",
      floor: 3,
      deviceState: { target: 21, fan: "on", temperature: 19.5 },
    }),
  );
  await reported(twin, { fan: "broken" });
  await until(async () => expect(await read(id)).toMatchObject({ deviceState: { fan: "broken", temperature: 19.5 } }));
  // Nothing of what the device said is told to it.
  expect(seen).toHaveLength(2);

  const { primaryKey, secondaryKey } = deviceDetails!;
  expect(await read(id)).not.toHaveProperty("deviceDetails");
  const kept = Buffer.concat(["isthmus.db", "isthmus.db-wal"].map((name) => readFileSync(join(folder, name))));
  for (const key of [primaryKey, secondaryKey]) {
    expect(kept.includes(key)).toBe(false);
    expect(logged.join("\n")).not.toContain(key);
  }
});

test("a change repeats nothing that the hub has, and a version check that fails pushes nothing", async () => {
  const { under, made, call } = await openThingPath();
  const { id } = await made({ version: 1, deviceState: { target: 20 } });
  const versionOf = async (): Promise<number> => {
    const { responseBody } = await under.registry.getTwin(id);
    return responseBody.properties.desired["$version"] as number;
  };
  const before = await versionOf();
  await call("PATCH", `thing/${id}`, { body: { name: "Boiler 2", deviceState: { target: 20 } } });
  expect(await call("PATCH", `thing/${id}`, { body: { version: 1, deviceState: { target: 5 } } })).toMatchObject({
    status: 412,
  });
  expect(await versionOf()).toBe(before);
  expect(await call("PATCH", `thing/${id}`, { body: { version: 2, deviceState: { target: 5 } } })).toMatchObject({
    status: 200,
    json: { version: 3, deviceStatus: { sync: "in_step" } },
  });
  expect(await versionOf()).toBe(before + 1);
});

test("a client that sends back all that it read tells the device nothing of what it had said itself", async () => {
  const { under, made, read, call } = await openThingPath();
  const { id, deviceDetails } = await made({ deviceState: { target: 20 } });
  const device = await under.device(deviceDetails!.connectionString);
  const say = async (temperature: number): Promise<unknown> => {
    await device.sendEvent(new Message(JSON.stringify({ temperature })));
    return until(async () => expect(await read(id)).toMatchObject({ deviceState: { temperature } }));
  };
  await say(19);
  const old = await read(id);
  await say(20);
  expect(await call("PATCH", `thing/${id}`, { body: { ...old, name: "Boiler 2" } })).toMatchObject({
    status: 200,
    json: { name: "Boiler 2", deviceState: { target: 20, temperature: 20 }, deviceStatus: { sync: "in_step" } },
  });
  const { responseBody: twin } = await under.registry.getTwin(id);
  expect(twin.properties.desired).not.toHaveProperty("temperature");
});

test("while the hub is away a change waits and says so, a Thing is not made and says why", async () => {
  const { made, read, call, setAway, under } = await openThingPath();
  const { id } = await made();
  setAway(true);
  expect(await call("PATCH", `thing/${id}`, { body: { deviceState: { target: 9 } } })).toMatchObject({
    status: 200,
    json: { deviceState: { target: 9 }, deviceStatus: { sync: "waiting", waitingSince: expect.any(String) } },
  });
  await until(async () =>
    expect((await read(id)).deviceStatus).toMatchObject({
      error: { code: "hub_unreachable", next_step: expect.any(String) },
    }),
  );
  expect(await call("POST", "thing", { body: { serviceBroker: "Azure" } })).toMatchObject({
    status: 502,
    json: { code: 502, error: "hub_unreachable", message: expect.any(String), next_step: expect.any(String) },
  });
  expect((await call("GET", "thing/search/count")).json).toMatchObject({ totalHits: 1 });
  setAway(false);
  await until(async () => expect(await read(id)).toMatchObject({ deviceStatus: { sync: "in_step" } }));
  const { responseBody: twin } = await under.registry.getTwin(id);
  expect(twin.properties.desired).toMatchObject({ target: 9 });
});

test("a new key lets the device in, the former one does not; disabled, neither does", async () => {
  const { under, made, call } = await openThingPath();
  const { id, deviceDetails } = await made();
  const renewed = await call("POST", `thing/${id}/_newkeys`, { body: { key: "primary" } });
  expect(renewed.status).toBe(200);
  const { deviceDetails: fresh } = renewed.json as Shown;
  expect(fresh!.secondaryKey).toBe(deviceDetails!.secondaryKey);
  await expect(under.device(deviceDetails!.connectionString)).rejects.toThrow(/./);
  await under.device(fresh!.connectionString);
  expect(await call("POST", `thing/${id}/_disable`)).toMatchObject({ json: { deviceStatus: { status: "disabled" } } });
  await expect(under.device(fresh!.connectionString)).rejects.toThrow(/./);
});

test("a Thing that is deleted is gone in the hub, and one with a client's id is made there", async () => {
  const { under, call } = await openThingPath();
  const body = { serviceBroker: "Azure", deviceState: { target: 1 } };
  const inHub = async (): Promise<boolean> =>
    under.registry.get("boiler-1").then(
      () => true,
      () => false,
    );
  expect(await call("PUT", "thing/boiler-1", { body })).toMatchObject({ status: 200, json: { id: "boiler-1" } });
  expect(await inHub()).toBe(true);
  expect(await call("DELETE", "thing/boiler-1")).toMatchObject({ status: 200, text: "" });
  expect(await inHub()).toBe(false);
  expect(await call("DELETE", "thing/boiler-1")).toMatchObject({ status: 404 });
  // And may be made again.
  expect(await call("PUT", "thing/boiler-1", { body })).toMatchObject({ status: 200, json: { deviceDetails: {} } });
});

test("a device that somebody deletes in the hub is shown as missing, and taken up again when it is back", async () => {
  const { under, made, read, call } = await openThingPath();
  const { id } = await made({ deviceState: { target: 20 } });
  await under.registry.delete(id);
  await until(async () =>
    expect(await read(id)).toMatchObject({
      deviceState: { target: 20 },
      deviceStatus: { sync: "missing_in_hub", missingSince: expect.any(String) },
    }),
  );
  expect(await call("PATCH", `thing/${id}`, { body: { deviceState: { target: 21 } } })).toMatchObject({
    status: 200,
    json: { deviceStatus: { sync: "missing_in_hub" } },
  });
  expect(await call("POST", `thing/${id}/_newkeys`)).toMatchObject({
    status: 409,
    json: { code: 409, error: "device_missing", next_step: expect.any(String) },
  });
  await under.registry.create({ deviceId: id });
  await until(async () => expect(await read(id)).toMatchObject({ deviceStatus: { sync: "in_step" } }));
  const { responseBody: twin } = await under.registry.getTwin(id);
  expect(twin.properties.desired).toMatchObject({ target: 21 });
});

test("a batch makes its devices, is read, changed, found by its states and deleted", async () => {
  const { under, call } = await openThingPath();
  const body = Array.from({ length: 20 }, (_, level) => ({ serviceBroker: "Azure", deviceState: { level } }));
  const made = (await call("POST", "_batch", { body })).json as Shown[];
  const ids = made.map(({ id }) => id);
  expect(made.every(({ deviceDetails }) => deviceDetails !== undefined)).toBe(true);
  const found = await call("GET", "thing/search/terms", { query: { terms: "deviceState.level:7" } });
  expect(found.json).toMatchObject({ totalHits: 1, items: [{ id: ids[7] }] });
  const changed = await call("PATCH", "_batch", { body: ids.map((id) => ({ id, deviceState: { level: 100 } })) });
  expect((changed.json as Shown[]).map(({ deviceStatus }) => deviceStatus["sync"])).toEqual(ids.map(() => "in_step"));
  for (const id of [ids[0]!, ids[19]!]) {
    const { responseBody: twin } = await under.registry.getTwin(id);
    expect(twin.properties.desired).toMatchObject({ level: 100 });
  }
  expect(await call("DELETE", "_batch", { query: { ids } })).toMatchObject({ status: 200 });
  await until(async () => expect((await under.registry.list()).responseBody).toEqual([]));
});

test("a state that no twin holds is refused with its path, and nothing is made or changed", async () => {
  const { under, made, read, call } = await openThingPath();
  const bad = { engine: { oil: { "level %": 3, "le.vel": 1 } } };
  expect(await call("POST", "thing", { body: { serviceBroker: "Azure", deviceState: bad } })).toMatchObject({
    status: 400,
    json: { code: 400, error: "state_refused", message: expect.stringContaining("deviceState.engine.oil.") },
  });
  expect((await under.registry.list()).responseBody).toEqual([]);
  const { id } = await made({ deviceState: { on: true } });
  expect(await call("PATCH", `thing/${id}`, { body: { name: "x", deviceState: bad } })).toMatchObject({ status: 400 });
  expect(await read(id)).toMatchObject({ name: "Boiler", deviceState: { on: true } });
});
