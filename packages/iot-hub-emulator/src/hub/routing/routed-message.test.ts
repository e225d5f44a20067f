import type { DeviceMessage } from "iot-hub-protocol";
import { expect, test } from "vitest";
import { parseCondition } from "../query/condition.ts";
import { RoutedMessage } from "./routed-message.ts";

const TWIN = { tags: { Floor: 3, site: "oslo" }, properties: { desired: {}, reported: { battery: { level: 55 } } } };
const BODY = { Weather: { Temperature: 50, History: [{ Month: "Feb" }] }, on: true };
const JSON_UTF8 = { contentType: "application/json; charset=utf-8", contentEncoding: "UTF-8" };

function holds(condition: string, message: Partial<DeviceMessage> = {}): boolean | undefined {
  const routed = new RoutedMessage(
    {
      body: Buffer.from(JSON.stringify(BODY)),
      ...JSON_UTF8,
      messageId: "m1",
      subject: "thermostat",
      properties: new Map([
        ["processingPath", "hot"],
        ["a.b", "dots"],
        ["$own", "mine"],
        ["level", "5"],
      ]),
      ...message,
    },
    {
      partitionKey: "d",
      deviceId: "d",
      moduleId: "m",
      hubEnqueuedTime: Date.UTC(2026, 0, 2),
      source: "Telemetry",
    },
    () => TWIN,
  );
  return parseCondition(condition, "routing")(routed.resolve);
}

test.each([
  "processingPath = 'hot'",
  "PROCESSINGPATH = 'hot'",
  'processingPath = "hot" AND NOT is_defined(other)',
  "a.b = 'dots'",
  "{processingPath} = 'hot'",
  "$own = 'mine'",
  "as_number(level) > 4",
  "$connectionDeviceId = 'd'",
  "$iothub-connection-device-id = 'd'",
  "$connectionModuleId = 'm'",
  "$contentEncoding = 'UTF-8' AND starts_with($contentType, 'application/json')",
  "$messageId = 'm1'",
  "$dt-subject = 'thermostat'",
  "$iothub-message-source = 'Telemetry'",
  "$enqueuedTime > '2026-01-01T00:00:00Z'",
  "$body.Weather.Temperature = 50",
  "$body.weather.history[0].month = 'Feb'",
  "$body.on",
  "$body.Weather.Temperature = 50 AND processingPath = 'hot'",
  "$twin.tags.floor = 3",
  "$twin.properties.reported.battery.level > 50",
])("%s holds", (condition) => {
  expect(holds(condition)).toBe(true);
});

test.each(["processingPath = 'cold'", "$body.Weather.Temperature = 51", "$twin.tags.site = 'rome'"])(
  "%s does not hold",
  (condition) => {
    expect(holds(condition)).toBe(false);
  },
);

test.each([
  "$body[0] = 'x'",
  "$body = 50",
  "$body.toString = 1",
  "constructor = 'x'",
  "$constructor = 'x'",
  "$twin.deviceId = 'd'",
  "$twin.tags.nothing = 1",
  "level > 4",
])("%s is undefined", (condition) => {
  expect(holds(condition)).toBe(undefined);
});

test.each<[string, Partial<DeviceMessage>]>([
  ["no content type and encoding", { contentType: "", contentEncoding: "" }],
  ["no encoding", { contentEncoding: "" }],
  ["no type", { contentType: "" }],
  ["another type", { contentType: "text/plain" }],
  ["another encoding", { contentEncoding: "gzip" }],
  ["no JSON", { body: Buffer.from("{") }],
  ["no UTF-8", { body: Buffer.from([0x22, 0xff, 0x22]) }],
])("a body with %s is not looked into", (_, message) => {
  expect(holds("$body.Weather.Temperature = 50", message)).toBe(undefined);
  expect(holds("$body.Weather.Temperature = 50 OR processingPath = 'hot'", message)).toBe(true);
});

test("bodies in UTF-16 and UTF-32 are read, with and without a mark", () => {
  const text = JSON.stringify({ a: "é😀" });
  const wide = (bigEndian: boolean, mark: boolean): Buffer => {
    const characters = Array.from(mark ? `\ufeff${text}` : text, (character) => character.codePointAt(0) ?? 0);
    const bytes = Buffer.alloc(characters.length * 4);
    for (const [i, code] of characters.entries()) {
      if (bigEndian) bytes.writeUInt32BE(code, i * 4);
      else bytes.writeUInt32LE(code, i * 4);
    }
    return bytes;
  };
  const bodies: readonly (readonly [string, Buffer])[] = [
    ["utf-8", Buffer.from(`\ufeff${text}`)],
    ["utf-16", Buffer.from(text, "utf16le")],
    ["utf-16", Buffer.from(`\ufeff${text}`, "utf16le")],
    ["utf-16", Buffer.from(`\ufeff${text}`, "utf16le").swap16()],
    ["UTF-32", wide(false, false)],
    ["utf-32", wide(false, true)],
    ["utf-32", wide(true, true)],
  ];
  for (const [contentEncoding, body] of bodies) expect(holds("$body.a = 'é😀'", { contentEncoding, body })).toBe(true);
  expect(holds("$body.a = 1", { contentEncoding: "utf-32", body: Buffer.from("abcd") })).toBe(undefined);
  expect(holds("$body.a = 1", { contentEncoding: "utf-16", body: Buffer.from([0xfe, 0xff, 0x00]) })).toBe(undefined);
});
