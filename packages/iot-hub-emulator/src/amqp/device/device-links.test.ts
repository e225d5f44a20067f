/** What links of devices and services do when a peer does what SDKs do not; seen by rhea. */
import { once } from "node:events";
import rhea from "rhea";
import type { Delivery, EventContext, Message, Receiver, ReceiverOptions } from "rhea";
import { expect, test } from "vitest";
import { linkEnd, sendAll, startTestBed, type TestBed, type TestClient } from "../test-bed.ts";

const DEVICE_BOUND = "/devices/d/messages/devicebound";
const { data_section: data } = rhea.message;
/** An outcome that the library's types leave out. */
const outcomes = rhea.message as unknown as {
  accepted(): { described(): never };
};

async function withBed(run: (bed: TestBed, client: TestClient) => Promise<void>): Promise<void> {
  const bed = await startTestBed({ devices: ["d", "e"] });
  try {
    const client = bed.connect();
    await client.putToken(bed.policyToken("iothubowner"));
    await run(bed, client);
    expect(bed.faults).toEqual([]);
  } finally {
    await bed.stop();
  }
}

function enqueue({ hub }: TestBed, messageId: string): Promise<void> {
  return hub.deviceQueues.enqueue("d", { body: Buffer.from(messageId), messageId, properties: new Map() });
}

/** A receiver that settles nothing by itself, and what it gets. */
async function receive(
  client: TestClient,
  address: string,
  options: Partial<ReceiverOptions> = {},
): Promise<{ receiver: Receiver; got: { message: Message; delivery: Delivery }[] }> {
  const got: { message: Message; delivery: Delivery }[] = [];
  const receiver = await client.openReceiver(address, {
    autoaccept: false,
    autosettle: false,
    credit_window: 0,
    ...options,
  });
  receiver.on("message", ({ message, delivery }: EventContext) => {
    got.push({ message: message as Message, delivery: delivery as Delivery });
  });
  receiver.add_credit(100);
  return { receiver, got };
}

const annotationsOf = (message: Message): Record<string, unknown> => message.message_annotations ?? {};

test("a cloud-to-device message's tag is its lock token as .NET writes a GUID, and its annotations have the types .NET asks for", () =>
  withBed(async (bed, client) => {
    await enqueue(bed, "1");
    const { got } = await receive(client, DEVICE_BOUND);
    await expect.poll(() => got).toHaveLength(1);
    const { message, delivery } = got[0] as { message: Message; delivery: Delivery };
    const token = String(annotationsOf(message)["x-opt-lock-token"]);
    const [a = "", b = "", c = "", ...rest] = token.split("-");
    const swapped = [a, b, c].map((group) => group.match(/../g)?.reverse().join("")).join("") + rest.join("");
    expect(Buffer.from(delivery.tag as Buffer).toString("hex")).toBe(swapped);
    expect(annotationsOf(message)).toMatchObject({ "iothub-deliverycount": 0, "x-opt-sequence-number": 1 });
    expect(annotationsOf(message)["iothub-enqueuedtime"]).toBeTypeOf("object");
  }));

test("a receiver that settles second is told whether its settlement took effect", () =>
  withBed(async (bed, client) => {
    await enqueue(bed, "1");
    await enqueue(bed, "2");
    const { receiver, got } = await receive(client, DEVICE_BOUND, { rcv_settle_mode: 1 });
    await expect.poll(() => got).toHaveLength(2);
    const told: unknown[] = [];
    receiver.on("settled", ({ delivery }: EventContext) => told.push(delivery?.remote_state?.["error"]?.condition));
    got[0]?.delivery.update(false, outcomes.accepted().described());
    await expect.poll(() => bed.hub.deviceQueues.count("d")).toBe(1);
    await bed.hub.deviceQueues.purge("d");
    got[1]?.delivery.update(false, outcomes.accepted().described());
    await expect.poll(() => told).toHaveLength(2);
    expect(told).toEqual([undefined, "amqp:not-found"]);
  }));

test("to a receiver that wants no settling a cloud-to-device message is complete when it is sent", () =>
  withBed(async (bed, client) => {
    await enqueue(bed, "1");
    const { got } = await receive(client, DEVICE_BOUND, { snd_settle_mode: 1 });
    await expect.poll(() => got).toHaveLength(1);
    expect(bed.hub.deviceQueues.count("d")).toBe(0);
  }));

test.each([
  ["accepted", 0, 0],
  ["rejected", 0, 0],
  ["released", 1, 1],
  ["modified", 1, 1],
])("%s leaves %i messages, delivered %i times in vain", (outcome, left, deliveries) =>
  withBed(async (bed, client) => {
    await enqueue(bed, "1");
    const { receiver, got } = await receive(client, DEVICE_BOUND);
    await expect.poll(() => got).toHaveLength(1);
    const { delivery } = got[0] as { delivery: Delivery };
    if (outcome === "accepted") delivery.accept();
    else if (outcome === "rejected") delivery.reject({ condition: "x:no" } as never);
    else
      delivery.release({
        delivery_failed: outcome === "modified",
        undeliverable_here: outcome === "modified",
      } as never);
    await expect.poll(() => got).toHaveLength(1 + left);
    expect(annotationsOf((got.at(-1) as { message: Message }).message)["iothub-deliverycount"]).toBe(deliveries);
    receiver.close();
    await once(receiver, "receiver_close");
    expect(bed.hub.deviceQueues.count("d")).toBe(left);
  }),
);

test("a second receiver takes the place of the first, which gives back what it has not settled", () =>
  withBed(async (bed, client) => {
    await enqueue(bed, "1");
    const first = await receive(client, DEVICE_BOUND);
    await expect.poll(() => first.got).toHaveLength(1);
    const stolen = linkEnd(first.receiver);
    const second = await receive(client, "/devices/d/messages/deviceBound");
    expect(await stolen).toMatchObject({ condition: "amqp:link:stolen" });
    await expect.poll(() => second.got).toHaveLength(1);
    expect(annotationsOf((second.got[0] as { message: Message }).message)["iothub-deliverycount"]).toBe(0);
  }));

test("of two connections the newer has the device, while other devices of the older stay", () =>
  withBed(async (bed, client) => {
    const d = await client.openSender("/devices/d/messages/events");
    const e = await client.openSender("/devices/e/messages/events");
    const ended = linkEnd(d);
    const newer = bed.connect();
    await newer.putToken(bed.deviceToken("d"));
    const again = await newer.openSender("/devices/d/messages/events");
    expect(await ended).toMatchObject({ condition: "amqp:link:stolen" });
    expect(await sendAll(e, [{ body: data(Buffer.from("x")) }])).toEqual(["accepted"]);
    expect(await sendAll(again, [{ body: data(Buffer.from("x")) }])).toEqual(["accepted"]);
    expect(bed.hub.connections.count).toBe(2);
  }));

test("the twin refuses what it does not know, and requests without a link for the answer", () =>
  withBed(async (_, client) => {
    const sender = await client.openSender("/devices/d/twin");
    const ask = (annotations: object, body = " "): Message =>
      ({ message_annotations: annotations, correlation_id: "c", body: data(Buffer.from(body)) }) as never;
    expect(await sendAll(sender, [ask({ operation: "GET" })])).toMatchObject([
      { condition: "amqp:precondition-failed" },
    ]);
    const { got } = await receive(client, "/devices/d/twin", { snd_settle_mode: 1 });
    const requests = [
      ask({ operation: "BREW", resource: "/coffee" }),
      ask({}),
      ask({ operation: "PATCH", resource: "/properties/reported" }, "{not json"),
      ask({ operation: "PATCH", resource: "/properties/reported" }, "[]"),
      ask({ operation: "PATCH", resource: "/properties/reported" }, '{"a":1}'),
      ask({ operation: "DELETE", resource: "/notifications/twin/properties/desired" }),
    ];
    await sendAll(sender, requests);
    await expect.poll(() => got).toHaveLength(6);
    const statuses = got.map(({ message }) => Number(annotationsOf(message)["status"]));
    expect(statuses.sort((a, b) => a - b)).toEqual([200, 200, 400, 400, 400, 400]);
  }));

test("desired changes come after they are asked for, until they are no longer", () =>
  withBed(async (bed, client) => {
    const sender = await client.openSender("/devices/d/twin");
    const { got } = await receive(client, "/devices/d/twin", { snd_settle_mode: 1 });
    const ask = (operation: string): Message =>
      ({
        message_annotations: { operation, resource: "/notifications/twin/properties/desired" },
        correlation_id: operation,
      }) as never;
    await bed.hub.twins.patch("d", { desired: { n: 1 } });
    await sendAll(sender, [ask("PUT")]);
    await bed.hub.twins.patch("d", { desired: { n: 2 } });
    await sendAll(sender, [ask("DELETE")]);
    await bed.hub.twins.patch("d", { desired: { n: 3 } });
    await sendAll(sender, [ask("PUT")]);
    await expect.poll(() => got).toHaveLength(4);
    const changes = got.filter(({ message }) => message.correlation_id === undefined);
    expect(changes.map(({ message }) => JSON.parse(String(message.body.content)) as unknown)).toEqual([
      { n: 2, $version: 3 },
    ]);
  }));

test("a twin link that is not read is ended before its queue grows too large", () =>
  withBed(async (bed, client) => {
    const sender = await client.openSender("/devices/d/twin");
    const receiver = await client.openReceiver("/devices/d/twin", { snd_settle_mode: 1, credit_window: 0 } as never);
    const ended = linkEnd(receiver);
    const put = { operation: "PUT", resource: "/notifications/twin/properties/desired" };
    await sendAll(sender, [{ message_annotations: put, correlation_id: "1" } as never]);
    for (let n = 0; n < 201; n++) await bed.hub.twins.patch("d", { desired: { n } });
    expect(await ended).toMatchObject({ condition: "amqp:resource-limit-exceeded" });
  }));

test("a cloud-to-device message has text for every property, whatever type the service sent", () =>
  withBed(async (_, client) => {
    const sender = await client.openSender("/messages/devicebound");
    const { types } = rhea;
    const properties = {
      text: "é",
      yes: true,
      int: types.wrap_int(-5),
      long: types.wrap_long(5_000_000_000),
      double: types.wrap_double(1.5),
      when: types.wrap_timestamp(0),
      none: null,
    };
    const message = {
      to: "/devices/d/messages/devicebound",
      message_id: types.wrap_uuid(Buffer.from("00112233445566778899aabbccddeeff", "hex")),
      user_id: Buffer.from("me"),
      application_properties: properties,
      body: data(Buffer.from("x")),
    };
    expect(await sendAll(sender, [message as never])).toEqual(["accepted"]);
    const { got } = await receive(client, DEVICE_BOUND);
    await expect.poll(() => got).toHaveLength(1);
    const received = (got[0] as { message: Message }).message;
    expect(received.message_id).toBe("00112233-4455-6677-8899-aabbccddeeff");
    expect(received.application_properties).toEqual({
      text: "é",
      yes: "true",
      int: "-5",
      long: "5000000000",
      double: "1.5",
      when: "1970-01-01T00:00:00.000Z",
      none: "",
    });
  }));

test.each([
  [{ to: "/devices/nobody/messages/devicebound" }, "amqp:not-found"],
  [{ to: "/devices/d/messages/events" }, "com.microsoft:argument-error"],
  [{}, "com.microsoft:argument-error"],
  [{ to: "/devices/d/modules/m/messages/devicebound" }, "amqp:not-implemented"],
  [{ to: DEVICE_BOUND, application_properties: { "iothub-ack": "maybe" } }, "com.microsoft:argument-error"],
])("a command %j is refused with %s", (message, condition) =>
  withBed(async (_, client) => {
    const sender = await client.openSender("/messages/devicebound");
    expect(await sendAll(sender, [{ ...message, body: data(Buffer.from("x")) } as never])).toMatchObject([
      { condition },
    ]);
  }),
);

test("service links need ServiceConnect, and end with their token", () =>
  withBed(async (bed) => {
    const device = bed.connect();
    await device.putToken(bed.policyToken("device"));
    const refused = { condition: "amqp:unauthorized-access" };
    await expect(device.openSender("/messages/devicebound")).rejects.toMatchObject(refused);
    await expect(device.openReceiver("/messages/serviceBound/feedback")).rejects.toMatchObject(refused);
    await expect(device.openReceiver("/messages/serviceBound/filenotifications")).rejects.toMatchObject(refused);
    const service = bed.connect();
    await service.putToken(bed.policyToken("service", "", 600));
    const links = [
      await service.openSender("/messages/devicebound"),
      await service.openReceiver("/messages/serviceBound/feedback"),
      await service.openReceiver("/messages/serviceBound/filenotifications"),
    ];
    const ended = Promise.all(links.map(linkEnd));
    bed.hub.clock.advance(601_000);
    expect(await ended).toMatchObject([refused, refused, refused]);
  }));
