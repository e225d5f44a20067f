/** What the hub stores is what readers get: rhea decodes it. */
import rhea, { type Message } from "rhea";
import { expect, test } from "vitest";
import { decodeDeviceMessage } from "./device-message.ts";
import type { EventAnnotations } from "../hub/events/telemetry.ts";
import { encodeStoredMessage } from "./stored-message.ts";

const STAMPS: EventAnnotations = {
  sequenceNumber: 12_345_678_901,
  offset: "4294967296",
  enqueuedTime: 1_700_000_000_001,
  partitionKey: "d1",
  deviceId: "d1",
  authMethod: '{"scope":"device","type":"sas","issuer":"iothub"}',
  generationId: "638000000000000000",
  hubEnqueuedTime: 1_700_000_000_000,
  source: "Telemetry",
};

test("rhea reads stamps, properties and body", () => {
  const encoded = encodeStoredMessage(
    {
      body: Buffer.from('{"t":21.5}'),
      messageId: "m1",
      correlationId: "c1",
      userId: "u1",
      contentType: "application/json",
      contentEncoding: "utf-8",
      absoluteExpiryTime: 1_800_000_000_000,
      creationTime: 1_690_000_000_000,
      properties: new Map([["event", "temperature"]]),
    },
    { ...STAMPS, moduleId: "mod", interfaceId: "dtmi:x;1", subject: "thermostat", modelId: "dtmi:m;1" },
  );
  const decoded = rhea.message.decode(encoded) as unknown as Message;
  expect(decoded.message_annotations).toEqual({
    "x-opt-sequence-number": 12_345_678_901,
    "x-opt-offset": "4294967296",
    "x-opt-enqueued-time": new Date(1_700_000_000_001),
    "x-opt-partition-key": "d1",
    "iothub-connection-device-id": "d1",
    "iothub-connection-module-id": "mod",
    "iothub-connection-auth-method": STAMPS.authMethod,
    "iothub-connection-auth-generation-id": STAMPS.generationId,
    "iothub-enqueuedtime": new Date(1_700_000_000_000),
    "iothub-message-source": "Telemetry",
    "iothub-interface-id": "dtmi:x;1",
    "dt-subject": "thermostat",
    "dt-dataschema": "dtmi:m;1",
  });
  expect(decoded).toMatchObject({
    message_id: "m1",
    correlation_id: "c1",
    content_type: "application/json",
    content_encoding: "utf-8",
    application_properties: { event: "temperature" },
  });
  expect(Number(decoded.creation_time)).toBe(1_690_000_000_000);
  expect(String(decoded.user_id)).toBe("u1");
  expect(Number(decoded.absolute_expiry_time)).toBe(1_800_000_000_000);
  expect((decoded.body as { content: Buffer }).content.toString()).toBe('{"t":21.5}');
});

test("a message without properties is encoded, and earlier messages are not overwritten by later ones", () => {
  const first = encodeStoredMessage({ body: Buffer.from("first"), properties: new Map() }, STAMPS);
  const long = Buffer.alloc(200_000, 0x78);
  const second = encodeStoredMessage({ body: long, properties: new Map([["k", "v".repeat(9_000)]]) }, STAMPS);
  expect(Buffer.from(decodeDeviceMessage(first).body).toString()).toBe("first");
  expect(Buffer.from(decodeDeviceMessage(second).body).equals(long)).toBe(true);
  expect(decodeDeviceMessage(second).properties.get("k")).toHaveLength(9_000);
});

test("a queued message does not hold on to the buffer it came in", () => {
  const encoded = encodeStoredMessage({ body: Buffer.alloc(300), properties: new Map() }, STAMPS);
  expect(encoded.buffer.byteLength).toBe(encoded.byteLength);
});

test("text that is not ASCII survives", () => {
  const properties = new Map([["größe", "5 µm · 测试 · 🙂".repeat(30)]]);
  const encoded = encodeStoredMessage({ body: Buffer.alloc(0), messageId: "ü", properties }, STAMPS);
  const decoded = rhea.message.decode(encoded) as unknown as Message;
  expect(decoded.message_id).toBe("ü");
  expect(decoded.application_properties).toEqual(Object.fromEntries(properties));
});

test("the hub's own events carry no sender's authentication", () => {
  const { authMethod: _, generationId: __, ...stamps } = STAMPS;
  const encoded = encodeStoredMessage({ body: Buffer.from("{}"), properties: new Map() }, stamps);
  const decoded = rhea.message.decode(encoded) as unknown as Message;
  expect(decoded.message_annotations).toMatchObject({ "iothub-message-source": "Telemetry" });
  expect(Object.keys(decoded.message_annotations ?? {}).filter((name) => name.includes("auth"))).toEqual([]);
});
