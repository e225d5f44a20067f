/** Device messages as rhea and the vendors' clients encode them. */
import { BATCH_MESSAGE_FORMAT } from "iot-hub-protocol";
import fc from "fast-check";
import rhea, { type Message } from "rhea";
import { expect, test } from "vitest";
import { AmqpDecodeError } from "./decode-error.ts";
import { decodeBatch, decodeDeviceMessage } from "./device-message.ts";

const { message } = rhea;
const encode = (fields: Message): Buffer => message.encode(fields) as unknown as Buffer;
const data = (bytes: Uint8Array | string): unknown => message.data_section(Buffer.from(bytes as string));

test("system properties, application properties and body arrive", () => {
  const decoded = decodeDeviceMessage(
    encode({
      message_id: "m1",
      correlation_id: "c1",
      user_id: Buffer.from("u1") as never,
      to: "/devices/d/messages/events",
      content_type: "application/json",
      content_encoding: "utf-8",
      absolute_expiry_time: new Date(1_800_000_000_000) as never,
      creation_time: new Date(1_700_000_000_000) as never,
      application_properties: { event: "temperature", seq: "7" },
      body: data('{"a":1}'),
    }),
  );
  expect({ ...decoded, body: Buffer.from(decoded.body).toString(), properties: [...decoded.properties] }).toEqual({
    messageId: "m1",
    correlationId: "c1",
    userId: "u1",
    to: "/devices/d/messages/events",
    contentType: "application/json",
    contentEncoding: "utf-8",
    absoluteExpiryTime: 1_800_000_000_000,
    creationTime: 1_700_000_000_000,
    properties: [
      ["event", "temperature"],
      ["seq", "7"],
    ],
    body: '{"a":1}',
  });
});

test("uuid ids, as the Node SDK sends them, become text", () => {
  const id = "f81d4fae-7dec-41d0-a765-00a0c91e6bf6";
  const uuid = rhea.types.wrap_uuid(rhea.string_to_uuid(id));
  const decoded = decodeDeviceMessage(
    encode({ message_id: uuid as never, correlation_id: uuid as never, body: data("x") }),
  );
  expect(decoded).toMatchObject({ messageId: id, correlationId: id });
});

test("application property values of any scalar type become text", () => {
  const { wrap_int, wrap_boolean, wrap_timestamp, wrap_double } = rhea.types;
  const application_properties = {
    int: wrap_int(-5),
    yes: wrap_boolean(true),
    at: wrap_timestamp(0),
    half: wrap_double(0.5),
    nothing: null,
  };
  const decoded = decodeDeviceMessage(
    encode({ application_properties: application_properties as never, body: data("") }),
  );
  expect(Object.fromEntries(decoded.properties)).toEqual({
    int: "-5",
    yes: "true",
    at: "1970-01-01T00:00:00.000Z",
    half: "0.5",
    nothing: "",
  });
});

test("from whom a message says it comes is no application property: the hub stamps the sender", () => {
  const application_properties = {
    "iothub-connection-device-id": "other",
    "iothub-connection-module-id": "m",
    "iothub-connection-device": "mine",
  };
  const decoded = decodeDeviceMessage(encode({ application_properties, body: data("x") }));
  expect([...decoded.properties]).toEqual([["iothub-connection-device", "mine"]]);
});

test("special application properties and annotations become fields", () => {
  const decoded = decodeDeviceMessage(
    encode({
      application_properties: {
        "iothub-ack": "full",
        "iothub-message-schema": "s1",
        "iothub-outputname": "out",
        other: "o",
      },
      message_annotations: { "iothub-interface-id": "dtmi:x;1", "dt-subject": "thermostat", unknown: [1, { a: 2 }] },
      body: data("x"),
    }),
  );
  expect(decoded).toMatchObject({
    ack: "full",
    messageSchema: "s1",
    outputName: "out",
    interfaceId: "dtmi:x;1",
    subject: "thermostat",
  });
  expect([...decoded.properties]).toEqual([["other", "o"]]);
});

test("a body may be several data sections, a string or a binary value", () => {
  const body = (fields: Message): string => Buffer.from(decodeDeviceMessage(encode(fields)).body).toString();
  expect(body({ body: message.data_sections([Buffer.from("ab"), Buffer.from("cd")]) })).toBe("abcd");
  expect(body({ body: "text" })).toBe("text");
  expect(body({ body: Buffer.from("bytes") })).toBe("bytes");
});

test("a sequence or a map as body is refused", () => {
  expect(() => decodeDeviceMessage(encode({ body: message.sequence_section([1, 2]) }))).toThrow(AmqpDecodeError);
  expect(() => decodeDeviceMessage(encode({ body: { a: 1 } }))).toThrow(AmqpDecodeError);
});

test("any text and bytes survive rhea's encoder and our decoder", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 300 });
  fc.assert(
    fc.property(
      text,
      fc.dictionary(text, text, { noNullPrototype: true }),
      fc.uint8Array(),
      (id, properties, bytes) => {
        const decoded = decodeDeviceMessage(
          encode({ message_id: id, application_properties: properties, body: data(bytes as never) }),
        );
        expect(decoded.messageId ?? "").toBe(id);
        expect(Object.fromEntries(decoded.properties)).toEqual(properties);
        expect(Buffer.from(decoded.body).equals(bytes)).toBe(true);
      },
    ),
  );
});

test("a batch holds one message per data section", () => {
  const inner = ["a", "b"].map((id) => encode({ message_id: id, body: data(id) }));
  const batch = encode({ message_annotations: { "x-opt-batch": "1" }, body: message.data_sections(inner) });
  expect(decodeBatch(batch).map(({ messageId, body }) => [messageId, Buffer.from(body).toString()])).toEqual([
    ["a", "a"],
    ["b", "b"],
  ]);
  expect(BATCH_MESSAGE_FORMAT).toBe(2_147_563_264);
});

test("an empty batch and a batch of garbage are refused", () => {
  expect(() => decodeBatch(Buffer.alloc(0))).toThrow(AmqpDecodeError);
  expect(() => decodeBatch(encode({ body: data("garbage") }))).toThrow(AmqpDecodeError);
});
