import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import { makeAuthority } from "./testing/device-certificates.ts";
import { ConfigError, SETTINGS, helpText, readConfig } from "./config.ts";

test("without settings everything has its default", () => {
  expect(readConfig([], {})).toEqual({ ports: {} });
});

test("flags win over the environment, and an empty variable counts as none", () => {
  const env = { IOT_HUB_HTTPS_PORT: "1", IOT_HUB_AMQPS_PORT: "0", IOT_HUB_DATA: "" };
  expect(readConfig(["--https-port", "2", "--data=here"], env)).toEqual({
    folder: "here",
    ports: { https: 2, amqps: 0 },
  });
});

test.each([
  ["localhost", { hostName: "localhost", host: "127.0.0.1" }],
  ["myhub.local", { hostName: "myhub.local", host: "myhub.local" }],
  ["0.0.0.0", { hostName: "localhost", host: "0.0.0.0" }],
])("IOT_HUB_HOST=%s is name and address", (value, expected) => {
  expect(readConfig([], { IOT_HUB_HOST: value })).toMatchObject(expected);
});

test.each([
  [["--https-port", "65536"], {}, /--https-port \(IOT_HUB_HTTPS_PORT\)/],
  [[], { IOT_HUB_AMQP_PORT: "x" }, /--amqp-port \(IOT_HUB_AMQP_PORT\)/],
  [["--nonsense"], {}, /nonsense/],
] as const)("%j %j is refused by name", (args, env, message) => {
  expect(() => readConfig(args, env)).toThrow(ConfigError);
  expect(() => readConfig(args, env)).toThrow(message);
});

test("CA files are read, from repeated flags or a list in the environment; the hub's own goes by its name", async () => {
  const folder = await mkdtemp(join(tmpdir(), "config-"));
  try {
    const files = [join(folder, "a.pem"), join(folder, "b.pem")];
    const texts = [(await makeAuthority("A")).certificate, (await makeAuthority("B")).certificate];
    const [a, b] = files;
    for (const [i, file] of files.entries()) await writeFile(file, texts[i] ?? "");
    const wrong = join(folder, "key.pem");
    await writeFile(wrong, "no certificate");
    expect(readConfig(["--device-ca", a ?? "", "--device-ca", "development"], {})).toMatchObject({
      deviceCertificateAuthorities: [texts[0], "development"],
    });
    const env = { IOT_HUB_DEVICE_CA: [a, b].join(delimiter) };
    expect(readConfig([], env)).toMatchObject({ deviceCertificateAuthorities: texts });
    expect(() => readConfig(["--device-ca", wrong], {})).toThrow(/--device-ca .*key\.pem: .*no certificate/);
    expect(() => readConfig(["--device-ca", join(folder, "none.pem")], {})).toThrow(/--device-ca .*none\.pem/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("routes are read from a file, and what is wrong in it is said with its place", async () => {
  const folder = await mkdtemp(join(tmpdir(), "config-"));
  const file = join(folder, "routing.json");
  try {
    await writeFile(file, JSON.stringify({ routes: [{ name: "r", condition: "a = 'b'", endpointNames: ["events"] }] }));
    expect(readConfig(["--routing", file, "--consumer-group", "one", "--consumer-group=two"], {})).toMatchObject({
      routing: { routes: [{ name: "r", source: "DeviceMessages", isEnabled: true }] },
      consumerGroups: ["one", "two"],
    });
    for (const [text, message] of [
      ["{", /--routing \(IOT_HUB_ROUTING\): .*routing\.json is no JSON/],
      ['{"routes":[{"name":"r","condition":"a =","endpointNames":["events"]}]}', /routes\[0\]\.condition.*column/],
    ] as const) {
      await writeFile(file, text);
      expect(() => readConfig([], { IOT_HUB_ROUTING: file })).toThrow(message);
    }
    expect(() => readConfig(["--routing", join(folder, "none")], {})).toThrow(ConfigError);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("help names every setting", () => {
  expect(readConfig(["--help"], {})).toBeUndefined();
  for (const { flag, variable } of Object.values(SETTINGS))
    expect(helpText()).toMatch(new RegExp(`--${flag}.*${variable}`));
});

test("a tier is read with its units", () => {
  expect(readConfig(["--tier", "s2", "--units=3"], {})).toMatchObject({ tier: "S2", units: 3 });
  expect(readConfig([], { IOT_HUB_TIER: "F1" })).toMatchObject({ tier: "F1", units: 1 });
});

test.each([
  [{ IOT_HUB_TIER: "S9" }, /--tier \(IOT_HUB_TIER\) must be one of F1, /],
  [{ IOT_HUB_TIER: "F1", IOT_HUB_UNITS: "2" }, /--units \(IOT_HUB_UNITS\) must be from 1 to 1 in F1/],
  [{ IOT_HUB_UNITS: "2" }, /--units \(IOT_HUB_UNITS\) needs --tier/],
])("%j is refused", (env, message) => {
  expect(() => readConfig([], env)).toThrow(message);
});

test("a storage account is taken as it is written, and refused without showing its key", () => {
  const env = { IOT_HUB_STORAGE: "UseDevelopmentStorage=true", IOT_HUB_STORAGE_CONTAINER: "files" };
  expect(readConfig([], env)).toEqual({
    storage: "UseDevelopmentStorage=true",
    storageContainer: "files",
    ports: {},
  });
  expect(() => readConfig(["--storage-container", "files"], {})).toThrow(
    /--storage \(IOT_HUB_STORAGE\), which is missing/,
  );
  const wrong = ["--storage", "AccountName=a;AccountKey=s3cret!"];
  expect(() => readConfig(wrong, {})).toThrow(/--storage.*base64/);
  expect(() => readConfig(wrong, {})).not.toThrow(/s3cret/);
});
