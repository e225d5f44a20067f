import { expect, test } from "vitest";
import { createHubs } from "./hubs.ts";
import { startAmqpStandIn } from "./testing/amqp-stand-in.ts";
import { makeTestCertificate } from "./testing/certificate.ts";

test("a message arrives with its properties", async () => {
  const certificate = makeTestCertificate();
  const hub = await startAmqpStandIn(certificate);
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const hubs = createHubs({
    endpointOf: () => ({
      hostName: "localhost",
      httpsPort: 0,
      amqpsPort: hub.port,
      ca: certificate.ca,
      allowPrivate: true,
    }),
    now: Date.now,
    log,
  });
  const client = hubs.open({ id: "c", hostName: "local", policyName: "iothubowner", policyKey: "a2V5" });
  const outcome = await client.send("d1", {
    messageId: "m1",
    body: Buffer.from('{"data":"ü"}'),
    contentType: "application/json",
    contentEncoding: "utf-8",
    creationTime: 1_700_000_000_123,
    properties: { event: "temp", seq: "1" },
  });
  expect(outcome).toEqual({ kind: "delivered" });
  const received = hub.messages[0]!;
  expect(received.deviceId).toBe("d1");
  expect(received.message).toMatchObject({
    message_id: "m1",
    content_type: "application/json",
    content_encoding: "utf-8",
    application_properties: { event: "temp", seq: "1" },
  });
  expect(received.message["creation_time"]?.getTime()).toBe(1_700_000_000_123);
  expect(received.message["body"].content.toString()).toBe('{"data":"ü"}');
  await client.close();
  await hub.close();
});
