import { expect, test } from "vitest";
import { startLocalHub } from "../testing/local-hub.ts";

const DEVICE = "/devices/:deviceId";

test("an error fault reaches the service SDK as the SDK's own error, as often as the rule says", async () => {
  await using hub = await startLocalHub();
  const registry = hub.registry();
  hub.emulator.hub.faults.add({
    where: { point: "http", operation: `PUT ${DEVICE}`, deviceId: "d" },
    effect: { kind: "error", error: "IotHubQuotaExceeded" },
    times: 1,
  });
  await expect(registry.create({ deviceId: "d" })).rejects.toMatchObject({ name: "TooManyDevicesError" });
  await registry.create({ deviceId: "d" });
});

test("with acceptThenDrop the operation is done and the client gets no answer", async () => {
  await using hub = await startLocalHub();
  hub.emulator.hub.faults.add({
    where: { point: "http", operation: `PUT ${DEVICE}` },
    effect: { kind: "acceptThenDrop" },
    times: 1,
  });
  const request = { method: "PUT", path: "/devices/d?api-version=2021-04-12", headers: { authorization: hub.token() } };
  await expect(hub.send({ ...request, body: '{"deviceId":"d"}' })).rejects.toMatchObject({ code: "ECONNRESET" });
  expect((await hub.registry().get("d")).responseBody.deviceId).toBe("d");
});

test("a dropped request is not done", async () => {
  await using hub = await startLocalHub();
  hub.emulator.hub.faults.add({ where: { point: "http" }, effect: { kind: "drop" }, times: 1 });
  const request = { method: "PUT", path: "/devices/d?api-version=2021-04-12", headers: { authorization: hub.token() } };
  await expect(hub.send({ ...request, body: '{"deviceId":"d"}' })).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(hub.emulator.hub.registry.find("d")).toBeUndefined();
});

test("a delayed request is answered when the hub's clock has moved on", async () => {
  await using hub = await startLocalHub();
  const { clock, faults } = hub.emulator.hub;
  clock.freeze();
  const { id } = faults.add({ where: { point: "http" }, effect: { kind: "delay", ms: 3600_000 } });
  let isAnswered = false;
  const answer = hub.send({ path: "/devices?api-version=1", headers: { authorization: hub.token() } }).then((it) => {
    isAnswered = true;
    return it;
  });
  await expect.poll(() => faults.find(id)?.struck).toBe(1);
  expect(isAnswered).toBe(false);
  clock.advance(3600_000);
  expect((await answer).status).toBe(200);
});

test("a vanishing identity is not found by the request that made it vanish", async () => {
  await using hub = await startLocalHub();
  await hub.registry().create({ deviceId: "d" });
  hub.emulator.hub.faults.add({
    where: { point: "http", deviceId: "d" },
    effect: { kind: "identityVanishes" },
    times: 1,
  });
  await expect(hub.registry().getTwin("d")).rejects.toMatchObject({ name: "DeviceNotFoundError" });
});

test("lost telemetry is answered as accepted and never arrives", async () => {
  await using hub = await startLocalHub();
  await hub.registry().create({ deviceId: "d" });
  hub.emulator.hub.faults.add({ where: { point: "telemetry", deviceId: "d" }, effect: { kind: "lose" }, times: 1 });
  const { Message } = await import("azure-iot-device");
  const device = hub.device("d");
  await device.sendEvent(new Message("lost"));
  await device.sendEvent(new Message("kept"));
  expect(await hub.events("d")).toHaveLength(1);
});

test("faults do not strike the hub's own pages", async () => {
  await using hub = await startLocalHub();
  hub.emulator.hub.faults.add({ where: { point: "http" }, effect: { kind: "drop" } });
  expect((await hub.send({ path: "/health" })).status).toBe(200);
});
