import { expect, test } from "vitest";
import { hubHost } from "./hub-host.ts";

test.each([
  ["my-hub", "my-hub.azure-devices.net"],
  ["My-Hub", "my-hub.azure-devices.net"],
  ["my-hub.azure-devices.net", "my-hub.azure-devices.net"],
  ["my-hub.azure-devices.cn", "my-hub.azure-devices.cn"],
  [" local ", "local"],
])("%s means the host %s", (hubName, hostName) => {
  expect(hubHost(hubName)).toEqual({ ok: true, hostName });
});

test.each([
  "",
  "localhost",
  "my hub",
  "-hub",
  "hub-",
  "169.254.169.254",
  "10.0.0.1",
  "https://my-hub.azure-devices.net",
  "hub:443",
  "a..b",
])("'%s' is no hub", (hubName) => {
  expect(hubHost(hubName)).toEqual({ ok: false, message: expect.stringMatching(/a hub's|no hub of/) as string });
});

test("a name that the operator lists counts as it is", () => {
  expect(hubHost("HUB.internal", ["hub.internal"])).toEqual({ ok: true, hostName: "hub.internal" });
  expect(hubHost("localhost", ["localhost"])).toEqual({ ok: true, hostName: "localhost" });
});
