/** Devices made, changed and removed in the Local Hub, seen by the vendor's clients. */
import { expect, test } from "vitest";
import { startTwinsUnderTest, valueOf } from "../testing/twins-under-test.ts";
import type { HubDeviceWithKeys } from "../../core/twin-hub.ts";

const failed = (code: string): object => ({ ok: false, failure: expect.objectContaining({ code }) as object });

function made(result: HubDeviceWithKeys | "exists" | null): HubDeviceWithKeys {
  if (result === null || typeof result === "string") throw new Error(`It was not made: ${result}.`);
  return result;
}

test("a device is made with two keys, and connects with the connection string as it is", async () => {
  const { hub, registry, device } = await startTwinsUnderTest();
  const thing = made(valueOf(await hub.createDevice("thing-1")));
  expect(thing).toMatchObject({
    deviceId: "thing-1",
    status: "enabled",
    connectionState: "disconnected",
    lastActivity: null,
    generationId: expect.stringMatching(/./) as string,
  });
  const { authentication } = (await registry.get("thing-1")).responseBody;
  expect(authentication?.symmetricKey).toEqual({ primaryKey: thing.primaryKey, secondaryKey: thing.secondaryKey });
  expect(Buffer.from(thing.primaryKey, "base64")).toHaveLength(32);
  expect(thing.primaryKey).not.toBe(thing.secondaryKey);
  await (await device(thing.connectionString)).getTwin();
  await expect
    .poll(async () => valueOf(await hub.device("thing-1")))
    .toMatchObject({ connectionState: "connected", lastActivity: expect.any(Number) as number });
});

test("an id that is taken is told, and the device stays as it is", async () => {
  const { hub, registry } = await startTwinsUnderTest();
  await registry.create({ deviceId: "taken" });
  const before = (await registry.get("taken")).responseBody;
  expect(await hub.createDevice("taken")).toEqual({ ok: true, value: "exists" });
  expect((await registry.get("taken")).responseBody).toEqual(before);
});

test("a device whose answer is lost on the way is known as the one that was made", async () => {
  const { hub, emulator, registry } = await startTwinsUnderTest();
  emulator.faults.add({
    where: { point: "http", operation: "PUT /devices/:deviceId" },
    effect: { kind: "acceptThenDrop" },
    times: 1,
  });
  const thing = made(valueOf(await hub.createDevice("thing-1")));
  const { authentication } = (await registry.get("thing-1")).responseBody;
  expect(authentication?.symmetricKey?.primaryKey).toBe(thing.primaryKey);
});

test("a hub that refuses says why", async () => {
  const { hub, emulator } = await startTwinsUnderTest();
  const refuse = (error: "ThrottlingException" | "TooManyDevices" | "ServiceUnavailable"): void => {
    emulator.faults.add({ where: { point: "http" }, effect: { kind: "error", error }, times: 1 });
  };
  refuse("ThrottlingException");
  expect(await hub.createDevice("x")).toEqual(failed("create_throttled"));
  refuse("TooManyDevices");
  expect(await hub.createDevice("x")).toEqual(failed("registry_full"));
  refuse("ServiceUnavailable");
  expect(await hub.createDevice("x")).toEqual(failed("hub_error"));
  expect(await hub.createDevice("no good id")).toEqual(failed("device_id_refused"));
});

test("a policy without the permission is told from a wrong key", async () => {
  const { hub } = await startTwinsUnderTest({ policyName: "registryRead" });
  expect(await hub.createDevice("x")).toEqual(failed("permission_missing"));
  const wrong = Buffer.alloc(32, 9).toString("base64");
  const { hub: locked } = await startTwinsUnderTest({ connection: { policyKey: wrong, secondaryKey: null } });
  expect(await locked.createDevice("x")).toEqual(failed("key_refused"));
  const { hub: second } = await startTwinsUnderTest({ connection: { policyKey: wrong } });
  expect(made(valueOf(await second.createDevice("x"))).deviceId).toBe("x");
});

test("a new key takes the place of the former one; the other key stays", async () => {
  const { hub, device } = await startTwinsUnderTest();
  const before = made(valueOf(await hub.createDevice("thing-1")));
  const after = made(valueOf(await hub.updateDevice("thing-1", { newKey: "primary" })));
  expect(after.secondaryKey).toBe(before.secondaryKey);
  expect(after.primaryKey).not.toBe(before.primaryKey);
  expect(Buffer.from(after.primaryKey, "base64")).toHaveLength(32);
  await expect(device(before.connectionString)).rejects.toThrow(/unauthorized|authorized/i);
  await device(after.connectionString);
  const second = made(valueOf(await hub.updateDevice("thing-1", { newKey: "secondary" })));
  expect(second.primaryKey).toBe(after.primaryKey);
  expect(second.secondaryKey).not.toBe(before.secondaryKey);
});

test("a device is disabled and enabled, keeping its keys and what others set", async () => {
  const { hub, registry } = await startTwinsUnderTest();
  const before = made(valueOf(await hub.createDevice("thing-1")));
  await registry.update({ deviceId: "thing-1", statusReason: "in repair" } as never);
  expect(made(valueOf(await hub.updateDevice("thing-1", { status: "disabled" })))).toMatchObject({
    status: "disabled",
    primaryKey: before.primaryKey,
    secondaryKey: before.secondaryKey,
  });
  expect((await registry.get("thing-1")).responseBody).toMatchObject({ status: "disabled", statusReason: "in repair" });
  expect(valueOf(await hub.updateDevice("thing-1", { status: "enabled" }))).toMatchObject({ status: "enabled" });
});

test("two who renew a key at the same time both succeed, one after the other", async () => {
  const { hub } = await startTwinsUnderTest();
  valueOf(await hub.createDevice("thing-1"));
  const both = await Promise.all([
    hub.updateDevice("thing-1", { newKey: "primary" }),
    hub.updateDevice("thing-1", { newKey: "secondary" }),
  ]);
  const keys = both.map((result) => made(valueOf(result)));
  const last = made(valueOf(await hub.updateDevice("thing-1", {})));
  expect(keys.map(({ primaryKey }) => primaryKey)).toContain(last.primaryKey);
  expect(keys.map(({ secondaryKey }) => secondaryKey)).toContain(last.secondaryKey);
});

test("a device that is removed is gone, again and again", async () => {
  const { hub, registry } = await startTwinsUnderTest();
  valueOf(await hub.createDevice("thing-1"));
  expect(await hub.deleteDevice("thing-1")).toEqual({ ok: true, value: null });
  await expect(registry.get("thing-1")).rejects.toThrow(/not found|not registered/i);
  expect(await hub.deleteDevice("thing-1")).toEqual({ ok: true, value: null });
  expect(await hub.device("thing-1")).toEqual({ ok: true, value: null });
  expect(await hub.updateDevice("thing-1", { status: "disabled" })).toEqual({ ok: true, value: null });
});

test("a device made again is another generation", async () => {
  const { hub } = await startTwinsUnderTest();
  const first = made(valueOf(await hub.createDevice("thing-1")));
  valueOf(await hub.deleteDevice("thing-1"));
  expect(made(valueOf(await hub.createDevice("thing-1"))).generationId).not.toBe(first.generationId);
});

test.each(["a.b-c_d", "50%", "o'brien", "a+b#c", "(x)=@;$!*:,?"])("the id %s is taken as it is", async (id) => {
  const { hub, registry } = await startTwinsUnderTest();
  expect(made(valueOf(await hub.createDevice(id))).deviceId).toBe(id);
  expect((await registry.get(id)).responseBody.deviceId).toBe(id);
  expect(valueOf(await hub.twin(id))).toMatchObject({ deviceId: id });
  expect(valueOf(await hub.glanceAt([id]))).toMatchObject([{ deviceId: id }]);
  expect(await hub.deleteDevice(id)).toEqual({ ok: true, value: null });
});
