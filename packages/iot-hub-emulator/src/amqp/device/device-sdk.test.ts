/** Microsoft's AMQP device client against the whole Local Hub over TLS. */
import { EventHubConsumerClient, earliestEventPosition, type ReceivedEventData } from "@azure/event-hubs";
import { Client, Message } from "azure-iot-device";
import { Amqp } from "azure-iot-device-amqp";
import { formatDeviceConnectionString } from "iot-hub-protocol";
import { expect, test } from "vitest";
import { createEmulator } from "../../emulator.ts";

test("a device sends through Microsoft's client and its messages are read with Microsoft's client", async () => {
  const emulator = createEmulator({ ports: { https: 0, amqps: 0, amqp: 0 } });
  const addresses = await emulator.start();
  const primaryKey = Buffer.alloc(32, 7).toString("base64");
  try {
    await emulator.hub.registry.create("sdk-device", {
      authentication: { type: "sas", primaryKey },
    });
    const connectionString = formatDeviceConnectionString({
      hostName: `localhost:${addresses.amqpsPort}`,
      deviceId: "sdk-device",
      sharedAccessKey: primaryKey,
    });
    const device = Client.fromConnectionString(connectionString, Amqp);
    await device.setOptions({ ca: addresses.ca });
    await device.open();
    const id = "f81d4fae-7dec-41d0-a765-00a0c91e6bf6";
    for (const reading of [1, 2, 3]) {
      const message = new Message(JSON.stringify({ reading }));
      message.messageId = id;
      message.contentType = "application/json";
      message.contentEncoding = "utf-8";
      message.properties.add("unit", "°C");
      await device.sendEvent(message);
    }
    const tooLarge = device.sendEvent(new Message(Buffer.alloc(270_000)));
    await expect(tooLarge).rejects.toMatchObject({ name: "MessageTooLargeError" });
    await device.close();

    const reader = new EventHubConsumerClient("$Default", addresses.plainEventHubConnectionString);
    const events = await new Promise<ReceivedEventData[]>((resolve, reject) => {
      const received: ReceivedEventData[] = [];
      reader.subscribe(
        {
          processEvents: async (batch) => void (received.push(...batch) === 3 && resolve(received)),
          processError: async (error) => reject(error),
        },
        { startPosition: earliestEventPosition, maxBatchSize: 10 },
      );
    });
    await reader.close();
    expect(events.map(({ body }) => body as unknown)).toEqual([{ reading: 1 }, { reading: 2 }, { reading: 3 }]);
    expect(events[0]).toMatchObject({
      messageId: id,
      properties: { unit: "°C" },
      systemProperties: {
        "iothub-connection-device-id": "sdk-device",
        "iothub-connection-auth-method": expect.stringContaining('"scope":"device"'),
      },
    });
  } finally {
    await emulator.stop();
  }
});

test("a device with a wrong key is not let in", async () => {
  const emulator = createEmulator({ ports: { https: 0, amqps: 0, amqp: 0 } });
  const addresses = await emulator.start();
  try {
    await emulator.hub.registry.create("sdk-device", {});
    const connectionString = formatDeviceConnectionString({
      hostName: `localhost:${addresses.amqpsPort}`,
      deviceId: "sdk-device",
      sharedAccessKey: Buffer.alloc(32, 1).toString("base64"),
    });
    const device = Client.fromConnectionString(connectionString, Amqp);
    await device.setOptions({ ca: addresses.ca });
    await expect(device.open()).rejects.toMatchObject({ name: "UnauthorizedError" });
    await device.close();
  } finally {
    await emulator.stop();
  }
});
