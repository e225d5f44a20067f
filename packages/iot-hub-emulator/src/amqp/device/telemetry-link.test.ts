/** Device-to-cloud links, with rhea as the peer. */
import { BATCH_MESSAGE_FORMAT } from "iot-hub-protocol";
import rhea, { type Message } from "rhea";
import { expect, test } from "vitest";
import type { Hub } from "../../hub/hub.ts";
import { linkEnd, sendAll, startTestBed } from "../test-bed.ts";

const data = (text: string | Buffer): unknown => rhea.message.data_section(Buffer.from(text as string));

/** Everything in the stream, decoded by rhea, partition by partition. */
async function storedMessages(hub: Hub): Promise<Message[]> {
  const messages: Message[] = [];
  for (const partitionId of hub.events.partitionIds) {
    const events = await hub.events.read(partitionId, 0, 1e9);
    for (const event of events) messages.push(rhea.message.decode(event.message) as unknown as Message);
  }
  return messages;
}

const deviceOf = (message: Message): string => message.message_annotations?.["iothub-connection-device-id"] as string;

test("one policy token carries 990 devices on one connection, each in its own order", async () => {
  const devices = Array.from({ length: 990 }, (_, i) => `device-${i}`);
  const bed = await startTestBed({ devices });
  try {
    const client = bed.connect();
    expect(await client.putToken(bed.policyToken("device"))).toBe(200);
    const senders = await Promise.all(devices.map((id) => client.openSender(`/devices/${id}/messages/events`)));
    // In rounds, because rhea holds no more than 2,048 unsettled deliveries in a session.
    for (const body of ["0", "1", "2"]) {
      const outcomes = await Promise.all(senders.map((sender) => sendAll(sender, [{ body: data(body) }])));
      expect(new Set(outcomes.flat())).toEqual(new Set(["accepted"]));
    }
    const received = new Map<string, string>();
    for (const message of await storedMessages(bed.hub)) {
      const text = (message.body as { content: Buffer }).content.toString();
      received.set(deviceOf(message), (received.get(deviceOf(message)) ?? "") + text);
    }
    expect(received.size).toBe(990);
    expect(new Set(received.values())).toEqual(new Set(["012"]));
    expect(bed.faults).toEqual([]);
  } finally {
    await bed.stop();
  }
});

test("a device sends with its own key, and only as itself", async () => {
  const bed = await startTestBed({ devices: ["a", "b"] });
  try {
    const client = bed.connect();
    expect(await client.putToken(bed.deviceToken("a"), "localhost/devices/a")).toBe(200);
    const sender = await client.openSender("/devices/a/messages/events");
    expect(await sendAll(sender, [{ body: data("x"), content_type: "text/plain" }])).toEqual(["accepted"]);
    await expect(client.openSender("/devices/b/messages/events")).rejects.toMatchObject({
      condition: "amqp:unauthorized-access",
      description: expect.stringContaining("ErrorCode:IotHubUnauthorizedAccess;"),
    });
    const [message] = await storedMessages(bed.hub);
    expect(message?.message_annotations?.["iothub-connection-auth-method"]).toContain('"scope":"device"');
    expect(message?.content_type).toBe("text/plain");
  } finally {
    await bed.stop();
  }
});

test("addresses may be full URLs and ids with special characters", async () => {
  const bed = await startTestBed({ devices: ["a:b+c@d"] });
  try {
    const client = bed.connect();
    await client.putToken(bed.policyToken("iothubowner"));
    for (const address of [
      "amqps://localhost:5671/devices/a:b+c@d/messages/events",
      "/devices/a%3Ab%2Bc%40d/messages/events/",
    ]) {
      expect(await sendAll(await client.openSender(address), [{ body: data("x") }])).toEqual(["accepted"]);
    }
  } finally {
    await bed.stop();
  }
});

test("unknown, disabled and unauthorised devices are refused on their link alone", async () => {
  const bed = await startTestBed({ devices: ["good", "off"] });
  try {
    await bed.hub.registry.update("off", { status: "disabled" });
    const client = bed.connect();
    await expect(client.openSender("/devices/good/messages/events")).rejects.toMatchObject({
      condition: "amqp:unauthorized-access",
    });
    await client.putToken(bed.policyToken("device"));
    const good = await client.openSender("/devices/good/messages/events");
    await expect(client.openSender("/devices/nobody/messages/events")).rejects.toMatchObject({
      condition: "amqp:not-found",
      description: expect.stringMatching(/^ErrorCode:DeviceNotFound;.*\(404001\)$/),
    });
    await expect(client.openSender("/devices/off/messages/events")).rejects.toMatchObject({
      condition: "amqp:unauthorized-access",
      description: expect.stringContaining("403012"),
    });
    await expect(client.openSender("/nothing/here")).rejects.toMatchObject({ condition: "amqp:not-found" });
    expect(await sendAll(good, [{ body: data("still here") }])).toEqual(["accepted"]);
  } finally {
    await bed.stop();
  }
});

test("a policy without DeviceConnect cannot send", async () => {
  const bed = await startTestBed({ devices: ["a"] });
  try {
    const client = bed.connect();
    expect(await client.putToken(bed.policyToken("service"))).toBe(200);
    await expect(client.openSender("/devices/a/messages/events")).rejects.toMatchObject({
      condition: "amqp:unauthorized-access",
    });
  } finally {
    await bed.stop();
  }
});

test("deleting or disabling an identity detaches its links and no others", async () => {
  const bed = await startTestBed({ devices: ["stays", "goes", "sleeps"] });
  try {
    const client = bed.connect();
    await client.putToken(bed.policyToken("device"));
    const [stays, goes, sleeps] = await Promise.all(
      ["stays", "goes", "sleeps"].map((id) => client.openSender(`/devices/${id}/messages/events`)),
    );
    if (stays === undefined || goes === undefined || sleeps === undefined) throw new Error("a link is missing");
    const ends = [linkEnd(goes), linkEnd(sleeps)];
    await bed.hub.registry.delete("goes");
    await bed.hub.registry.update("sleeps", { status: "disabled" });
    expect(await Promise.all(ends)).toMatchObject([
      { condition: "amqp:not-found" },
      { condition: "amqp:unauthorized-access" },
    ]);
    expect(await sendAll(stays, [{ body: data("x") }])).toEqual(["accepted"]);
  } finally {
    await bed.stop();
  }
});

test("a batch in Microsoft's format is unpacked, with one outcome for all", async () => {
  const bed = await startTestBed({ devices: ["a"] });
  try {
    const client = bed.connect();
    await client.putToken(bed.policyToken("device"));
    const sender = await client.openSender("/devices/a/messages/events");
    const inner = Array.from({ length: 40 }, (_, i) =>
      rhea.message.encode({ message_id: `m${i}`, body: data(`${i}`) }),
    );
    const batch = rhea.message.encode({ body: rhea.message.data_sections(inner as never) });
    const accepted = new Promise((resolve) => sender.once("accepted", resolve));
    sender.send(batch as never, undefined as never, BATCH_MESSAGE_FORMAT);
    await accepted;
    const stored = await storedMessages(bed.hub);
    expect(stored.map((message) => message.message_id)).toEqual(inner.map((_, i) => `m${i}`));
  } finally {
    await bed.stop();
  }
});

test("large messages come in many frames; too large ones are rejected without harm to the link", async () => {
  const bed = await startTestBed({ devices: ["a"] });
  try {
    const client = bed.connect({ max_frame_size: 1024 });
    await client.putToken(bed.policyToken("device"));
    const sender = await client.openSender("/devices/a/messages/events");
    const fits = Buffer.alloc(250_000, 0x61);
    const outcomes = await sendAll(sender, [
      { body: data(fits) },
      { body: data(Buffer.alloc(262_145)) },
      { message_id: "x".repeat(129), body: data("id too long") },
      { body: ["a", "list"] },
      { body: data("small") },
    ]);
    expect(outcomes).toMatchObject([
      "accepted",
      { condition: "amqp:link:message-size-exceeded", description: expect.stringContaining("MessageTooLarge") },
      { condition: "com.microsoft:argument-error" },
      { condition: "amqp:decode-error" },
      "accepted",
    ]);
    const stored = await storedMessages(bed.hub);
    const body = stored[0]?.body as { content: Buffer } | undefined;
    expect(body?.content.equals(fits)).toBe(true);
    expect(stored).toHaveLength(2);
  } finally {
    await bed.stop();
  }
});

test("a message far beyond the limit detaches the link before it is read whole", async () => {
  const bed = await startTestBed({ devices: ["a"] });
  try {
    const client = bed.connect();
    await client.putToken(bed.policyToken("device"));
    const sender = await client.openSender("/devices/a/messages/events");
    const end = linkEnd(sender);
    sender.send({ body: data(Buffer.alloc(2_000_000)) });
    expect(await end).toMatchObject({ condition: "amqp:link:message-size-exceeded" });
    const again = await client.openSender("/devices/a/messages/events");
    expect(await sendAll(again, [{ body: data("x") }])).toEqual(["accepted"]);
  } finally {
    await bed.stop();
  }
});

test("messages sent settled are stored without an answer", async () => {
  const bed = await startTestBed({ devices: ["a"] });
  try {
    const client = bed.connect();
    await client.putToken(bed.policyToken("device"));
    const settled = client.connection.open_sender({
      target: { address: "/devices/a/messages/events" },
      snd_settle_mode: 1,
    });
    await new Promise((resolve) => settled.once("sendable", resolve));
    settled.send({ body: data("quiet") });
    const unsettled = await client.openSender("/devices/a/messages/events");
    expect(await sendAll(unsettled, [{ body: data("loud") }])).toEqual(["accepted"]);
    expect(await storedMessages(bed.hub)).toHaveLength(2);
  } finally {
    await bed.stop();
  }
});

test("a peer that is ahead of the hub or of the socket waits and loses nothing", async () => {
  const devices = Array.from({ length: 150 }, (_, i) => `d${i}`);
  const bed = await startTestBed({ devices, limits: { maxOutputBytes: 500, maxPendingBytes: 2_000 } });
  try {
    const client = bed.connect();
    await client.putToken(bed.policyToken("iothubowner"));
    const senders = await Promise.all(devices.map((id) => client.openSender(`/devices/${id}/messages/events`)));
    const messages = Array.from({ length: 10 }, () => ({ body: data(Buffer.alloc(1_000)) }));
    const outcomes = await Promise.all(senders.map((sender) => sendAll(sender, messages)));
    expect(outcomes.flat()).toEqual(Array.from({ length: 1_500 }, () => "accepted"));
    let read = 0;
    await new Promise<void>((resolve) => {
      for (const partitionId of bed.hub.events.partitionIds) {
        const address = `${bed.hub.eventHubName}/ConsumerGroups/$Default/Partitions/${partitionId}`;
        const receiver = client.connection.open_receiver({ source: { address }, credit_window: 50 });
        receiver.on("message", () => {
          if (++read === 1_500) resolve();
        });
      }
    });
    expect(bed.faults).toEqual([]);
  } finally {
    await bed.stop();
  }
});

test("links that are not built say so", async () => {
  const bed = await startTestBed({ devices: ["a"] });
  try {
    const client = bed.connect();
    await client.putToken(bed.policyToken("iothubowner"));
    const refusal = { condition: "amqp:not-implemented", description: expect.stringContaining("not implemented") };
    await expect(client.openReceiver("/devices/a/modules/m/messages/events")).rejects.toMatchObject(refusal);
    // Java's client opens this link for every module; nothing comes on it.
    await bed.hub.registry.create({ deviceId: "a", moduleId: "m" }, {});
    await client.openReceiver("/devices/a/modules/m/messages/devicebound");
    await expect(client.openReceiver("/devices/a/messages/events")).rejects.toMatchObject({
      condition: "amqp:not-allowed",
    });
  } finally {
    await bed.stop();
  }
});
