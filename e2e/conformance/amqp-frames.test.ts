/** The device endpoint over AMQP by links that the SDKs never open: many devices on one connection, batches, refusals. */
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import type * as Service from "azure-iothub";
import type * as Rhea from "rhea";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { EventReading } from "./events.ts";
import { addresses, createRegistry, hostName, makeDevice } from "./target.ts";

const rhea = createRequire(import.meta.url)("rhea") as typeof Rhea;
const registry: Service.Registry = createRegistry();
const connections: Rhea.Connection[] = [];
let reading: EventReading;

beforeAll(async () => {
  reading = await EventReading.start();
});
afterEach(() => {
  for (const connection of connections.splice(0)) connection.close();
});
afterAll(() => reading.close());

function connect(): Rhea.Connection {
  const port = addresses.local?.amqpsPort ?? 5671;
  const options = {
    transport: "tls",
    host: hostName,
    hostname: hostName,
    servername: hostName,
    port,
    reconnect: false,
  };
  const connection = rhea.create_container().connect(options as never);
  for (const event of ["connection_error", "session_error", "error", "disconnected"])
    connection.on(event, () => undefined);
  connections.push(connection);
  return connection;
}

function policyToken(resource: string): string {
  const field = (name: string): string =>
    new RegExp(`${name}=([^;]+)`, "i").exec(addresses.connectionString)?.[1] ?? "";
  const [sr, se] = [encodeURIComponent(resource), Math.ceil(Date.now() / 1000) + 3600];
  const key = Buffer.from(field("SharedAccessKey"), "base64");
  const sig = encodeURIComponent(createHmac("sha256", key).update(`${sr}\n${se}`).digest("base64"));
  return `SharedAccessSignature sr=${sr}&sig=${sig}&se=${se}&skn=${field("SharedAccessKeyName")}`;
}

/** Puts a token; resolves with the status code. */
function putToken(connection: Rhea.Connection, name: string, token: string): Promise<number> {
  const receiver = connection.open_receiver({ source: { address: "$cbs" }, target: { address: "cbs" } });
  const sender = connection.open_sender({ target: { address: "$cbs" } });
  sender.once("sendable", () =>
    sender.send({
      message_id: "1",
      to: "$cbs",
      reply_to: "cbs",
      application_properties: { operation: "put-token", type: "servicebus.windows.net:sastoken", name },
      body: token,
    }),
  );
  return new Promise((resolve) => {
    receiver.once("message", ({ message }: Rhea.EventContext) =>
      resolve(Number(message?.application_properties?.["status-code"])),
    );
  });
}

type Verdict = "accepted" | { readonly condition: string };

/** Sends one message on a device's link; resolves with its outcome, or with why the link was refused. */
function sendOn(
  connection: Rhea.Connection,
  address: string,
  message: Rhea.Message | Buffer,
  format?: number,
): Promise<Verdict> {
  const sender = connection.open_sender({ target: { address } });
  sender.once("sendable", () => void sender.send(message as never, undefined, format));
  return new Promise((resolve) => {
    const conditionOf = (error: unknown): Verdict => ({
      condition: (error as { condition?: string } | undefined)?.condition ?? "none",
    });
    sender.once("accepted", () => resolve("accepted"));
    sender.once("rejected", ({ delivery }: Rhea.EventContext) =>
      resolve(conditionOf((delivery?.remote_state as { error?: unknown } | undefined)?.error)),
    );
    sender.once("sender_error", () => resolve(conditionOf(sender.error)));
  });
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
