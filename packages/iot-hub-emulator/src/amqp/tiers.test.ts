/** What a device over AMQP notices of its hub's tier, by Microsoft's client. */
import { Client, Message } from "azure-iot-device";
import { Amqp } from "azure-iot-device-amqp";
import { expect, test } from "vitest";
import { withEmulator } from "../emulator.ts";
import type { Emulator } from "../emulator.ts";
import type { EmulatorOptions } from "../emulator-options.ts";

const NOON = Date.parse("2026-03-01T12:00:00Z");

async function withDevice(
  options: EmulatorOptions,
  use: (device: Client, emulator: Emulator) => Promise<void>,
): Promise<void> {
  await withEmulator(async (emulator) => {
    await emulator.hub.registry.create("d", {});
    const { hostName, amqpsPort, ca } = emulator.addresses;
    const connectionString = emulator.deviceConnectionString("d").replace(hostName, `${hostName}:${amqpsPort}`);
    const device = Client.fromConnectionString(connectionString, Amqp);
    await device.setOptions({ ca });
    try {
      await use(device, emulator);
    } finally {
      await device.close();
    }
  }, options);
}

test("without messages left for the day it is refused, until midnight", async () => {
  await withDevice({ tier: "F1", now: () => NOON }, async (device, { hub, clock }) => {
    await device.open();
    await device.sendEvent(new Message("before"));
    void hub.limits.spend("telemetry", { messages: 7999 });
    device.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 } as never);
    await expect(device.sendEvent(new Message("over"))).rejects.toMatchObject({ name: "IotHubQuotaExceededError" });
    clock.advance(12 * 3600_000);
    expect(hub.limits.state().quota).toMatchObject({ used: 0 });
  });
});

test("faster than the hub's rate it is slowed down, and throttled when the line is long", async () => {
  await withDevice({ tier: "S1", now: () => NOON }, async (device, { hub, clock }) => {
    await device.open();
    const telemetry = (): unknown => hub.limits.state().throttles.find(({ operation }) => operation === "telemetry");
    void hub.limits.spend("telemetry", { count: 100 });
    const slow = device.sendEvent(new Message("waits"));
    await expect.poll(telemetry).toMatchObject({ waiting: 1 });
    clock.advance(1000);
    await slow;
    void hub.limits.spend("telemetry", { count: 1099 });
    device.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 } as never);
    await expect(device.sendEvent(new Message("too many"))).rejects.toMatchObject({ name: "ThrottlingError" });
  });
});

test("a basic hub has no twin for it", async () => {
  await withDevice({ tier: "B1" }, async (device) => {
    await device.open();
    device.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 } as never);
    await expect(device.getTwin()).rejects.toThrow(/(403|twin)/i);
  });
});
