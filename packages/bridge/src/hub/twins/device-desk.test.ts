/** What a person does with a device in the Local Hub, seen by the vendor's registry and device clients. */
import { get } from "node:https";
import type { Message } from "azure-iot-device";
import { parseSharedAccessSignature, verifySignature } from "iot-hub-protocol";
import { expect, test } from "vitest";
import type { DeviceHub } from "../../core/device-desk.ts";
import type { HubEndpoint } from "../../core/hub-client.ts";
import type { HubDeviceWithKeys } from "../../core/twin-hub.ts";
import { startTwinsUnderTest, valueOf } from "../testing/twins-under-test.ts";

const failed = (code: string): object => ({ ok: false, failure: expect.objectContaining({ code }) as object });
const CALL = { name: "reboot", payload: { delay: 3 }, responseTimeout: 5, connectTimeout: 0 };

async function made(hub: DeviceHub, deviceId: string): Promise<HubDeviceWithKeys> {
  const device = valueOf(await hub.createDevice(deviceId));
  if (device === "exists") throw new Error("It exists.");
  return device;
}

test("an identity is shown as the hub keeps it, without its keys", async () => {
  const { hub, registry } = await startTwinsUnderTest();
  const device = await made(hub, "d");
  await registry.update({ deviceId: "d", status: "disabled", statusReason: "on the bench" });
  const identity = valueOf(await hub.identity("d"));
  expect(identity).toMatchObject({
    deviceId: "d",
    generationId: device.generationId,
    status: "disabled",
    statusReason: "on the bench",
    authentication: "sas",
    waitingMessages: 0,
    isEdge: false,
  });
  expect(JSON.stringify(identity)).not.toContain("Key");
  expect(await hub.identity("nobody")).toEqual({ ok: true, value: null });
});

test("keys are shown, change places and are renewed one by one", async () => {
  const { hub, registry } = await startTwinsUnderTest();
  const before = await made(hub, "d");
  expect(valueOf(await hub.keys("d"))).toMatchObject({
    primaryKey: before.primaryKey,
    connectionString: before.connectionString,
  });
  const swapped = valueOf(await hub.swapKeys("d"));
  expect(swapped).toMatchObject({ primaryKey: before.secondaryKey, secondaryKey: before.primaryKey });
  const { authentication } = (await registry.get("d")).responseBody;
  expect(authentication?.symmetricKey?.primaryKey).toBe(before.secondaryKey);
  expect(await hub.keys("nobody")).toEqual({ ok: true, value: null });
});

/** What the hub answers a device that asks over HTTPS for a message. */
function received({ httpsPort, ca }: HubEndpoint, authorization: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const path = "/devices/d/messages/devicebound?api-version=2021-04-12";
    get({ host: "localhost", port: httpsPort, path, ca, headers: { authorization } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).on("error", reject);
  });
}

test("a token stands for the device until it ends", async () => {
  const { hub, endpoint } = await startTwinsUnderTest();
  const { secondaryKey } = await made(hub, "d");
  const expiry = Math.floor(Date.now() / 1_000) + 600;
  const token = valueOf(await hub.deviceToken("d", "secondary", expiry)) ?? "";
  const parsed = parseSharedAccessSignature(token)!;
  expect(parsed).toMatchObject({ resource: `${endpoint.hostName}/devices/d`, expiry });
  expect(verifySignature(parsed, secondaryKey)).toBe(true);
  expect(await received(endpoint, token)).toBe(204);
  expect(await received(endpoint, token.replace(/sig=[^&]+/, "sig=AAAA"))).toBe(401);
});

test("tags and desired properties are written together, and only over what was read", async () => {
  const { hub, registry } = await startTwinsUnderTest();
  await made(hub, "d");
  const { etag } = valueOf(await hub.wholeTwin("d"))!;
  const written = valueOf(await hub.patchTwin("d", { tags: { site: "north" }, desired: { lamp: { on: true } } }, etag));
  expect(written).toMatchObject({
    tags: { site: "north" },
    desired: { properties: { lamp: { on: true } }, version: 2 },
  });
  expect(await hub.patchTwin("d", { desired: { lamp: null } }, etag)).toEqual({ ok: true, value: "changed" });
  const twin = (await registry.getTwin("d")).responseBody;
  expect(twin.tags).toEqual({ site: "north" });
  expect(twin.properties.desired).toMatchObject({ lamp: { on: true } });
  expect(await hub.patchTwin("nobody", { tags: {} }, null)).toEqual({ ok: true, value: null });
  expect(await hub.patchTwin("d", { desired: { a: [null] } as never }, null)).toEqual(failed("twin_refused"));
});

test("a method is answered by the device with a number and a payload", async () => {
  const { hub, device } = await startTwinsUnderTest();
  const client = await device((await made(hub, "d")).connectionString);
  client.onDeviceMethod("reboot", (request, response) => {
    void response.send(202, { heard: request.payload as object });
  });
  await expect
    .poll(() => hub.invokeMethod("d", CALL))
    .toEqual({ ok: true, value: { status: 202, payload: { heard: { delay: 3 } } } });
});

test("a method to a device that is away, does not answer or is not there", async () => {
  const { hub, device } = await startTwinsUnderTest();
  const { connectionString } = await made(hub, "d");
  expect(await hub.invokeMethod("d", CALL)).toEqual(failed("device_not_online"));
  expect(await hub.invokeMethod("nobody", CALL)).toEqual({ ok: true, value: null });
  expect(await hub.invokeMethod("d", { ...CALL, name: "" })).toEqual(failed("method_refused"));
  const client = await device(connectionString);
  client.onDeviceMethod("reboot", () => undefined);
  await expect.poll(() => hub.invokeMethod("d", CALL)).toEqual(failed("method_unanswered"));
});

test("a message brings its properties, and what waits can be thrown away", async () => {
  const { hub, device } = await startTwinsUnderTest();
  const { connectionString } = await made(hub, "d");
  const message = {
    messageId: "m1",
    body: Buffer.from("hello"),
    expiresAt: Date.now() + 60_000,
    contentType: "text/plain",
    correlationId: "c1",
    ack: "full" as const,
    properties: { colour: "red" },
  };
  valueOf(await hub.sendToDevice("d", message));
  expect(valueOf(await hub.identity("d"))?.waitingMessages).toBe(1);
  expect(await hub.purgeMessages("d")).toEqual({ ok: true, value: 1 });
  expect(await hub.purgeMessages("nobody")).toEqual({ ok: true, value: null });
  valueOf(await hub.sendToDevice("d", { ...message, messageId: "m2" }));
  const heard: Message[] = [];
  const client = await device(connectionString);
  client.on("message", (received: Message) => {
    heard.push(received);
    void client.complete(received);
  });
  await expect.poll(() => heard.length).toBe(1);
  expect(heard[0]).toMatchObject({ messageId: "m2", correlationId: "c1" });
  expect(heard[0]?.properties.getValue("iothub-ack")).toBe("full");
  expect(String(heard[0]?.data)).toBe("hello");
  expect(heard[0]?.properties.getValue("colour")).toBe("red");
});
