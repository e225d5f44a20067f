/** The faults that the vendors' end-to-end tests ask for, seen by Microsoft's device client and by rhea. */
import { BATCH_MESSAGE_FORMAT } from "iot-hub-protocol";
import { type Client, Message } from "azure-iot-device";
import rhea from "rhea";
import { expect, test } from "vitest";
import { AmqpClients } from "../../testing/amqp-clients.ts";
import { startLocalHub } from "../../testing/local-hub.ts";
import { linkEnd, sendAll, startTestBed } from "../test-bed.ts";

function fault(type: string, { delay = 0, duration = 0 } = {}): Record<string, string> {
  return {
    AzIoTHub_FaultOperationType: type,
    AzIoTHub_FaultOperationCloseReason: "byTest",
    AzIoTHub_FaultOperationDelayInSecs: String(delay),
    AzIoTHub_FaultOperationDurationInSecs: String(duration),
  };
}

function faultMessage(type: string, times: { delay?: number; duration?: number } = {}): Message {
  const message = new Message("");
  for (const [name, value] of Object.entries(fault(type, times))) message.properties.add(name, value);
  return message;
}

test.each([
  "KillTcp",
  "KillAmqpConnection",
  "KillAmqpSession",
  "KillAmqpCBSLinkReq",
  "KillAmqpCBSLinkResp",
  "KillAmqpD2CLink",
  "KillAmqpC2DLink",
  "KillAmqpTwinLinkReq",
  "KillAmqpTwinLinkResp",
  "KillAmqpMethodReqLink",
  "KillAmqpMethodRespLink",
  "ShutDownAmqp",
])("after %s the client comes back by itself, with all that it listened to", async (type) => {
  await using hub = await startLocalHub();
  await using clients = new AmqpClients(hub);
  const { registry, methods, deviceQueues, twins } = hub.emulator.hub;
  await registry.create("d", {});
  const device: Client = await clients.device("d");
  const messages: Message[] = [];
  const changes: unknown[] = [];
  device.on("message", (message: Message) => {
    messages.push(message);
    device.complete(message).catch(() => undefined);
  });
  device.onDeviceMethod("ping", (_, response) => void response.send(200).catch(() => undefined));
  const twin = (await device.getTwin()) as unknown as NodeJS.EventEmitter;
  twin.on("properties.desired", (change: unknown) => changes.push(change));
  await device.sendEvent(new Message("before"));
  await device.sendEvent(faultMessage(type));
  await device.sendEvent(new Message("after")).catch(() => device.sendEvent(new Message("after")));
  const call = { methodName: "ping", payload: null, responseTimeoutMs: 5_000, connectTimeoutMs: 5_000 };
  await expect.poll(() => methods.invoke({ deviceId: "d" }, call)).toMatchObject({ status: 200 });
  await deviceQueues.enqueue("d", { body: Buffer.from("x"), messageId: "1", properties: new Map() });
  await expect.poll(() => messages.length).toBeGreaterThan(0);
  await expect
    .poll(async () => {
      await twins.patch("d", { desired: { n: changes.length } });
      return changes.length;
    })
    .toBeGreaterThan(1);
});

test.each([
  ["Throttle", "com.microsoft:device-container-throttled"],
  ["QuotaExceeded", "amqp:resource-limit-exceeded"],
  ["Auth", "amqp:unauthorized-access"],
])("%s begins after its delay, refuses for its duration, and is over", async (type, condition) => {
  const bed = await startTestBed({ devices: ["d"] });
  try {
    const client = bed.connect();
    await client.putToken(bed.policyToken("device"));
    const sender = await client.openSender("/devices/d/messages/events");
    const asking = { application_properties: fault(type, { delay: 2, duration: 10 }), body: "" };
    expect(await sendAll(sender, [asking, { body: "still" }])).toEqual(["accepted", "accepted"]);
    bed.hub.clock.advance(2_000);
    expect(await sendAll(sender, [{ body: "no" }])).toMatchObject([{ condition }]);
    bed.hub.clock.advance(10_000);
    expect(await sendAll(sender, [{ body: "again" }])).toEqual(["accepted"]);
  } finally {
    await bed.stop();
  }
});

test("a fault asked for on a batch acts on the link of the device alone", async () => {
  const bed = await startTestBed({ devices: ["d", "e"] });
  try {
    const client = bed.connect();
    await client.putToken(bed.policyToken("device"));
    const [d, e] = await Promise.all(["d", "e"].map((id) => client.openSender(`/devices/${id}/messages/events`)));
    const inner = rhea.message.encode({ body: rhea.message.data_section(Buffer.from("x")) });
    const batch = rhea.message.encode({
      application_properties: fault("KillAmqpD2CLink"),
      body: rhea.message.data_section(inner),
    });
    const ended = linkEnd(d as never);
    (d as { send(payload: Buffer, tag: undefined, format: number): unknown }).send(
      batch,
      undefined,
      BATCH_MESSAGE_FORMAT,
    );
    expect(await ended).toMatchObject({
      condition: "amqp:link:detach-forced",
      description: expect.stringContaining("byTest"),
    });
    expect(await sendAll(e as never, [{ body: "unharmed" }])).toEqual(["accepted"]);
  } finally {
    await bed.stop();
  }
});
