import { on } from "node:events";
import { Message } from "azure-iot-device";
import type { Message as DeviceMessage } from "azure-iot-common";
import { expect, test } from "vitest";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";

const VERSION = "?api-version=2021-04-12";

/** Queues a message as the AMQP front will, and tells of its id. */
async function queue(hub: LocalHub, messageId: string, rest: object = {}): Promise<void> {
  await hub.emulator.hub.deviceQueues.enqueue("d", {
    body: Buffer.from(`body of ${messageId}`),
    properties: new Map(),
    messageId,
    ...rest,
  });
}

/** The records of all feedback that a service can get. */
async function feedback(hub: LocalHub): Promise<readonly { statusCode: string; originalMessageId: string }[]> {
  const headers = { authorization: hub.token("service") };
  const answer = await hub.send({ path: `/messages/serviceBound/feedback${VERSION}`, headers });
  if (answer.status === 204) return [];
  expect(answer.headers["content-type"]).toBe("application/vnd.microsoft.iothub.feedback.json");
  const lock = JSON.parse(answer.headers.etag ?? "") as string;
  const path = `/messages/serviceBound/feedback/${lock}${VERSION}`;
  expect((await hub.send({ method: "DELETE", path, headers })).status).toBe(204);
  return JSON.parse(answer.text) as { statusCode: string; originalMessageId: string }[];
}

/** Hands out, in their order, the messages that the vendor's client gets by polling. */
function inbox(client: ReturnType<LocalHub["device"]>): () => Promise<DeviceMessage> {
  const messages = on(client, "message");
  return async () => ((await messages.next()).value as [DeviceMessage])[0];
}

test("the device SDK polls, completes, rejects and abandons, and the sender hears of it", async () => {
  await using hub = await startLocalHub();
  await hub.emulator.hub.registry.create("d", {});
  const client = hub.device("d", 0.02);
  const expiry = Date.now() + 3_600_000;
  const rest = { correlationId: "c", absoluteExpiryTime: expiry, properties: new Map([["Level", "high ü"]]) };
  await queue(hub, "kept", { ack: "full", ...rest });
  const received = inbox(client);
  try {
    const first = await received();
    expect(first).toBeInstanceOf(Message);
    expect(first).toMatchObject({
      messageId: "kept",
      correlationId: "c",
      to: "/devices/d/messages/devicebound",
      expiryTimeUtc: new Date(expiry).toISOString(),
    });
    expect(String(first.data)).toBe("body of kept");
    expect(first.properties.getValue("iothub-app-level")).toBe("high %C3%BC");
    await client.abandon(first);
    const again = await received();
    expect(again.messageId).toBe("kept");
    await client.complete(again);
    await expect(client.complete(again)).rejects.toBeInstanceOf(Error);
    // One at a time: the client polls by the clock, and two polls at once would bring the next message first.
    await queue(hub, "refused", { ack: "negative" });
    await client.reject(await received());
    await queue(hub, "unheard", { ack: "none" });
    await client.complete(await received());
  } finally {
    await client.close();
  }
  expect(await feedback(hub)).toEqual([]);
  hub.emulator.hub.clock.advance(15_000);
  const { generationId } = hub.emulator.hub.registry.get("d");
  expect(await feedback(hub)).toEqual([
    {
      originalMessageId: "kept",
      enqueuedTimeUtc: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      statusCode: "Success",
      description: "Success",
      deviceId: "d",
      deviceGenerationId: generationId,
    },
    expect.objectContaining({ originalMessageId: "refused", statusCode: "Rejected" }),
  ]);
  expect(await feedback(hub)).toEqual([]);
});

test("a message comes with all that a client reads, and text that HTTP cannot carry is percent-encoded", async () => {
  await using hub = await startLocalHub();
  await hub.emulator.hub.registry.create("d", {});
  const headers = { authorization: hub.token("device"), "IotHub-MessageLockTimeout": "5" };
  const path = `/devices/d/messages/deviceBound${VERSION}`;
  expect(await hub.send({ path, headers })).toMatchObject({ status: 204, text: "" });
  await queue(hub, "m\r\nX-Forged: 1", {
    userId: "u",
    ack: "positive",
    contentType: "text/plain",
    contentEncoding: "utf-8",
    properties: new Map([["a key (\ud800)", "1"]]),
  });
  const answer = await hub.send({ path, headers });
  expect(answer).toMatchObject({
    status: 200,
    text: "body of m\r\nX-Forged: 1",
    headers: {
      etag: expect.stringMatching(/^"[0-9a-f-]{36}"$/) as string,
      "iothub-messageid": "m%0D%0AX-Forged: 1",
      "iothub-userid": "u",
      "iothub-ack": "positive",
      "iothub-to": "/devices/d/messages/devicebound",
      "iothub-sequencenumber": "1",
      "iothub-deliverycount": "0",
      "iothub-app-a%20key%20%28%ef%bf%bd%29": "1",
      contenttype: "text/plain",
      contentencoding: "utf-8",
    },
  });
  // The lock was asked for by the header; when it runs out, the message comes again and the delivery counts.
  hub.emulator.hub.clock.advance(4_000);
  expect((await hub.send({ path, headers })).status).toBe(204);
  hub.emulator.hub.clock.advance(2_000);
  const lost = await hub.send({
    method: "DELETE",
    path: `/devices/d/messages/deviceBound/${JSON.parse(answer.headers.etag ?? "") as string}${VERSION}`,
    headers,
  });
  expect([lost.status, lost.headers["iothub-errorcode"]]).toEqual([412, "DeviceMessageLockLost"]);
  const again = await hub.send({ path, headers });
  expect(again.headers["iothub-deliverycount"]).toBe("1");
  const wrong = await hub.send({ path, headers: { ...headers, "IotHub-MessageLockTimeout": "soon" } });
  expect(wrong.status).toBe(400);
});

test("a service purges a queue, and hears of what was in it; a device's key cannot", async () => {
  await using hub = await startLocalHub();
  await hub.emulator.hub.registry.create("d", {});
  for (const id of ["one", "two", "three"]) await queue(hub, id, { ack: id === "two" ? "positive" : "negative" });
  hub.emulator.hub.deviceQueues.receive("d");
  const purge = (policy: string, deviceId = "d"): ReturnType<LocalHub["send"]> =>
    hub.send({
      method: "DELETE",
      path: `/devices/${deviceId}/commands${VERSION}`,
      headers: { authorization: hub.token(policy) },
    });
  expect((await purge("device")).status).toBe(401);
  const answer = await purge("service");
  expect([answer.status, JSON.parse(answer.text)]).toEqual([
    200,
    { totalMessagesPurged: 3, deviceId: "d", moduleId: null },
  ]);
  expect(JSON.parse((await purge("service")).text)).toMatchObject({ totalMessagesPurged: 0 });
  expect((await purge("service", "nobody")).status).toBe(404);
  hub.emulator.hub.clock.advance(15_000);
  expect((await feedback(hub)).map(({ statusCode, originalMessageId }) => [statusCode, originalMessageId])).toEqual([
    ["Purged", "one"],
    ["Purged", "three"],
  ]);
});
