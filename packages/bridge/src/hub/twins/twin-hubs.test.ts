/** What only a stand-in can show of a hub: how it is asked, and answers that the Local Hub never gives. */
import { expect, onTestFinished, test } from "vitest";
import type { HubConnection } from "../../core/integration.ts";
import type { TwinHub } from "../../core/twin-hub.ts";
import { makeTestCertificate } from "../testing/certificate.ts";
import { startEntraStandIn, TENANT, tokenAnswer } from "../testing/entra-stand-in.ts";
import { CONNECTION, SILENT_LOG } from "../testing/hub-under-test.ts";
import { startRestStandIn } from "../testing/rest-stand-in.ts";
import type { RestStandIn } from "../testing/rest-stand-in.ts";
import { createTwinHubs } from "./twin-hubs.ts";
import type { TwinHubsOptions } from "./twin-hubs.ts";

const failed = (code: string): object => ({ ok: false, failure: expect.objectContaining({ code }) as object });
const NEVER = "0001-01-01T00:00:00Z";

async function start(
  answer: RestStandIn["answer"],
  change: Partial<HubConnection> = {},
  options: Partial<TwinHubsOptions> = {},
): Promise<{ readonly hub: TwinHub; readonly standIn: RestStandIn }> {
  const certificate = makeTestCertificate();
  const standIn = await startRestStandIn(certificate, answer);
  const { ca } = certificate;
  const endpoint = { hostName: "localhost", httpsPort: standIn.port, amqpsPort: 9, ca, allowPrivate: true };
  const hubs = createTwinHubs({ endpointOf: () => endpoint, now: Date.now, log: SILENT_LOG, ...options });
  const hub = hubs.openTwins({ ...CONNECTION, ...change });
  onTestFinished(async () => {
    await hub.close();
    await standIn.close();
  });
  return { hub, standIn };
}

test("the connection string of a device of Azure's names host, device and key, and nothing else", async () => {
  const { hub } = await start(({ body }) => ({
    status: 200,
    body: JSON.stringify({ ...JSON.parse(body), generationId: "g" }),
  }));
  const made = await hub.createDevice("thing-1");
  if (!made.ok || made.value === "exists") throw new Error("It was not made.");
  const { connectionString, primaryKey } = made.value;
  expect(connectionString).toBe(`HostName=localhost;DeviceId=thing-1;SharedAccessKey=${primaryKey}`);
});

test("a hub as it writes twins: states in capitals, never as the year 1, times without a zone", async () => {
  const twin = {
    deviceId: "d",
    etag: "AAAAAAAAAAE=",
    version: 4,
    status: "Enabled",
    connectionState: "Connected",
    lastActivityTime: "2024-05-01T10:00:00.1234567",
    properties: {
      desired: { $metadata: { $lastUpdated: NEVER }, $version: 1 },
      reported: { level: 1, $metadata: { $lastUpdated: "x", level: { $lastUpdated: "y" } }, $version: 3 },
    },
  };
  const { hub } = await start(({ url }) =>
    url.startsWith("/twins/")
      ? { status: 200, body: JSON.stringify(twin) }
      : { status: 200, body: JSON.stringify([{ deviceId: "d", lastActivityTime: NEVER }]) },
  );
  expect(await hub.twin("d")).toEqual({
    ok: true,
    value: {
      deviceId: "d",
      etag: "AAAAAAAAAAE=",
      version: 4,
      status: "enabled",
      connectionState: "connected",
      lastActivity: Date.parse("2024-05-01T10:00:00.123Z"),
      desired: { properties: {}, version: 1, metadata: { $lastUpdated: NEVER } },
      reported: { properties: { level: 1 }, version: 3, metadata: { $lastUpdated: "x", level: { $lastUpdated: "y" } } },
    },
  });
  expect(await hub.glanceAt(["d"])).toMatchObject({
    ok: true,
    value: [{ deviceId: "d", lastActivity: null, etag: "" }],
  });
});

test("a page of a list is asked for by its place, and the last one has none after it", async () => {
  const { hub, standIn } = await start(({ headers }) => ({
    status: 200,
    body: "[]",
    ...(headers["x-ms-continuation"] === undefined && { headers: { "x-ms-continuation": "page-2" } }),
  }));
  expect(await hub.glance({ page: null, size: 700 })).toEqual({ ok: true, value: { twins: [], next: "page-2" } });
  expect(await hub.glance({ page: "page-2", size: 700 })).toEqual({ ok: true, value: { twins: [], next: null } });
  expect(standIn.requests.map(({ method, url, headers }) => [method, url, headers["x-ms-max-item-count"]])).toEqual(
    Array.from({ length: 2 }, () => ["POST", "/devices/query?api-version=2021-04-12", "700"]),
  );
});

test.each([
  ["<html>a proxy</html>", "hub_error"],
  ["[]", "hub_error"],
  ['{"deviceId":"d"}', "hub_error"],
])("the answer %s is no twin, and no device that is missing", async (body, code) => {
  const { hub } = await start(() => ({ status: 200, body }));
  expect(await hub.twin("d")).toEqual(failed(code));
  expect(await hub.twins({ page: null, size: 10 })).toMatchObject(body === "[]" ? { ok: true } : failed(code));
});

test("a twin that holds more than twins can is none", async () => {
  const wide = JSON.stringify(Array.from({ length: 400_000 }, () => 0));
  for (const reported of [`${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`, `{"a":${wide}}`, '{"a":1e999}']) {
    const body = `{"deviceId":"d","properties":{"desired":{"$version":1},"reported":${reported}}}`;
    const { hub } = await start(() => ({ status: 200, body }));
    expect(await hub.twin("d")).toEqual(failed("hub_error"));
  }
});

test("a twin of 32,000 empty texts, each a byte to the hub, is one", async () => {
  const reported = JSON.stringify({ a: Array.from({ length: 32_000 }, () => ""), $version: 2 });
  const body = `{"deviceId":"d","properties":{"desired":{"$version":1},"reported":${reported}}}`;
  const { hub } = await start(() => ({ status: 200, body }));
  expect(await hub.twin("d")).toMatchObject({ ok: true });
});

test("a list that never ends is given up", async () => {
  const { hub, standIn } = await start(() => ({ status: 200, body: "[]", headers: { "x-ms-continuation": "more" } }));
  expect(await hub.glanceAt(["a", "b"])).toEqual(failed("hub_error"));
  expect(standIn.requests.length).toBeLessThan(30);
});

test("a 404 that speaks of something else than the device is trouble", async () => {
  const { hub } = await start(() => ({
    status: 404,
    headers: { "iothub-errorcode": "IotHubNotFound" },
    body: JSON.stringify({ Message: "ErrorCode:IotHubNotFound;no hub" }),
  }));
  expect(await hub.twin("d")).toEqual(failed("hub_not_found"));
  expect(await hub.device("d")).toEqual(failed("hub_not_found"));
  expect(await hub.deleteDevice("d")).toEqual(failed("hub_not_found"));
});

test("an Entra identity asks by its bearer", async () => {
  const { authority, ca } = await startEntraStandIn(() => tokenAnswer("t1"));
  const entra = { kind: "client_secret", tenantId: TENANT, clientId: "c", clientSecret: "s" } as const;
  const { hub, standIn } = await start(() => ({ status: 204 }), { entra }, { entra: { authority, ca } });
  expect(await hub.deleteDevice("d")).toEqual({ ok: true, value: null });
  expect(standIn.requests.map(({ headers }) => headers["authorization"])).toEqual(["Bearer t1"]);
});
