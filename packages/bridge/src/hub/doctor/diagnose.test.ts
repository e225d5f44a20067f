/** The doctor against the Local Hub with good and lacking policies, with faults, and against what is no hub. */
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { createEmulator } from "iot-hub-emulator";
import type { Emulator, EmulatorOptions } from "iot-hub-emulator";
import { expect, onTestFinished, test } from "vitest";
import type { DoctorReport } from "../../core/doctor.ts";
import type { Failure } from "../../core/failure.ts";
import type { HubEndpoint } from "../../core/hub-client.ts";
import type { HubConnection } from "../../core/integration.ts";
import { makeTestCertificate } from "../testing/certificate.ts";
import type { TestCertificateOptions } from "../testing/certificate.ts";
import { CONNECTION } from "../testing/hub-under-test.ts";
import { startRestStandIn } from "../testing/rest-stand-in.ts";
import { diagnose } from "./diagnose.ts";
import type { DiagnoseOptions } from "./diagnose.ts";

const WRONG = Buffer.alloc(32, 9).toString("base64");
const NAMES = [
  "name_resolution",
  "https",
  "amqps",
  "primary_key",
  "clock",
  "registry_read",
  "registry_write",
  "service_connect",
  "device_connect",
  "tier",
  "quota",
];

async function startHub(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = createEmulator({ ...options, port: 0 });
  await emulator.start();
  onTestFinished(() => emulator.stop());
  return emulator;
}

function connectionOf({ hub }: Emulator, policyName: string): HubConnection {
  return { ...CONNECTION, policyName, policyKey: hub.policies.get(policyName)!.primaryKey };
}

function examine(
  endpoint: Partial<HubEndpoint> | undefined,
  connection: HubConnection,
  more: Partial<DiagnoseOptions> = {},
): Promise<DoctorReport> {
  const whole = { hostName: "localhost", httpsPort: 9, amqpsPort: 9, allowPrivate: true, ...endpoint };
  const endpointOf = (): HubEndpoint | undefined => (endpoint === undefined ? undefined : whole);
  return diagnose({ endpointOf, pausedBy: () => null, now: Date.now, ...more }, connection);
}

/** `true`, `skipped`, or the code of each check that was made. */
function results({ checks }: DoctorReport): Record<string, unknown> {
  return Object.fromEntries(checks.map(({ name, ok, code }) => [name, ok === false ? code : ok]));
}

const allGood = Object.fromEntries(NAMES.map((name) => [name, true]));

test("a good policy passes everything, and no identity is left behind", async () => {
  const emulator = await startHub();
  const report = await examine(emulator.addresses, connectionOf(emulator, "iothubowner"));
  expect(results(report)).toEqual(allGood);
  expect(report.pass).toBe(true);
  expect(emulator.dump().identities).toEqual([]);
  expect(JSON.stringify(report)).not.toContain(connectionOf(emulator, "iothubowner").policyKey);
});

test.each([
  [
    "service",
    { registry_read: "permission_missing", registry_write: "permission_missing", device_connect: "permission_missing" },
  ],
  [
    "device",
    {
      registry_read: "permission_missing",
      registry_write: "permission_missing",
      service_connect: "permission_missing",
      tier: "skipped",
    },
  ],
  [
    "registryRead",
    {
      registry_write: "permission_missing",
      service_connect: "permission_missing",
      device_connect: "permission_missing",
      tier: "skipped",
    },
  ],
  [
    "registryReadWrite",
    { service_connect: "permission_missing", device_connect: "permission_missing", tier: "skipped" },
  ],
])("each permission that the policy %s lacks is named", async (policyName, lacking) => {
  const emulator = await startHub();
  const report = await examine(emulator.addresses, connectionOf(emulator, policyName));
  expect(results(report)).toEqual({ ...allGood, ...lacking });
  const steps = report.checks.filter(({ ok }) => ok === false).map(({ nextStep }) => nextStep);
  expect(steps).toEqual(
    Object.entries(lacking)
      .filter(([, code]) => code === "permission_missing")
      .map(([name]) => expect.stringContaining(`the permission ${titleOf(name)}: Azure portal`) as string),
  );
  expect(report.pass).toBe(false);
  expect(emulator.dump().identities).toEqual([]);
});

test("without a key the way to the hub is looked at, and nothing is tried with it", async () => {
  const emulator = await startHub();
  const report = await examine(emulator.addresses, { ...CONNECTION, policyName: "", policyKey: "" });
  expect(results(report)).toEqual(
    Object.fromEntries(NAMES.map((name) => [name, ["name_resolution", "https", "amqps"].includes(name) || "skipped"])),
  );
  expect(report.pass).toBe(true);
});

test("nothing is said of the quota where nothing was ever sent", async () => {
  const emulator = await startHub();
  const endpointOf = (): HubEndpoint => ({ allowPrivate: true, ...emulator.addresses });
  const report = await diagnose({ endpointOf, now: Date.now }, connectionOf(emulator, "iothubowner"));
  expect(results(report)).toEqual({ ...allGood, quota: "skipped" });
});

test("a wrong key is named as such, and not as a missing permission", async () => {
  const emulator = await startHub();
  const connection = { ...connectionOf(emulator, "iothubowner"), policyKey: WRONG };
  const report = await examine(emulator.addresses, connection);
  expect(results(report)).toMatchObject({
    primary_key: "key_refused",
    registry_read: "key_refused",
    registry_write: "key_refused",
    service_connect: "key_refused",
    device_connect: "skipped",
  });
  expect(JSON.stringify(report)).not.toContain(WRONG);
});

test("with one good key of two, the bad one is named and the permissions are still seen", async () => {
  const emulator = await startHub();
  const good = connectionOf(emulator, "iothubowner");
  const report = await examine(emulator.addresses, { ...good, policyKey: WRONG, secondaryKey: good.policyKey });
  expect(results(report)).toEqual({ ...allGood, primary_key: "key_refused", secondary_key: true });
});

test("a Basic tier has no twins, and that is no failure", async () => {
  const emulator = await startHub({ tier: "B1" });
  const report = await examine(emulator.addresses, connectionOf(emulator, "iothubowner"));
  expect(results(report)).toEqual(allGood);
  expect(report.checks.find(({ name }) => name === "tier")?.message).toMatch(/Basic/);
});

test("an identity that cannot be removed again is told", async () => {
  const emulator = await startHub();
  const where = { point: "http", operation: "DELETE /devices/:deviceId" } as const;
  emulator.faults.add({ where, effect: { kind: "error", error: "ServerError" }, times: 2 });
  const report = await examine(emulator.addresses, connectionOf(emulator, "iothubowner"));
  expect(results(report)).toEqual({ ...allGood, cleanup: "hub_error" });
  const [left] = emulator.dump().identities.map(({ deviceId }) => deviceId);
  expect(report.checks.find(({ name }) => name === "cleanup")?.message).toContain(left);
});

test("the hub's own trouble is named with its own step", async () => {
  const emulator = await startHub();
  const where = { point: "http", operation: "PUT /devices/:deviceId" } as const;
  emulator.faults.add({ where, effect: { kind: "error", error: "TooManyDevices" }, times: 1 });
  const { checks } = await examine(emulator.addresses, connectionOf(emulator, "iothubowner"));
  expect(checks.find(({ name }) => name === "registry_write")).toMatchObject({
    ok: false,
    nextStep: expect.stringContaining("Remove devices from the hub") as string,
  });
});

test("what pauses the integration's line for quota or rate is told", async () => {
  const emulator = await startHub();
  const failure: Failure = { code: "quota_exceeded", message: "8001 of 8000.", hubCode: "403002" };
  const report = await examine(emulator.addresses, connectionOf(emulator, "iothubowner"), { pausedBy: () => failure });
  expect(results(report)).toEqual({ ...allGood, quota: "quota_exceeded" });
});

test.each([
  [90_000, true],
  [-90_000, true],
  [400_000, "clock_skew"],
  [-400_000, "clock_skew"],
])("a clock that is %i ms off is told; beyond five minutes it is a failure", async (offset, clock) => {
  const emulator = await startHub();
  const now = (): number => Date.now() + offset;
  const report = await examine(emulator.addresses, connectionOf(emulator, "iothubowner"), { now });
  expect(results(report)["clock"]).toBe(clock);
  expect(report.checks.find(({ name }) => name === "clock")).toMatchObject({ code: "clock_skew" });
});

test("a name that nobody knows is told, and all that follows is skipped", async () => {
  const unknown = Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });
  const report = await examine({ hostName: "gone.azure-devices.net", allowPrivate: false }, CONNECTION, {
    resolve: (_name, _options, callback) => callback(unknown, []),
  });
  const skipped = Object.fromEntries(NAMES.map((name) => [name, "skipped"]));
  expect(results(report)).toEqual({ ...skipped, name_resolution: "hub_not_found" });
});

test("a name that leads into the operator's own network is refused", async () => {
  const report = await examine({ hostName: "inside.azure-devices.net", allowPrivate: false }, CONNECTION, {
    resolve: (_name, _options, callback) => callback(null, [{ address: "10.0.0.1", family: 4 }]),
  });
  expect(results(report)).toMatchObject({ name_resolution: "hub_address_refused", https: "skipped" });
});

test("nobody listening is told for each port", async () => {
  expect(results(await examine({ httpsPort: 1, amqpsPort: 1 }, CONNECTION))).toMatchObject({
    name_resolution: true,
    https: "hub_unreachable",
    amqps: "hub_unreachable",
    registry_read: "skipped",
  });
});

const DAY = 86_400_000;
test.each<[string, TestCertificateOptions, boolean, RegExp]>([
  ["expired", { from: new Date(Date.now() - 2 * DAY), until: new Date(Date.now() - DAY) }, true, /expired/],
  ["of tomorrow", { from: new Date(Date.now() + DAY), until: new Date(Date.now() + 2 * DAY) }, true, /not valid yet/],
  ["for another name", { dnsName: "other.example" }, true, /for another name/],
  ["of nobody known", {}, false, /signed by nobody known/],
])("a certificate %s is refused and explained", async (_fault, certificate, trusted, words) => {
  const made = makeTestCertificate(certificate);
  const hub = await startRestStandIn(made, () => ({ status: 401 }));
  onTestFinished(() => hub.close());
  const report = await examine({ httpsPort: hub.port, amqpsPort: 1, ...(trusted && { ca: made.ca }) }, CONNECTION);
  expect(results(report)).toMatchObject({ https: "hub_tls_failed" });
  expect(report.checks.find(({ name }) => name === "https")?.message).toMatch(words);
});

test("a port that speaks no TLS is explained", async () => {
  const server = createServer((socket) => socket.end("HTTP/1.0 400 Bad Request\r\n\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const report = await examine({ httpsPort: port, amqpsPort: 1 }, CONNECTION);
  expect(results(report)).toMatchObject({ https: "hub_tls_failed" });
});

test("a Local Hub that is not there is told", async () => {
  expect(results(await examine(undefined, CONNECTION))).toMatchObject({ name_resolution: "hub_unreachable" });
});

/** `registry_read` as `Registry Read`. */
function titleOf(check: string): string {
  return check.replace("_", " ").replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase());
}
