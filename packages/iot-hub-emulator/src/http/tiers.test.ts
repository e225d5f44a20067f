import { Message } from "azure-iot-device";
import { expect, test } from "vitest";
import { startLocalHub } from "../testing/local-hub.ts";

const NOON = Date.parse("2026-03-01T12:00:00Z");
const still = (): number => NOON;

test("beyond the rate of the registry the service SDK sees its throttling error, until the clock has moved on", async () => {
  await using hub = await startLocalHub({ tier: "S1", now: still });
  const registry = hub.registry();
  for (let i = 0; i < 100; i++) await registry.create({ deviceId: `d${i}` });
  // Sixteen wait in line for ten seconds; the clock stands still, so their turn does not come.
  const waiting = Array.from({ length: 16 }, (_, i) => registry.get(`d${i}`));
  const { clock, limits } = hub.emulator.hub;
  const identities = (): unknown => limits.state().throttles.find(({ operation }) => operation === "identity");
  await expect.poll(identities).toMatchObject({ waiting: 16 });
  await expect(registry.get("d1")).rejects.toMatchObject({ name: "ThrottlingError" });
  clock.advance(60_000);
  expect((await Promise.all(waiting)).map(({ responseBody }) => responseBody.deviceId)).toHaveLength(16);
  expect((await registry.get("d99")).responseBody.deviceId).toBe("d99");
});

test("a bulk request counts each of its devices", async () => {
  await using hub = await startLocalHub({ tier: "F1", now: still });
  const registry = hub.registry();
  await registry.addDevices(Array.from({ length: 90 }, (_, i) => ({ deviceId: `d${i}` })));
  const { throttles } = hub.emulator.hub.limits.state();
  expect(throttles.find(({ operation }) => operation === "identity")?.available).toBe(10);
});

test("when the day's messages are spent a device is refused until midnight", async () => {
  await using hub = await startLocalHub({ tier: "F1", now: still });
  await hub.registry().create({ deviceId: "d" });
  const { hub: model } = hub.emulator;
  void model.limits.spend("telemetry", { messages: 7999 });
  const device = hub.device("d");
  await expect(device.sendEvent(new Message("x".repeat(600)))).rejects.toMatchObject({
    name: "IotHubQuotaExceededError",
  });
  await device.sendEvent(new Message("x"));
  const refused = await hub.send({
    method: "POST",
    path: "/devices/d/messages/events?api-version=2021-04-12",
    headers: { authorization: hub.token() },
    body: "x",
  });
  expect([refused.status, refused.headers["iothub-errorcode"]]).toEqual([403, "IotHubQuotaExceeded"]);
  model.clock.advance(12 * 3600_000);
  await device.sendEvent(new Message("x"));
});

test("a basic hub has no twins", async () => {
  await using hub = await startLocalHub({ tier: "B1" });
  await hub.registry().create({ deviceId: "d" });
  const answer = await hub.send({
    path: "/twins/d?api-version=2021-04-12",
    headers: { authorization: hub.token() },
  });
  expect([answer.status, answer.headers["iothub-errorcode"]]).toEqual([403, "OperationNotAvailableInCurrentTier"]);
});

test("a free hub holds five hundred devices", async () => {
  await using hub = await startLocalHub({ tier: "F1" });
  const { registry } = hub.emulator.hub;
  for (let i = 0; i < 500; i++) await registry.create(`d${i}`, {});
  await expect(hub.registry().create({ deviceId: "one-more" })).rejects.toMatchObject({
    responseBody: /TooManyDevices/,
  });
});
