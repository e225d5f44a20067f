/** Cloud-to-device messages through the Local Hub to the vendor's device clients. */
import type { Message } from "azure-iot-device";
import { expect, onTestFinished, test } from "vitest";
import { startAmqpStandIn } from "../testing/amqp-stand-in.ts";
import type { AmqpBehaviour } from "../testing/amqp-stand-in.ts";
import { makeTestCertificate } from "../testing/certificate.ts";
import { CONNECTION, SILENT_LOG } from "../testing/hub-under-test.ts";
import { startTwinsUnderTest, valueOf } from "../testing/twins-under-test.ts";
import type { CloudToDeviceMessage, TwinHub } from "../../core/twin-hub.ts";
import { createTwinHubs } from "./twin-hubs.ts";

const failed = (code: string): object => ({ ok: false, failure: expect.objectContaining({ code }) as object });
const SENT = { ok: true, value: null };

function messageOf(state: object, messageId = "m1"): CloudToDeviceMessage {
  return { messageId, body: Buffer.from(JSON.stringify(state)), expiresAt: Date.now() + 60_000 };
}

async function connectionStringOf(hub: TwinHub, deviceId: string): Promise<string> {
  const made = valueOf(await hub.createDevice(deviceId));
  if (made === "exists") throw new Error("It exists.");
  return made.connectionString;
}

test.each(["mqtt", "amqp"] as const)("a device hears of a state over %s", async (protocol) => {
  const { hub, device } = await startTwinsUnderTest();
  const client = await device(await connectionStringOf(hub, "lamp(1)%"), protocol);
  const heard: Message[] = [];
  client.on("message", (message: Message) => {
    heard.push(message);
    void client.complete(message);
  });
  expect(await hub.sendToDevice("lamp(1)%", messageOf({ on: true }))).toEqual(SENT);
  await expect.poll(() => heard.length).toBe(1);
  expect(String(heard[0]?.data)).toBe('{"on":true}');
  expect(heard[0]).toMatchObject({ messageId: "m1" });
});

test("messages wait in the hub for a device that is away, in their order, until fifty do", async () => {
  const { hub, device } = await startTwinsUnderTest();
  const connectionString = await connectionStringOf(hub, "d");
  const results = [];
  for (let n = 0; n < 51; n++) results.push(await hub.sendToDevice("d", messageOf({ n }, `m${n}`)));
  expect(results.slice(0, 50)).toEqual(Array.from({ length: 50 }, () => SENT));
  expect(results[50]).toEqual(failed("message_queue_full"));
  const heard: string[] = [];
  const client = await device(connectionString);
  client.on("message", (message: Message) => {
    heard.push(String(message.messageId));
    void client.complete(message);
  });
  await expect.poll(() => heard.length).toBe(50);
  expect(heard).toEqual(Array.from({ length: 50 }, (_, n) => `m${n}`));
});

test("a message to nobody is refused, and the next one gets through on the same link", async () => {
  const { hub } = await startTwinsUnderTest();
  valueOf(await hub.createDevice("d"));
  const [nobody, somebody] = await Promise.all([
    hub.sendToDevice("nobody", messageOf({})),
    hub.sendToDevice("d", messageOf({})),
  ]);
  expect(nobody).toEqual(failed("identity_missing"));
  expect(somebody).toEqual(SENT);
  expect(await hub.sendToDevice("no id", messageOf({}))).toEqual(failed("device_id_refused"));
  expect(await hub.sendToDevice("d", messageOf({ long: "x".repeat(66_000) }))).toEqual(failed("message_too_large"));
});

test("a policy that may not, a wrong key, and the other key", async () => {
  const { hub, emulator } = await startTwinsUnderTest({ policyName: "registryReadWrite" });
  await emulator.hub.registry.create("d", {});
  expect(await hub.sendToDevice("d", messageOf({}))).toEqual(failed("permission_missing"));
  const policyKey = Buffer.alloc(32, 9).toString("base64");
  const { hub: locked } = await startTwinsUnderTest({ connection: { policyKey, secondaryKey: null } });
  expect(await locked.sendToDevice("d", messageOf({}))).toEqual(failed("key_refused"));
  const { hub: second } = await startTwinsUnderTest({ connection: { policyKey } });
  valueOf(await second.createDevice("d"));
  expect(await second.sendToDevice("d", messageOf({}))).toEqual(SENT);
});

test("after a cut the outcome is unknown, and the next message goes over a new connection", async () => {
  const { hub, emulator } = await startTwinsUnderTest();
  valueOf(await hub.createDevice("d"));
  expect(await hub.sendToDevice("d", messageOf({}))).toEqual(SENT);
  emulator.faults.add({ where: { point: "transfer" }, effect: { kind: "drop" }, times: 1 });
  expect(await hub.sendToDevice("d", messageOf({}))).toEqual(failed("hub_unreachable"));
  expect(await hub.sendToDevice("d", messageOf({}))).toEqual(SENT);
});

async function startStandIn(behaviour: AmqpBehaviour): Promise<TwinHub> {
  const certificate = makeTestCertificate();
  const standIn = await startAmqpStandIn(certificate, behaviour);
  const endpoint = {
    hostName: "localhost",
    httpsPort: 9,
    amqpsPort: standIn.port,
    ca: certificate.ca,
    allowPrivate: true,
  };
  const hub = createTwinHubs({ endpointOf: () => endpoint, now: Date.now, log: SILENT_LOG }).openTwins(CONNECTION);
  onTestFinished(async () => {
    await hub.close();
    await standIn.close();
  });
  return hub;
}

test.each([
  ["amqp:not-found", "identity_missing"],
  ["amqp:resource-limit-exceeded", "message_queue_full"],
  ["com.microsoft:quota-exceeded", "quota_exceeded"],
  ["com.microsoft:device-container-throttled", "message_throttled"],
  ["com.microsoft:timeout", "outcome_unknown"],
  ["com.microsoft:argument-error", "message_refused"],
])("a message rejected with %s means %s", async (condition, code) => {
  const hub = await startStandIn({ message: ({ delivery }) => delivery.reject({ condition }) });
  expect(await hub.sendToDevice("d", messageOf({}))).toEqual(failed(code));
});
