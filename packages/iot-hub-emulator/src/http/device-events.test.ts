import { message as amqp } from "rhea";
import { Message } from "azure-iot-device";
import { SharedAccessSignature } from "azure-iothub";
import { expect, test } from "vitest";
import type { StoredEvent } from "../hub/events/event-stream.ts";
import { startLocalHub } from "../testing/local-hub.ts";

const VERSION = "?api-version=2021-04-12";
const BATCH = "application/vnd.microsoft.iothub.json";

/** A stored event as another AMQP implementation reads it. */
function decoded(event: StoredEvent | undefined): Record<string, unknown> {
  if (event === undefined) throw new Error("no event");
  const { body, ...rest } = amqp.decode(event.message) as unknown as { body: { content: Buffer } };
  return { ...rest, body: body.content.toString() };
}

test("the device SDK's message arrives with its properties and the hub's stamps", async () => {
  await using hub = await startLocalHub();
  const identity = await hub.emulator.hub.registry.create("d#1", {});
  const message = new Message('{"t":20}');
  message.messageId = "m-1";
  message.contentType = "application/json";
  message.contentEncoding = "utf-8";
  message.properties.add("Level", "high");
  await hub.device("d#1").sendEvent(message);
  const [event] = await hub.events("d#1");
  expect(decoded(event)).toMatchObject({
    body: '{"t":20}',
    message_id: "m-1",
    content_type: "application/json",
    content_encoding: "utf-8",
    application_properties: { Level: "high" },
    message_annotations: {
      "iothub-connection-device-id": "d#1",
      "iothub-connection-auth-generation-id": identity.generationId,
      "iothub-message-source": "Telemetry",
      "x-opt-sequence-number": 0,
      "x-opt-partition-key": "d#1",
    },
  });
  const annotations = decoded(event)["message_annotations"] as Record<string, string>;
  expect(JSON.parse(annotations["iothub-connection-auth-method"] ?? "")).toMatchObject({
    scope: "device",
    type: "sas",
  });
});

test("the device SDK's batch arrives as single messages in order", async () => {
  await using hub = await startLocalHub();
  await hub.emulator.hub.registry.create("d", {});
  const messages = ["one", "two", "three"].map((text) => new Message(text));
  messages[1]?.properties.add("k", "v");
  await hub.device("d").sendEventBatch(messages);
  const events = (await hub.events("d")).map(decoded);
  expect(events.map(({ body }) => body)).toEqual(["one", "two", "three"]);
  expect(events[1]).toMatchObject({ application_properties: { k: "v" } });
});

test("a batch item may carry system properties, plain text and inherited names", async () => {
  await using hub = await startLocalHub();
  await hub.emulator.hub.registry.create("d", {});
  const body = JSON.stringify([
    {
      body: "plain",
      base64Encoded: false,
      properties: { "IoTHub-MessageId": "m", "iothub-app-constructor": "c", constructor: 1 },
    },
  ]);
  const headers = { authorization: hub.token("device"), "content-type": BATCH };
  const answer = await hub.send({ method: "POST", path: `/devices/d/messages/events${VERSION}`, headers, body });
  expect(answer.status).toBe(204);
  expect(decoded((await hub.events("d"))[0])).toMatchObject({
    body: "plain",
    message_id: "m",
    application_properties: { constructor: "c" },
  });
});

test("a policy with DeviceConnect speaks for any device, also with a token for that device alone", async () => {
  await using hub = await startLocalHub();
  for (const id of ["a", "ab"]) await hub.emulator.hub.registry.create(id, {});
  const post = (id: string, authorization: string): ReturnType<typeof hub.send> =>
    hub.send({
      method: "POST",
      path: `/devices/${id}/messages/events${VERSION}`,
      headers: { authorization },
      body: "x",
    });
  expect((await post("a", hub.token("device"))).status).toBe(204);
  expect((await post("a", hub.token("device", "localhost/devices"))).status).toBe(204);
  expect((await post("a", hub.token("device", "localhost/devices/a"))).status).toBe(204);
  expect((await post("ab", hub.token("device", "localhost/devices/a"))).status).toBe(401);
  expect((await post("a", hub.token("service"))).status).toBe(401);
  expect((await post("none", hub.token("device"))).status).toBe(404);
  const method = decoded((await hub.events("a"))[0])["message_annotations"] as Record<string, string>;
  expect(JSON.parse(method["iothub-connection-auth-method"] ?? "")).toMatchObject({ scope: "hub" });
});

test("a device's key is for that device, while it is enabled, by either key", async () => {
  await using hub = await startLocalHub();
  const { registry } = hub.emulator.hub;
  const { authentication } = await registry.create("a", {});
  await registry.create("b", {});
  const own = (key: string | null): string => {
    // The vendor's tokens of a device name no policy.
    const token = SharedAccessSignature.create("localhost/devices/a", "x", key ?? "", 4_102_444_800);
    token.skn = "";
    return token.toString();
  };
  const post = (id: string, key: string | null): ReturnType<typeof hub.send> =>
    hub.send({
      method: "POST",
      path: `/devices/${id}/messages/events${VERSION}`,
      headers: { authorization: own(key) },
      body: "x",
    });
  expect((await post("a", authentication.symmetricKey.primaryKey)).status).toBe(204);
  expect((await post("a", authentication.symmetricKey.secondaryKey)).status).toBe(204);
  expect((await post("b", authentication.symmetricKey.primaryKey)).status).toBe(401);
  expect((await post("a", Buffer.alloc(32).toString("base64"))).status).toBe(401);
  await registry.update("a", { status: "disabled" });
  const refused = await post("a", authentication.symmetricKey.primaryKey);
  expect([refused.status, refused.headers["iothub-errorcode"]]).toEqual([403, "DeviceDisabled"]);
  await registry.delete("a");
  expect((await post("a", authentication.symmetricKey.primaryKey)).status).toBe(401);
});

test.each([
  ["a message of 256 KB and one byte", {}, Buffer.alloc(262_145), 413],
  ["a batch that is no JSON", { "content-type": BATCH }, "[{", 400],
  ["a batch that is no array", { "content-type": BATCH }, "{}", 400],
  ["an empty batch", { "content-type": BATCH }, "[]", 400],
  ["a body that is no base64", { "content-type": BATCH }, '[{"body":"*"}]', 400],
  ["a property that is no string", { "content-type": BATCH }, '[{"body":"","properties":{"iothub-app-a":1}}]', 400],
  ["an expiry that is no date", { "iothub-expiry": "soon" }, "x", 400],
  ["a message id of 129 characters", { "iothub-messageid": "m".repeat(129) }, "x", 400],
])("%s is refused, and nothing of it is kept", async (_, headers, body, status) => {
  await using hub = await startLocalHub();
  await hub.emulator.hub.registry.create("d", {});
  const answer = await hub.send({
    method: "POST",
    path: `/devices/d/messages/events${VERSION}`,
    headers: { authorization: hub.token("device"), ...headers },
    body,
  });
  expect(answer.status).toBe(status);
  expect(await hub.events("d")).toEqual([]);
});
