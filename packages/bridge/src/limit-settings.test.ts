import { expect, test } from "vitest";
import { readLimits } from "./limit-settings.ts";

const read = (settings: Record<string, string>): ReturnType<typeof readLimits> =>
  readLimits(settings, (message) => new Error(message));

test("without settings the limits are the device cloud's", () => {
  expect(read({})).toEqual({
    deviceRate: { intervalMs: 1000, burst: 4 },
    address: 10_000,
    streams: 100,
    trustedProxies: [],
  });
});

test("each limit can be set and switched off", () => {
  expect(read({ ISTHMUS_DEVICE_RATE: "30/min, 10" }).deviceRate).toEqual({ intervalMs: 2000, burst: 10 });
  expect(read({ ISTHMUS_DEVICE_RATE: "0.5/s,1" }).deviceRate).toEqual({ intervalMs: 2000, burst: 1 });
  const off = { ISTHMUS_DEVICE_RATE: "off", ISTHMUS_ADDRESS_LIMIT: "OFF", ISTHMUS_STREAM_LIMIT: "0" };
  expect(read(off)).toMatchObject({ deviceRate: null, address: null, streams: null });
  const proxies = ["10.0.0.7", "192.168.0.0/16", "::1", "fd00::/8", "loopback"];
  expect(read({ ISTHMUS_TRUSTED_PROXIES: proxies.join(" , ") }).trustedProxies).toEqual(proxies);
});

test.each([
  ["ISTHMUS_DEVICE_RATE", "4"],
  ["ISTHMUS_DEVICE_RATE", "0/s,4"],
  ["ISTHMUS_DEVICE_RATE", "1/s,0"],
  ["ISTHMUS_DEVICE_RATE", "1/day,4"],
  ["ISTHMUS_ADDRESS_LIMIT", "-1"],
  ["ISTHMUS_ADDRESS_LIMIT", "many"],
  ["ISTHMUS_STREAM_LIMIT", "1.5"],
  ["ISTHMUS_TRUSTED_PROXIES", "proxy.example.com"],
  ["ISTHMUS_TRUSTED_PROXIES", "10.0.0.0/33"],
  ["ISTHMUS_TRUSTED_PROXIES", "10.0.0.0/8/8"],
])("%s=%s is refused by name", (name, value) => {
  expect(() => read({ [name]: value })).toThrow(`${name} takes`);
});
