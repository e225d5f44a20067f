/** What the C SDK sends over AMQP and HTTPS and the others do not: its own SASL mechanism, everything in batches. */
import type * as Service from "azure-iothub";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { EventReading } from "./events.ts";
import { Connections, deviceToken, encodeSections, outcomeOf, request, rhea } from "./links.ts";
import { createRegistry, hostName, makeDevice } from "./target.ts";

const registry: Service.Registry = createRegistry();
const connections = new Connections();
let reading: EventReading;

beforeAll(async () => {
  reading = await EventReading.start();
});
afterEach(() => connections.close());
afterAll(() => reading.close());

test("tokens are put over MSSBCBS without a reply address, and batches hold sections in an order of their own", async () => {
  const { deviceId, authentication } = await makeDevice(registry);
  const mechanism = { start: (done: (error: undefined, response: string) => void): void => done(undefined, "") };
  const connection = connections.open({ sasl_mechanisms: { MSSBCBS: () => mechanism }, idle_time_out: 240_000 });
  const audience = `${hostName}/devices/${deviceId}`;
  const answer = await request(
    connection,
    { source: "$cbs", target: "$cbs" },
    {
      message_id: rhea.types.wrap_ulong(1) as never,
      application_properties: { operation: "put-token", type: "servicebus.windows.net:sastoken", name: audience },
      // A key of the device's own has no policy; this SDK writes an empty one.
      body: `${deviceToken(audience, authentication.symmetricKey.primaryKey)}&skn=`,
    },
  );
  expect(answer).toMatchObject({ correlation_id: 1, application_properties: { "status-code": 200 } });

  const inner = (id: string): Buffer =>
    Buffer.concat([
      encodeSections({ message_id: id, content_type: "application/json", content_encoding: "utf-8" }),
      encodeSections({ application_properties: { room: "7" } }),
      encodeSections({ message_annotations: { "iothub-interface-id": "i" } as never }),
      encodeSections({ body: rhea.message.data_section(Buffer.from('{"t":21}')) }),
    ]);
  const bodies = rhea.message.data_sections([inner("c1"), inner("c2")] as never);
  const sender = connection.open_sender({
    source: { address: "link-snd-source" },
    target: { address: `amqps://${hostName}/devices/${deviceId}/messages/events` },
    properties: { "com.microsoft:client-version": "iothubclient/1.14.0" },
  } as never);
  const batch = rhea.message.encode({ body: bodies } as never);
  expect(await outcomeOf(sender, batch as never, 0x80013700)).toBe("accepted");
  const events = await reading.first(deviceId, 2);
  expect(events.map(({ messageId, properties, body }) => ({ messageId, properties, body }))).toMatchObject([
    { messageId: "c1", properties: { room: "7" }, body: { t: 21 } },
    { messageId: "c2", properties: { room: "7" }, body: { t: 21 } },
  ]);
});
