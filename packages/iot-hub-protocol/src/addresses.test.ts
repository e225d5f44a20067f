import { endpoint } from "azure-iot-common";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseHubAddress, partitionAddress, telemetryAddress } from "./addresses.ts";
import { isDeviceId } from "./device-id.ts";
import { MAX_MESSAGE_BYTES, messageSize } from "./message.ts";

const ID_CHARACTERS = "ABCXYZabcxyz0189-:.+%_#*?!(),=@;$'";
const deviceId = fc.string({ unit: fc.constantFrom(...ID_CHARACTERS.split("")), minLength: 1, maxLength: 128 });

test("addresses are those of the SDK, and are read back with every legal id", () => {
  // The SDK does not encode ids; one that contains an escape is ambiguous on the wire.
  const unescaped = deviceId.filter((id) => !id.includes("%"));
  fc.assert(
    fc.property(unescaped, unescaped, (device, module) => {
      expect(telemetryAddress(device)).toBe(endpoint.deviceEventPath(device));
      expect(telemetryAddress(device, module)).toBe(endpoint.moduleEventPath(device, module));
      const telemetry = { kind: "telemetry", deviceId: device };
      expect(parseHubAddress(telemetryAddress(device))).toEqual(telemetry);
      expect(parseHubAddress(`amqps://hub.example:5671${telemetryAddress(device)}`)).toEqual(telemetry);
      expect(parseHubAddress(telemetryAddress(device, module))).toEqual({ ...telemetry, moduleId: module });
    }),
  );
});

test.each([
  ["$cbs", { kind: "cbs" }],
  ["/devices/d/messages/deviceBound", { kind: "deviceBound", deviceId: "d" }],
  ["/devices/d%23/twin", { kind: "twin", deviceId: "d#" }],
  ["/devices/d/methods/devicebound", { kind: "methods", deviceId: "d" }],
  ["/messages/devicebound", { kind: "serviceDeviceBound" }],
  ["/messages/serviceBound/feedback", { kind: "feedback" }],
  ["/messages/serviceBound/filenotifications", { kind: "fileNotifications" }],
  ["amqps://h/messages/events/$management", { kind: "events", rest: "$management" }],
  ["messages/events", { kind: "events", rest: "" }],
])("%s is known", (address, expected) => {
  expect(parseHubAddress(address)).toEqual(expected);
});

test.each([
  "",
  "/",
  "devices",
  "/devices/d",
  "/devices/d/other",
  "/devices/d/constructor",
  "entity/ConsumerGroups/g/Partitions/0",
])("%j is not an address of the hub", (address) => {
  expect(parseHubAddress(address)).toBeUndefined();
});

test("a partition's address names group and partition", () => {
  expect(partitionAddress("e", "$Default", "3")).toBe("e/ConsumerGroups/$Default/Partitions/3");
});

test("device ids have 1 to 128 of the listed characters", () => {
  fc.assert(fc.property(deviceId, (id) => isDeviceId(id)));
  for (const wrong of ["", "a b", "ä", "a/b", "a\n", "a".repeat(129)]) expect(isDeviceId(wrong)).toBe(false);
});

test("a message's size counts its body, system values, and names and values of its properties", () => {
  const message = { body: Buffer.alloc(10), messageId: "12", contentType: "é", properties: new Map([["abc", "d"]]) };
  expect(messageSize(message)).toBe(10 + 2 + 2 + 4);
  expect(MAX_MESSAGE_BYTES).toBe(262_144);
});
