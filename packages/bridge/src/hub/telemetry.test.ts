import { expect, test } from "vitest";
import { createHubs } from "./hubs.ts";
import { startAmqpStandIn } from "./testing/amqp-stand-in.ts";
import { makeTestCertificate } from "./testing/certificate.ts";
import { CONNECTION, makeMessage, SILENT_LOG, startHubUnderTest } from "./testing/hub-under-test.ts";

const DELIVERED = { kind: "delivered" };
const failed = (code: string): object => ({ kind: "failed", failure: expect.objectContaining({ code }) as object });

test("a message arrives on its device's link with all its properties", async () => {
  const { client, standIn } = await startHubUnderTest();
  expect(await client.send("d:1", makeMessage("m1", '{"data":"ü"}'))).toEqual(DELIVERED);
  const [received] = standIn.messages;
  expect(received?.deviceId).toBe("d:1");
  expect(received?.message).toMatchObject({
    message_id: "m1",
    content_type: "application/json",
    content_encoding: "utf-8",
    application_properties: { event: "temperature", seq: "1" },
  });
  expect(Number(received?.message["creation_time"])).toBe(1_700_000_000_123);
  expect(received?.message["body"].content.toString()).toBe('{"data":"ü"}');
});

test("one token for the host serves all devices of a connection", async () => {
  const { client, standIn } = await startHubUnderTest();
  await Promise.all(["a", "b", "c"].map((id) => client.send(id, makeMessage(id))));
  expect(standIn.tokens).toHaveLength(1);
  expect(standIn.tokens[0]?.audience).toBe("localhost");
  expect(standIn.tokens[0]?.token).toMatch(/^SharedAccessSignature sr=localhost&sig=\S+&se=\d+&skn=iothubowner$/);
});

test("a message of several frames arrives whole", async () => {
  const { client, standIn } = await startHubUnderTest();
  const body = "x".repeat(200_000);
  expect(await client.send("d1", makeMessage("m1", body))).toEqual(DELIVERED);
  expect(standIn.messages[0]?.message["body"].content.toString()).toBe(body);
});

test("what no hub would take is refused without asking one", async () => {
  const { client, standIn } = await startHubUnderTest();
  expect(await client.send("d/1", makeMessage("m"))).toEqual(failed("device_id_refused"));
  expect(await client.send("d1", makeMessage("m", "x".repeat(262_145)))).toEqual(failed("message_too_large"));
  expect(standIn.connections.size).toBe(0);
});

test("the hub's words reach the failure without their wrapping", async () => {
  const description = "ErrorCode:DeviceNotFound;Device d1 is not registered.";
  const { client } = await startHubUnderTest({
    behaviour: { attach: () => ({ condition: "amqp:not-found", description }) },
  });
  expect(await client.send("d1", makeMessage("m"))).toMatchObject({
    failure: {
      hubCode: "DeviceNotFound",
      message: expect.stringMatching(/: Device d1 is not registered\.$/) as string,
    },
  });
});

test("a device's messages keep their order", async () => {
  const { client, standIn } = await startHubUnderTest();
  const ids = Array.from({ length: 300 }, (_, i) => `m${i}`);
  await Promise.all(ids.map((id) => client.send("d1", makeMessage(id))));
  expect(standIn.messages.map(({ message }) => message["message_id"])).toEqual(ids);
});

test("a device without credit holds up nobody else, and its message waits until the deadline only", async () => {
  const attach = (id: string): { credit: number } => ({ credit: id === "starved" ? 0 : 10 });
  const { client, standIn } = await startHubUnderTest({ behaviour: { attach }, limits: { sendDeadline: 3_000 } });
  const starved = client.send("starved", makeMessage("s"));
  for (let i = 0; i < 20; i++) expect(await client.send("fed", makeMessage(`f${i}`))).toEqual(DELIVERED);
  expect(await starved).toEqual(failed("not_sent"));
  expect(standIn.messages).toHaveLength(20);
});

test("credit that comes late is used at once", async () => {
  const { client, standIn } = await startHubUnderTest({ behaviour: { attach: () => ({ credit: 0 }) } });
  const sends = [client.send("d1", makeMessage("m1")), client.send("d1", makeMessage("m2"))];
  await expect.poll(() => standIn.links.size).toBe(1);
  for (const receiver of standIn.links.keys()) receiver.add_credit(1);
  expect(await sends[0]).toEqual(DELIVERED);
  // The stand-in gives one credit back for each message.
  expect(await sends[1]).toEqual(DELIVERED);
});

test("a detach with an error concerns its device alone, and the link opens again for the next message", async () => {
  const { client, standIn } = await startHubUnderTest({
    behaviour: {
      message: ({ deviceId, receiver, delivery }) =>
        deviceId === "gone"
          ? receiver.close({ condition: "amqp:not-found", description: "404001 device gone" })
          : delivery.accept(),
    },
  });
  const [gone, stays] = await Promise.all([
    client.send("gone", makeMessage("m1")),
    client.send("stays", makeMessage("m2")),
  ]);
  expect(gone).toEqual(failed("identity_missing"));
  expect(stays).toEqual(DELIVERED);
  standIn.behaviour = {};
  expect(await client.send("gone", makeMessage("m1"))).toEqual(DELIVERED);
  expect(standIn.connections.size).toBe(1);
});

test.each([
  ["amqp:unauthorized-access", "Unauthorized", "permission_missing"],
  ["amqp:not-found", "404001", "identity_missing"],
  ["amqp:not-allowed", "403012 device disabled", "device_disabled"],
  ["amqp:link:stolen", "", "identity_in_use"],
  ["amqp:resource-limit-exceeded", "403002", "quota_exceeded"],
  ["com.microsoft:device-container-throttled", "AmqpLinkOpen", "throttled"],
])("an attach refused with %s (%s) means %s", async (condition, description, code) => {
  const { client } = await startHubUnderTest({ behaviour: { attach: () => ({ condition, description }) } });
  const outcomes = await Promise.all([1, 2, 3].map((i) => client.send("d1", makeMessage(`m${i}`))));
  expect(outcomes).toEqual([failed(code), failed(code), failed(code)]);
});

test("a rejected message says why, and the next one of the device goes through", async () => {
  const { client } = await startHubUnderTest({
    behaviour: {
      message: ({ message, delivery }) =>
        message["message_id"] === "bad"
          ? delivery.reject({ condition: "com.microsoft:argument-error", description: "bad property" })
          : delivery.accept(),
    },
  });
  const bad = await client.send("d1", makeMessage("bad"));
  expect(bad).toEqual(failed("message_refused"));
  expect(bad).toMatchObject({ failure: { message: expect.stringContaining("bad property") as string } });
  expect(await client.send("d1", makeMessage("good"))).toEqual(DELIVERED);
});

test("a message that is handed back has no outcome", async () => {
  const { client } = await startHubUnderTest({
    behaviour: {
      message: ({ deviceId, delivery }) =>
        deviceId === "r" ? delivery.release() : delivery.modified({ delivery_failed: true }),
    },
  });
  expect(await client.send("r", makeMessage("m1"))).toEqual(failed("outcome_unknown"));
  expect(await client.send("m", makeMessage("m2"))).toEqual(failed("outcome_unknown"));
});

test("a lost connection ends every message on it, and the next one connects anew", async () => {
  const { client, standIn } = await startHubUnderTest({ behaviour: { message: () => {} } });
  const sends = Array.from({ length: 50 }, (_, i) => client.send(`d${i % 10}`, makeMessage(`m${i}`)));
  await expect.poll(() => standIn.messages).toHaveLength(50);
  for (const socket of standIn.sockets) socket.destroy();
  expect(await Promise.all(sends)).toEqual(sends.map(() => failed("hub_unreachable")));
  standIn.behaviour = {};
  expect(await client.send("d1", makeMessage("m"))).toEqual(DELIVERED);
});

test("a connection that the hub closes ends every message on it", async () => {
  const { client, standIn } = await startHubUnderTest({ behaviour: { message: () => {} } });
  const send = client.send("d1", makeMessage("m1"));
  await expect.poll(() => standIn.messages).toHaveLength(1);
  for (const connection of standIn.connections)
    connection.close({ condition: "amqp:connection:forced", description: "maintenance" });
  expect(await send).toEqual(failed("hub_unreachable"));
});

test("an accepted message without an answer is unknown at its deadline; the late answer changes nothing", async () => {
  let late: (() => void) | undefined;
  const { client, standIn } = await startHubUnderTest({
    behaviour: { message: ({ delivery }) => (late = () => delivery.accept()) },
    limits: { sendDeadline: 3_000 },
  });
  const [first, second] = [client.send("d1", makeMessage("m1")), client.send("d1", makeMessage("m2"))];
  expect(await first).toEqual(failed("outcome_unknown"));
  expect(await second).toEqual(failed("outcome_unknown"));
  late?.();
  standIn.behaviour = {};
  expect(await client.send("d1", makeMessage("m1"))).toEqual(DELIVERED);
  expect(standIn.connections.size).toBe(1);
});

test("one message that is never settled does not stop the others of its connection", async () => {
  const { client } = await startHubUnderTest({
    behaviour: { message: ({ deviceId, delivery }) => deviceId !== "mute" && delivery.accept() },
    limits: { unsettledPerConnection: 100 },
  });
  void client.send("mute", makeMessage("m"));
  for (let round = 0; round < 30; round++) {
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, i) => client.send(`d${i}`, makeMessage(`${round}.${i}`))),
    );
    expect(outcomes.every(({ kind }) => kind === "delivered")).toBe(true);
  }
});

test("no more messages are unsettled than the connection may have", async () => {
  const held: (() => void)[] = [];
  const { client, standIn } = await startHubUnderTest({
    behaviour: { message: ({ delivery }) => void held.push(() => delivery.accept()) },
    limits: { unsettledPerConnection: 5 },
  });
  const sends = Array.from({ length: 12 }, (_, i) => client.send(`d${i}`, makeMessage(`m${i}`)));
  await expect.poll(() => standIn.links.size).toBe(12);
  await expect.poll(() => held).toHaveLength(5);
  for (let settled = 0; settled < 12; settled++) {
    expect(held.length - settled).toBeLessThanOrEqual(5);
    held[settled]?.();
    await expect.poll(() => held.length).toBe(Math.min(12, 6 + settled));
  }
  expect(await Promise.all(sends)).toEqual(sends.map(() => DELIVERED));
});

test.each([
  [{ status: 401, description: "InvalidSignature" }, "key_refused"],
  [{ status: 404, description: "no hub" }, "hub_not_found"],
  [{ status: 500, description: "trouble" }, "hub_error"],
])("a token answered with %j means %s for every waiting message", async (answer, code) => {
  const { client } = await startHubUnderTest({ behaviour: { token: () => answer } });
  const outcomes = await Promise.all(["a", "b"].map((id) => client.send(id, makeMessage(id))));
  expect(outcomes).toEqual([failed(code), failed(code)]);
  expect(JSON.stringify(outcomes)).not.toContain(CONNECTION.policyKey);
});

test("a token that is never answered is given up", async () => {
  const { client } = await startHubUnderTest({ behaviour: { token: () => "silent" }, limits: { connectTimeout: 300 } });
  expect(await client.send("a", makeMessage("m"))).toEqual(failed("hub_unreachable"));
});

test("an attach that is never answered is given up, and its late answer opens nothing", async () => {
  const { client, standIn } = await startHubUnderTest({
    behaviour: { attach: (id) => (id === "mute" ? "silent" : { credit: 10 }) },
    limits: { sendDeadline: 3_000 },
  });
  expect(await client.send("other", makeMessage("m1"))).toEqual(DELIVERED);
  expect(await client.send("mute", makeMessage("m2"))).toEqual(failed("not_sent"));
  standIn.unanswered[0]?.();
  expect([...standIn.links.values()]).toEqual(["other", "mute"]);
  await expect.poll(() => [...standIn.links.values()]).toEqual(["other"]);
  expect(await client.send("other", makeMessage("m3"))).toEqual(DELIVERED);
  expect(standIn.messages.map(({ deviceId }) => deviceId)).toEqual(["other", "other"]);
  expect(standIn.connections.size).toBe(1);
});

test.each([
  [200, "the connection goes on"],
  [401, "the connection ends"],
])("a token is renewed before its end; when that is answered with %i, %s", async (status) => {
  let shift = 0;
  const { client, standIn } = await startHubUnderTest({
    now: () => Date.now() + shift,
    behaviour: {
      token: () => {
        // 80 % of its hour are over as soon as the hub has the first token.
        const first = standIn.tokens.length === 1;
        if (first) shift = 2_880_000 - 50;
        return { status: first ? 200 : status };
      },
      message: () => {},
    },
  });
  const send = client.send("d1", makeMessage("m1"));
  await expect.poll(() => standIn.tokens).toHaveLength(2);
  expect(standIn.tokens[1]?.token).not.toBe(standIn.tokens[0]?.token);
  if (status === 200) for (const { delivery } of await arrived(standIn.messages)) delivery.accept();
  expect(await send).toEqual(status === 200 ? DELIVERED : failed("key_refused"));
  await expect.poll(() => standIn.connections.size).toBe(status === 200 ? 1 : 0);
});

async function arrived<T>(messages: readonly T[]): Promise<readonly T[]> {
  await expect.poll(() => messages.length).toBeGreaterThan(0);
  return messages;
}

test("2,000 devices share three connections", async () => {
  const { client, standIn } = await startHubUnderTest({ limits: { attachBurst: 5_000, fewConnections: 1 } });
  const outcomes = await Promise.all(
    Array.from({ length: 2_000 }, (_, i) => client.send(`device-${i}`, makeMessage(`m${i}`))),
  );
  expect(outcomes.every(({ kind }) => kind === "delivered")).toBe(true);
  expect(standIn.connections.size).toBe(3);
  const perConnection = new Map<unknown, number>();
  for (const { connection } of standIn.links.keys())
    perConnection.set(connection, (perConnection.get(connection) ?? 0) + 1);
  expect(Math.max(...perConnection.values())).toBeLessThanOrEqual(990);
});

test("links open at the hub's pace, and one that nobody waits for any more is not opened", async () => {
  const { client, standIn } = await startHubUnderTest({
    limits: { attachBurst: 1, sendDeadline: 3_000 },
    endpoint: { linksPerSecond: 0.25 },
  });
  const outcomes = await Promise.all(["a", "b", "c"].map((id) => client.send(id, makeMessage(id))));
  expect(outcomes).toEqual([DELIVERED, failed("not_sent"), failed("not_sent")]);
  expect(await client.send("a", makeMessage("a2"))).toEqual(DELIVERED);
  standIn.messages.length = 0;
  await expect.poll(() => client.send("d", makeMessage("d"))).toEqual(DELIVERED);
  expect([...standIn.links.values()]).toEqual(["a", "d"]);
});

test("a fleet spreads over a few connections before it fills any", async () => {
  const { client, standIn } = await startHubUnderTest({ limits: { linksBeforeSpreading: 3, fewConnections: 2 } });
  const open: number[] = [];
  for (let i = 0; i < 10; i++) {
    await client.send(`d${i}`, makeMessage(`m${i}`));
    open.push(standIn.connections.size);
  }
  expect(open).toEqual([1, 1, 1, 2, 2, 2, 2, 2, 2, 2]);
});

test("where links are full the least recently used device gives way", async () => {
  const { client, standIn } = await startHubUnderTest({ limits: { connections: 1, linksPerConnection: 3 } });
  for (const id of ["a", "b", "c", "a", "d"]) expect(await client.send(id, makeMessage(id))).toEqual(DELIVERED);
  await expect.poll(() => [...standIn.links.values()].toSorted()).toEqual(["a", "c", "d"]);
  expect(standIn.connections.size).toBe(1);
});

test("an idle device's link is closed, one in use stays", async () => {
  const { client, standIn } = await startHubUnderTest({ limits: { linkIdleTime: 200 } });
  await client.send("idle", makeMessage("m"));
  const linksAfterSending = async (): Promise<unknown> => {
    await client.send("busy", makeMessage("m"));
    return [...standIn.links.values()];
  };
  await expect.poll(linksAfterSending, { interval: 20 }).toEqual(["busy"]);
  await expect.poll(() => standIn.connections.size).toBe(0);
});

test("a hub that falls silent is found by its idle connection", async () => {
  const { client, standIn } = await startHubUnderTest({ limits: { idleTimeout: 2_000 } });
  expect(await client.send("d1", makeMessage("m1"))).toEqual(DELIVERED);
  standIn.behaviour = { message: () => {} };
  const send = client.send("d1", makeMessage("m2"));
  await expect.poll(() => standIn.messages).toHaveLength(2);
  for (const connection of standIn.connections) {
    connection["_write_frame"] = () => undefined; // no heartbeat, no answer: as if the cable were out
    connection["output"] = () => undefined;
  }
  expect(await send).toEqual(failed("hub_unreachable"));
});

test.each([
  ["private addresses are not allowed", { allowPrivate: false }, "hub_address_refused"],
  ["the literal address is private", { hostName: "127.0.0.1", allowPrivate: false }, "hub_address_refused"],
  ["nobody listens", { amqpsPort: 1 }, "hub_unreachable"],
  ["the name is unknown", { hostName: "no-such-hub.invalid" }, "hub_not_found"],
])("when %s, the message fails", async (_why, endpoint, code) => {
  const { client, standIn } = await startHubUnderTest({ endpoint });
  expect(await client.send("d1", makeMessage("m"))).toEqual(failed(code));
  expect(standIn.connections.size).toBe(0);
});

test.each([
  ["of another authority", {}, true],
  ["for another name", { dnsName: "else.example" }, false],
  ["that has expired", { until: new Date(Date.now() - 1_000) }, false],
])("a certificate %s is not trusted", async (_why, certificateOptions, otherAuthority) => {
  const certificate = makeTestCertificate(certificateOptions);
  const standIn = await startAmqpStandIn(certificate);
  const ca = otherAuthority ? makeTestCertificate().ca : certificate.ca;
  const endpoint = { hostName: "localhost", httpsPort: 9, amqpsPort: standIn.port, ca, allowPrivate: true };
  const client = createHubs({ endpointOf: () => endpoint, now: Date.now, log: SILENT_LOG }).open(CONNECTION);
  expect(await client.send("d1", makeMessage("m"))).toEqual(failed("hub_tls_failed"));
  await client.close();
  await standIn.close();
});

test("the place of the hub is asked anew at each connect", async () => {
  const certificate = makeTestCertificate();
  const [first, second] = [await startAmqpStandIn(certificate), await startAmqpStandIn(certificate)];
  let port: number | undefined;
  const client = createHubs({
    endpointOf: () =>
      port === undefined
        ? undefined
        : { hostName: "localhost", httpsPort: 9, amqpsPort: port, ca: certificate.ca, allowPrivate: true },
    now: Date.now,
    log: SILENT_LOG,
  }).open(CONNECTION);
  expect(await client.send("d1", makeMessage("m0"))).toEqual(failed("hub_unreachable"));
  port = first.port;
  expect(await client.send("d1", makeMessage("m1"))).toEqual(DELIVERED);
  port = second.port;
  await first.close();
  await expect.poll(() => client.send("d1", makeMessage("m2"))).toEqual(DELIVERED);
  expect(second.messages.length).toBeGreaterThan(0);
  await client.close();
  await second.close();
});

test("closing ends what is under way, and nothing is sent afterwards", async () => {
  const { client, standIn } = await startHubUnderTest({ behaviour: { message: () => {} } });
  const send = client.send("d1", makeMessage("m1"));
  await expect.poll(() => standIn.messages).toHaveLength(1);
  await client.close();
  expect(await send).toEqual(failed("outcome_unknown"));
  expect(await client.send("d1", makeMessage("m2"))).toEqual(failed("hub_unreachable"));
  await expect.poll(() => standIn.connections.size).toBe(0);
});

test("closing while it still connects does not wait for the connect", async () => {
  const { client } = await startHubUnderTest({ behaviour: { token: () => "silent" } });
  const send = client.send("d1", makeMessage("m1"));
  await client.close();
  expect((await send).kind).toBe("failed");
});
