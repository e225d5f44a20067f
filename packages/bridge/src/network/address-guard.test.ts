import type { LookupAddress } from "node:dns";
import { isIP } from "node:net";
import { expect, test } from "vitest";
import { addressGuard } from "./address-guard.ts";
import type { Lookup } from "./address-guard.ts";

const REFUSED = [
  "0.0.0.0",
  "0.1.2.3",
  "10.0.0.1",
  "10.255.255.255",
  "100.64.0.1",
  "100.127.255.254",
  "127.0.0.1",
  "127.255.255.254",
  "169.254.0.1",
  "169.254.169.254", // metadata of most clouds
  "169.254.170.2",
  "168.63.129.16",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.1",
  "192.0.2.7",
  "192.88.99.1",
  "192.168.0.1",
  "192.168.255.255",
  "198.18.0.1",
  "198.19.255.255",
  "198.51.100.1",
  "203.0.113.9",
  "224.0.0.1",
  "239.255.255.250",
  "240.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::127.0.0.1",
  "::ffff:10.0.0.1",
  "::ffff:127.0.0.1",
  "::ffff:169.254.169.254",
  "::ffff:8.8.8.8",
  "::ffff:0:127.0.0.1",
  "64:ff9b::7f00:1",
  "64:ff9b::a9fe:a9fe",
  "64:ff9b:1::1",
  "100::1",
  "2001::1",
  "2001:db8::1",
  "2002:7f00:1::",
  "3fff::1",
  "5f00::1",
  "fc00::1",
  "fd00:ec2::254", // metadata over IPv6
  "fdff::1",
  "fe80::1",
  "febf::1",
  "fec0::1",
  "ff02::1",
  "ff05::1:3",
];

const ADMITTED = [
  "8.8.8.8",
  "20.43.44.160",
  "100.63.255.255",
  "100.128.0.1",
  "128.0.0.1",
  "172.15.255.255",
  "172.32.0.1",
  "192.167.255.255",
  "192.169.0.1",
  "223.255.255.255",
  "2603:1030:20e:3::23c",
  "2a01:111:f100:2000::a83e:3",
];

function resolvesTo(addresses: readonly string[]): Lookup {
  return (_name, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: isIP(address) })),
    );
}

function lookUp(addresses: readonly string[], allowPrivate = false, all = true): Promise<string[] | string | Error> {
  const guard = addressGuard({ allowPrivate, resolve: resolvesTo(addresses) });
  return new Promise((resolve) =>
    guard.lookup("hub.example", { all }, (error, answer) => {
      if (error !== null) resolve(error);
      else resolve(typeof answer === "string" ? answer : answer.map((entry: LookupAddress) => entry.address));
    }),
  );
}

test.each(REFUSED)("%s is refused, by name and literally", async (address) => {
  expect(await lookUp([address])).toMatchObject({ code: "ERR_ADDRESS_REFUSED" });
  expect(addressGuard({ allowPrivate: false }).admitsLiteral(address)).toBe(false);
});

test.each(ADMITTED)("%s is admitted, by name and literally", async (address) => {
  expect(await lookUp([address])).toEqual([address]);
  expect(addressGuard({ allowPrivate: false }).admitsLiteral(address)).toBe(true);
});

test("where private addresses are allowed, all are", async () => {
  expect(await lookUp(REFUSED, true)).toEqual(REFUSED);
  expect(addressGuard({ allowPrivate: true }).admitsLiteral("127.0.0.1")).toBe(true);
});

test("of several answers only the public ones are handed on", async () => {
  expect(await lookUp(["10.0.0.1", "8.8.8.8", "::1"])).toEqual(["8.8.8.8"]);
  expect(await lookUp(["10.0.0.1", "8.8.8.8"], false, false)).toBe("8.8.8.8");
});

test("an answer without addresses is refused, and an error of the name server is handed on", async () => {
  expect(await lookUp([])).toMatchObject({ code: "ERR_ADDRESS_REFUSED" });
  const failing: Lookup = (_name, _options, callback) =>
    callback(Object.assign(new Error("no"), { code: "ENOTFOUND" }), []);
  const guard = addressGuard({ allowPrivate: false, resolve: failing });
  await expect(
    new Promise((_, reject) => guard.lookup("x", {}, (error) => reject(error as Error))),
  ).rejects.toMatchObject({ code: "ENOTFOUND" });
});
