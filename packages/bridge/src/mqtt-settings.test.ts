/** Where devices connect, as settings say. */
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { readConfig } from "./config.ts";

const FOLDER = resolve("/isthmus-test/none");

function mqtt(settings: Readonly<Record<string, string>>): ReturnType<typeof readConfig>["mqtt"] {
  return readConfig(settings, FOLDER).mqtt;
}

test("port 1883 is a wish, a port that is named is meant", () => {
  expect(mqtt({})).toEqual({ port: 1883, isPortDefault: true, tls: null });
  expect(mqtt({ ISTHMUS_MQTT_PORT: "1883" })).toMatchObject({ port: 1883, isPortDefault: false });
  expect(mqtt({ ISTHMUS_MQTT_PORT: "off" })).toMatchObject({ port: null });
});

test("TLS needs a port and two files, whose names count from the folder", () => {
  const files = { ISTHMUS_TLS_CERT: "tls/cert.pem", ISTHMUS_TLS_KEY: "/etc/key.pem" };
  expect(mqtt(files).tls).toBeNull();
  expect(mqtt({ ...files, ISTHMUS_MQTTS_PORT: "8883" }).tls).toEqual({
    port: 8883,
    certFile: resolve(FOLDER, "tls/cert.pem"),
    keyFile: resolve("/etc/key.pem"),
  });
  expect(() => mqtt({ ISTHMUS_MQTTS_PORT: "8883" })).toThrow(/ISTHMUS_TLS_CERT and ISTHMUS_TLS_KEY/);
});

test.each(["ISTHMUS_MQTT_PORT", "ISTHMUS_MQTTS_PORT"])("%s takes a port or 'off'", (name) => {
  for (const value of ["65536", "-1", "on"]) expect(() => mqtt({ [name]: value })).toThrow(name);
});

test("a device has 30 seconds to answer, or what the setting says", () => {
  expect(readConfig({}, FOLDER).callTimeoutMs).toBe(30_000);
  expect(readConfig({ ISTHMUS_CALL_TIMEOUT_SECONDS: "5" }, FOLDER).callTimeoutMs).toBe(5_000);
  expect(() => readConfig({ ISTHMUS_CALL_TIMEOUT_SECONDS: "0" }, FOLDER)).toThrow("ISTHMUS_CALL_TIMEOUT_SECONDS");
});
