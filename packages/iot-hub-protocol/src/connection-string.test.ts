import { parseEventHubConnectionString as parseTheirs } from "@azure/event-hubs";
import { ConnectionString as DeviceConnectionString } from "azure-iot-common";
import { ConnectionString as ServiceConnectionString } from "azure-iothub";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  ConnectionStringError,
  formatDeviceConnectionString,
  formatEventHubConnectionString,
  formatHubConnectionString,
  parseDeviceConnectionString,
  parseEventHubConnectionString,
  parseHubConnectionString,
} from "./connection-string.ts";

const KEY = Buffer.from("an example key of thirty-two byt").toString("base64");

const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9.-]{0,30}$/);
const key = fc.uint8Array({ minLength: 16, maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString("base64"));

test("the service SDK reads what we write", () => {
  fc.assert(
    fc.property(name, name, key, (hostName, sharedAccessKeyName, sharedAccessKey) => {
      const parts = { hostName, sharedAccessKeyName, sharedAccessKey };
      const theirs = ServiceConnectionString.parse(formatHubConnectionString(parts));
      expect(theirs).toMatchObject({
        HostName: hostName,
        SharedAccessKeyName: sharedAccessKeyName,
        SharedAccessKey: sharedAccessKey,
      });
      expect(parseHubConnectionString(formatHubConnectionString(parts))).toEqual(parts);
    }),
  );
});

test("the device SDK reads what we write, and so do we", () => {
  fc.assert(
    fc.property(name, name, key, (hostName, deviceId, sharedAccessKey) => {
      const parts = { hostName, deviceId, sharedAccessKey };
      const theirs = DeviceConnectionString.parse(formatDeviceConnectionString(parts));
      expect(theirs).toMatchObject({ HostName: hostName, DeviceId: deviceId, SharedAccessKey: sharedAccessKey });
      expect(parseDeviceConnectionString(formatDeviceConnectionString(parts))).toEqual(parts);
    }),
  );
});

test("a device string keeps module and gateway", () => {
  const text = `HostName=h;DeviceId=d;ModuleId=m;SharedAccessKey=${KEY};GatewayHostName=localhost:8884`;
  const parts = {
    hostName: "h",
    deviceId: "d",
    moduleId: "m",
    sharedAccessKey: KEY,
    gatewayHostName: "localhost:8884",
  };
  expect(parseDeviceConnectionString(text)).toEqual(parts);
  expect(formatDeviceConnectionString(parts)).toBe(text);
});

test.each([true, false])("the Event Hubs client reads what we write, emulator mode %s", (developmentEmulator) => {
  const parts = {
    endpoint: "localhost:5999",
    sharedAccessKeyName: "service",
    sharedAccessKey: KEY,
    entityPath: "iothub-ehub-localhost",
    developmentEmulator,
  };
  const text = formatEventHubConnectionString(parts);
  expect(parseTheirs(text)).toMatchObject({
    fullyQualifiedNamespace: "localhost:5999",
    eventHubName: "iothub-ehub-localhost",
    sharedAccessKey: KEY,
    sharedAccessKeyName: "service",
  });
  expect(parseEventHubConnectionString(text)).toEqual(parts);
});

test.each([
  ["", "HostName"],
  ["HostName=h;SharedAccessKeyName=p", "SharedAccessKey"],
  ["HostName=;SharedAccessKeyName=p;SharedAccessKey=k", "HostName"],
  ["=x", "Name=value"],
  ["HostName", "Name=value"],
])("%j is refused with what is missing", (text, missing) => {
  expect(() => parseHubConnectionString(text)).toThrow(ConnectionStringError);
  expect(() => parseHubConnectionString(text)).toThrow(missing);
});

test("an endpoint that is no sb:// address is refused without telling the key", () => {
  const text = "Endpoint=https://x/;SharedAccessKeyName=p;SharedAccessKey=secret;EntityPath=e";
  expect(() => parseEventHubConnectionString(text)).toThrow(/^Endpoint must look like sb:\/\/host\/\.$/);
});
