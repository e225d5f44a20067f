/** The device endpoint over AMQP by links that the SDKs never open: many devices on one connection, batches, refusals. */
import type * as Service from "azure-iothub";
import type * as Rhea from "rhea";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { EventReading } from "./events.ts";
import { Connections, outcomeOf, policyToken, putToken, rhea, type Verdict } from "./links.ts";
import { createRegistry, hostName, makeDevice } from "./target.ts";

const registry: Service.Registry = createRegistry();
const connections = new Connections();
const connect = (): Rhea.Connection => connections.open();
let reading: EventReading;

beforeAll(async () => {
  reading = await EventReading.start();
});
afterEach(() => connections.close());
afterAll(() => reading.close());

function sendOn(
  connection: Rhea.Connection,
  address: string,
  message: Rhea.Message | Buffer,
  format?: number,
): Promise<Verdict> {
  return outcomeOf(connection.open_sender({ target: { address } }), message, format);
}

const eventsOf = (deviceId: string): string => `/devices/${deviceId}/messages/events`;

describe("one connection", () => {
  test("carries many devices by one token of a policy", async () => {
    const devices = await Promise.all(Array.from({ length: 5 }, () => makeDevice(registry)));
    const connection = connect();
    expect(await putToken(connection, hostName, policyToken(hostName))).toBe(200);
    const verdicts = await Promise.all(
      devices.map(({ deviceId }) =>
        sendOn(connection, eventsOf(deviceId), { body: rhea.message.data_section(Buffer.from(deviceId)) }),
      ),
    );
    expect(verdicts).toEqual(devices.map(() => "accepted"));
    for (const { deviceId } of devices) {
      const [event] = await reading.first(deviceId, 1);
      const method = String(event?.systemProperties?.["iothub-connection-auth-method"]);
      expect(JSON.parse(method)).toMatchObject({ scope: "hub", type: "sas" });
    }
  });

  test("takes a batch as one delivery", async () => {
    const { deviceId } = await makeDevice(registry);
    const connection = connect();
    await putToken(connection, hostName, policyToken(hostName));
    const parts = [1, 2, 3].map((n) =>
      rhea.message.encode({ message_id: `b${n}`, body: rhea.message.data_section(Buffer.from(`${n}`)) }),
    );
    const batch = rhea.message.encode({ body: rhea.message.data_sections(parts as never) } as never);
    expect(await sendOn(connection, eventsOf(deviceId), batch as never, 0x80013700)).toBe("accepted");
    const events = await reading.first(deviceId, 3);
    expect(events.map(({ messageId }) => messageId)).toEqual(["b1", "b2", "b3"]);
  });
});

describe("refusals", () => {
  test("name what is missing: token, device, address, room", async () => {
    const { deviceId } = await makeDevice(registry);
    const body = rhea.message.data_section(Buffer.from("x"));
    expect(await sendOn(connect(), eventsOf(deviceId), { body })).toEqual({ condition: "amqp:unauthorized-access" });
    const connection = connect();
    await putToken(connection, hostName, policyToken(hostName));
    expect(await sendOn(connection, eventsOf("nobody-here"), { body })).toEqual({ condition: "amqp:not-found" });
    expect(await sendOn(connection, `/devices/${deviceId}/messages/nothing`, { body })).toEqual({
      condition: "amqp:not-found",
    });
    const large = rhea.message.data_section(Buffer.alloc(270_000));
    expect(await sendOn(connection, eventsOf(deviceId), { body: large })).toEqual({
      condition: "amqp:link:message-size-exceeded",
    });
  });

  test("a token with another key is not taken, or carries no link", async () => {
    const { deviceId } = await makeDevice(registry);
    const connection = connect();
    const forged = policyToken(hostName).replace(
      /sig=[^&]+/,
      `sig=${encodeURIComponent(Buffer.alloc(32).toString("base64"))}`,
    );
    const status = await putToken(connection, hostName, forged);
    const verdict = await sendOn(connection, eventsOf(deviceId), { body: rhea.message.data_section(Buffer.from("x")) });
    expect(status === 200).toBe(false);
    expect(verdict).toEqual({ condition: "amqp:unauthorized-access" });
  });
});
