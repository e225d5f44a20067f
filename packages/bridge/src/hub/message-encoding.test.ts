import fc from "fast-check";
import rhea from "rhea";
import { expect, test } from "vitest";
import { encodeMessage } from "./message-encoding.ts";

// Judged by the AMQP library's own decoder.
test("any message decodes to what was put in", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 400 });
  const ascii = fc.stringMatching(/^[a-z/+-]{1,60}$/);
  // The judging decoder makes plain objects, in which this one name means something else.
  const name = fc.string({ minLength: 1, maxLength: 300 }).filter((text) => text !== "__proto__");
  const message = fc.record({
    messageId: text,
    body: fc.uint8Array({ maxLength: 2_000 }),
    contentType: ascii,
    contentEncoding: ascii,
    creationTime: fc.integer({ min: 0, max: 4_102_444_800_000 }),
    properties: fc.dictionary(name, text, { maxKeys: 10, noNullPrototype: true }),
  });
  fc.assert(
    fc.property(message, (given) => {
      const decoded = rhea.message.decode(encodeMessage(given));
      expect(decoded["message_id"]).toBe(given.messageId);
      expect(decoded["content_type"]).toBe(given.contentType);
      expect(decoded["content_encoding"]).toBe(given.contentEncoding);
      expect(Number(decoded["creation_time"])).toBe(given.creationTime);
      expect(Buffer.compare(decoded["body"].content, given.body)).toBe(0);
      expect(decoded["application_properties"] ?? {}).toEqual(given.properties);
    }),
    { numRuns: 500 },
  );
});

test("a message without application properties has no such section", () => {
  const common = { messageId: "m", contentType: "a/b", contentEncoding: "utf-8", creationTime: 1 };
  const decoded = rhea.message.decode(encodeMessage({ ...common, body: new Uint8Array(0), properties: {} }));
  expect(decoded["application_properties"]).toBeUndefined();
  expect(decoded["body"].content).toHaveLength(0);
});
