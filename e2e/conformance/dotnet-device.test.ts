/** What .NET's device client sends over AMQP and the other SDKs do not: a session per device, empty bodies, settling second. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type * as Service from "azure-iothub";
import type * as Rhea from "rhea";
import { afterEach, describe, expect, test } from "vitest";
import {
  Connections,
  deviceToken,
  encodeSections,
  nextMessage,
  outcomeOf,
  policyToken,
  putToken,
  rhea,
} from "./links.ts";
import { createRegistry, createServiceClient, hostName, makeDevice, type DeviceDescription } from "./target.ts";

const registry: Service.Registry = createRegistry();
const connections = new Connections();
afterEach(() => connections.close());

const OPENING = { idle_time_out: 120_000, max_frame_size: 65_536 };
const SETTLED = { snd_settle_mode: 1, rcv_settle_mode: 0 } as const;

const addressOf = ({ deviceId }: DeviceDescription, path: string): string =>
  `amqps://${hostName}:5671/devices/${encodeURIComponent(deviceId)}${path}`;

function properties(correlationId?: string): object {
  return {
    "com.microsoft:client-version": ".NET/1.42.3 (.NET 8.0; Linux; X64)",
    "com.microsoft:api-version": "2020-09-30",
    ...(correlationId === undefined ? {} : { "com.microsoft:channel-correlation-id": correlationId }),
  };
}

function newSession(connection: Rhea.Connection): Rhea.Session {
  const session = connection.create_session();
  session.begin();
  return session;
}

async function signIn(connection: Rhea.Connection, device: DeviceDescription): Promise<void> {
  const audience = `${hostName}/devices/${encodeURIComponent(device.deviceId)}`;
  const token = deviceToken(audience, device.authentication.symmetricKey.primaryKey);
  expect(await putToken(connection, audience, token)).toBe(200);
}

/** Both links of a device's twin or methods, in a session of their own. */
async function openPair(connection: Rhea.Connection, device: DeviceDescription, path: string) {
  const session = newSession(connection);
  const more = { ...SETTLED, properties: properties(`pair:${randomUUID()}`) };
  const [place, own] = [{ address: addressOf(device, path) }, { address: device.deviceId }];
  const receiver = session.open_receiver({ name: "_receiver", source: place, target: own, ...more } as never);
  const sender = session.open_sender({ name: "_sender", source: own, target: place, ...more } as never);
  await Promise.all([once(receiver, "receiver_open"), once(sender, "sendable")]);
  return { receiver, sender };
}

describe("a pool of devices on one connection", () => {
  type SignIn = (connection: Rhea.Connection, devices: readonly DeviceDescription[]) => Promise<unknown>;
  const tokens: readonly (readonly [string, SignIn])[] = [
    ["one of each device", (connection, all) => Promise.all(all.map((device) => signIn(connection, device)))],
    ["one of a policy", (connection) => putToken(connection, hostName, policyToken(hostName))],
  ];
  test.each(tokens)("sends by links of one name, with tokens: %s", async (_tokens, signInAll) => {
    const devices = await Promise.all([makeDevice(registry), makeDevice(registry)]);
    const connection = connections.open(OPENING);
    await signInAll(connection, devices);
    const verdicts = devices.map((device) => {
      const link = {
        name: "_telemetrySender",
        source: { address: device.deviceId },
        target: { address: addressOf(device, "/messages/events") },
        properties: properties(),
      };
      const sender = newSession(connection).open_sender(link as never);
      return outcomeOf(sender, { body: rhea.message.data_section(Buffer.from("x")) });
    });
    expect(await Promise.all(verdicts)).toEqual(["accepted", "accepted"]);
  });
});

describe("a twin", () => {
  test("answers requests without a body, and changes are told without a correlation id", async () => {
    const device = await makeDevice(registry);
    const connection = connections.open(OPENING);
    await signIn(connection, device);
    const { receiver, sender } = await openPair(connection, device, "/twin");
    const ask = async (message: Partial<Rhea.Message>): Promise<Rhea.Message> => {
      const answer = nextMessage(receiver);
      sender.send(encodeSections(message) as never, undefined, 0);
      return answer;
    };
    const got = await ask({ correlation_id: "Get1", message_annotations: { operation: "GET" } });
    expect(got).toMatchObject({ correlation_id: "Get1", message_annotations: { status: 200 } });
    expect(JSON.parse(textOf(got))).toMatchObject({ desired: { $version: 1 }, reported: { $version: 1 } });

    const resource = "/notifications/twin/properties/desired";
    const put = { operation: "PUT", resource, version: null };
    expect(await ask({ correlation_id: "Put1", message_annotations: put as never })).toMatchObject({
      message_annotations: { status: 200 },
    });
    const patch = { operation: "PATCH", resource: "/properties/reported", version: null };
    const reported = await ask({
      correlation_id: "Patch1",
      message_annotations: patch as never,
      body: rhea.message.data_section(Buffer.from('{"a":1}')),
    });
    expect(reported).toMatchObject({ correlation_id: "Patch1", message_annotations: { version: 2 } });

    const change = nextMessage(receiver);
    await registry.updateTwin(device.deviceId, { properties: { desired: { b: 2 } } }, "*");
    const told = await change;
    expect(told.correlation_id).toBeUndefined();
    expect(JSON.parse(textOf(told))).toEqual({ b: 2, $version: 2 });
  });
});

describe("a direct method", () => {
  test("comes with a uuid, and is answered with one", async () => {
    const device = await makeDevice(registry);
    const connection = connections.open(OPENING);
    await signIn(connection, device);
    const { receiver, sender } = await openPair(connection, device, "/methods/devicebound");
    receiver.once("message", ({ message }: Rhea.EventContext) =>
      sender.send({
        correlation_id: rhea.types.wrap_uuid(message?.correlation_id as never) as never,
        application_properties: { "IoThub-status": rhea.types.wrap_int(201) },
        body: rhea.message.data_section(
          Buffer.from(JSON.stringify(message?.application_properties?.["IoThub-methodname"])),
        ),
      }),
    );
    const call = { methodName: "blink", payload: null, responseTimeoutInSeconds: 10 };
    const { result } = await createServiceClient().invokeDeviceMethod(device.deviceId, call);
    expect(result).toEqual({ status: 201, payload: "blink" });
  });
});

describe("a command", () => {
  test("has its lock as a GUID for a tag, and its completion is confirmed to a receiver that settles second", async () => {
    const device = await makeDevice(registry);
    const service = createServiceClient();
    await service.open();
    await service.send(device.deviceId, "go");
    await service.close();
    const connection = connections.open(OPENING);
    await signIn(connection, device);
    const receiver = newSession(connection).open_receiver({
      source: { address: addressOf(device, "/messages/deviceBound") },
      target: { address: device.deviceId },
      rcv_settle_mode: 1,
      autoaccept: false,
      autosettle: false,
      properties: properties(),
    } as never);
    const [{ delivery }] = (await once(receiver, "message")) as [Rhea.EventContext];
    expect((delivery as unknown as { tag: Buffer }).tag).toHaveLength(16);
    const settled = once(receiver, "settled");
    const outcome = (rhea.message as unknown as { accepted(): { described(): unknown } }).accepted();
    delivery?.update(false, outcome.described() as never);
    await settled;
    expect((await registry.get(device.deviceId)).responseBody.cloudToDeviceMessageCount).toBe(0);
  });
});

function textOf({ body }: Rhea.Message): string {
  return String((body as { readonly content: Buffer }).content);
}
