import { expect, onTestFinished, test } from "vitest";
import type { HubClient, HubEndpoint } from "../core/hub-client.ts";
import { KeyRing } from "./key-ring.ts";
import { policyAccess } from "./registry-access.ts";
import { createHubs } from "./hubs.ts";
import { RegistryTransport } from "./registry-transport.ts";
import { makeTestCertificate } from "./testing/certificate.ts";
import { CONNECTION, SILENT_LOG } from "./testing/hub-under-test.ts";
import { startRestStandIn } from "./testing/rest-stand-in.ts";
import type { RestAnswer, RestStandIn } from "./testing/rest-stand-in.ts";

const IDENTITY = { status: 200, body: JSON.stringify({ deviceId: "d1", generationId: "g1", status: "enabled" }) };
const failed = (code: string): object => ({ ok: false, failure: expect.objectContaining({ code }) as object });

async function start(
  answer: RestStandIn["answer"],
  change: Partial<HubEndpoint> = {},
): Promise<{ client: HubClient; hub: RestStandIn; endpoint: HubEndpoint }> {
  const certificate = makeTestCertificate();
  const hub = await startRestStandIn(certificate, answer);
  const { ca } = certificate;
  const endpoint = { hostName: "localhost", httpsPort: hub.port, amqpsPort: 9, ca, allowPrivate: true, ...change };
  const client = createHubs({ endpointOf: () => endpoint, now: Date.now, log: SILENT_LOG }).open(CONNECTION);
  onTestFinished(async () => {
    await client.close();
    await hub.close();
  });
  return { client, hub, endpoint };
}

function legacyError(status: number, name: string, words = "words"): RestAnswer {
  return {
    status,
    headers: { "iothub-errorcode": name },
    body: JSON.stringify({ Message: `ErrorCode:${name};${words}`, ExceptionMessage: "Tracking ID:0" }),
  };
}

function newerError(status: number, number: number, words = "words"): RestAnswer {
  const message = JSON.stringify({ errorCode: number, trackingId: "0", message: words });
  return { status, body: JSON.stringify({ Message: message, ExceptionMessage: "" }) };
}

test("an identity is created without precondition, with keys of the hub's making", async () => {
  const { client, hub } = await start(() => IDENTITY);
  expect(await client.createIdentity("d1")).toEqual({
    ok: true,
    value: { created: true, identity: { deviceId: "d1", generationId: "g1", status: "enabled" } },
  });
  const [asked] = hub.requests;
  expect(asked).toMatchObject({ method: "PUT", url: "/devices/d1?api-version=2021-04-12" });
  expect(asked?.headers["if-match"]).toBeUndefined();
  expect(asked?.headers["authorization"]).toMatch(
    /^SharedAccessSignature sr=localhost&sig=\S+&se=\d+&skn=iothubowner$/,
  );
  expect(JSON.parse(asked?.body ?? "")).toMatchObject({
    deviceId: "d1",
    authentication: { type: "sas", symmetricKey: { primaryKey: "", secondaryKey: "" } },
  });
});

test("an identity that exists is adopted as it is", async () => {
  const { client } = await start(({ method }) =>
    method === "PUT"
      ? legacyError(409, "DeviceAlreadyExists")
      : { status: 200, body: JSON.stringify({ deviceId: "d1", generationId: "g7", status: "disabled" }) },
  );
  expect(await client.createIdentity("d1")).toEqual({
    ok: true,
    value: { created: false, identity: { deviceId: "d1", generationId: "g7", status: "disabled" } },
  });
});

test("an identity that is gone again when it should be adopted is missing", async () => {
  const { client } = await start(({ method }) =>
    method === "PUT" ? legacyError(409, "DeviceAlreadyExists") : legacyError(404, "DeviceNotFound"),
  );
  expect(await client.createIdentity("d1")).toEqual(failed("identity_missing"));
});

test.each([
  [legacyError(400, "ArgumentInvalid"), "device_id_refused"],
  [legacyError(403, "IotHubQuotaExceeded"), "quota_exceeded"],
  [legacyError(404, "IotHubNotFound"), "hub_not_found"],
  [legacyError(429, "ThrottlingException"), "throttled"],
  [newerError(429, 429001), "throttled"],
  [newerError(403, 403002), "quota_exceeded"],
  [legacyError(500, "ServerError"), "hub_error"],
  [{ status: 503, body: "" }, "hub_error"],
  [{ status: 502, headers: { "content-type": "text/html" }, body: "<html>" }, "hub_error"],
  [{ status: 200, body: "<html>" }, "hub_error"],
  [{ status: 200, body: "[]" }, "hub_error"],
  [{ status: 302, headers: { location: "https://localhost/" } }, "hub_error"],
  ["drop", "hub_unreachable"],
] as const)("%j to a create means %s", async (answer, code) => {
  const { client } = await start(() => answer);
  expect(await client.createIdentity("d1")).toEqual(failed(code));
});

test("the hub's own words and number reach the failure", async () => {
  const { client } = await start(() => newerError(429, 429001, "Throttled: 100 a minute"));
  expect(await client.createIdentity("d1")).toMatchObject({
    failure: { hubCode: "429001", message: expect.stringContaining("Throttled: 100 a minute") as string },
  });
});

test("401 everywhere is a wrong key, 401 here and there a missing permission", async () => {
  const { client, hub } = await start(() => legacyError(401, "IotHubUnauthorizedAccess"));
  expect(await client.createIdentity("d1")).toEqual(failed("key_refused"));
  hub.answer = ({ method }) => (method === "PUT" ? legacyError(401, "IotHubUnauthorizedAccess") : IDENTITY);
  expect(await client.createIdentity("d1")).toEqual(failed("permission_missing"));
  hub.answer = ({ url }) =>
    url.startsWith("/twins/") ? legacyError(404, "DeviceNotFound") : legacyError(401, "IotHubUnauthorizedAccess");
  expect(await client.createIdentity("d1")).toEqual(failed("permission_missing"));
});

test("an absent device is no failure when it is looked for or deleted", async () => {
  const { client, hub } = await start(() => legacyError(404, "DeviceNotFound"));
  expect(await client.getIdentity("d1")).toEqual({ ok: true, value: null });
  expect(await client.getTwin("d1")).toEqual({ ok: true, value: null });
  expect(await client.deleteIdentity("d1")).toEqual({ ok: true, value: null });
  expect(await client.patchDesired("d1", { deviceName: "n" })).toEqual(failed("identity_missing"));
  hub.answer = () => newerError(404, 404001);
  expect(await client.getIdentity("d1")).toEqual({ ok: true, value: null });
});

test("an absent hub is not taken for an absent device", async () => {
  const { client } = await start(() => legacyError(404, "IotHubNotFound"));
  expect(await client.getIdentity("d1")).toEqual(failed("hub_not_found"));
  expect(await client.deleteIdentity("d1")).toEqual(failed("hub_not_found"));
});

test("delete and patch name any version", async () => {
  const { client, hub } = await start(({ method }) => ({ status: method === "DELETE" ? 204 : 200, body: "" }));
  expect(await client.deleteIdentity("d1")).toEqual({ ok: true, value: null });
  expect(await client.patchDesired("d1", { deviceName: "Türe", old: null })).toEqual({ ok: true, value: null });
  expect(hub.requests.map(({ method, headers }) => [method, headers["if-match"]])).toEqual([
    ["DELETE", '"*"'],
    ["PATCH", '"*"'],
  ]);
  expect(JSON.parse(hub.requests[1]?.body ?? "")).toEqual({
    properties: { desired: { deviceName: "Türe", old: null } },
  });
});

test("a twin is handed over as the hub wrote it", async () => {
  const twin = { deviceId: "d1", properties: { desired: { $version: 3 }, reported: {} }, unknownField: [1] };
  const { client } = await start(() => ({ status: 200, body: JSON.stringify(twin) }));
  expect(await client.getTwin("d1")).toEqual({ ok: true, value: twin });
});

test("every legal id stays one path segment, and others are never sent", async () => {
  const { client, hub } = await start(() => IDENTITY);
  const id = "a-:.+%_#*?!(),=@;$'";
  await client.getIdentity(id);
  const [path] = (hub.requests[0]?.url ?? "").split("?");
  expect(decodeURIComponent(path ?? "")).toBe(`/devices/${id}`);
  const sent = hub.requests.length;
  expect(await client.createIdentity("a/b")).toEqual(failed("device_id_refused"));
  expect(await client.createIdentity("..")).toEqual(failed("device_id_refused"));
  expect(await client.createIdentity("")).toEqual(failed("device_id_refused"));
  expect(await client.getIdentity("a b")).toEqual({ ok: true, value: null });
  expect(hub.requests).toHaveLength(sent);
});

test("requests share kept-alive connections", async () => {
  const { client, hub } = await start(() => IDENTITY);
  for (let i = 0; i < 20; i++) await client.getIdentity("d1");
  expect(hub.accepted()).toBeLessThanOrEqual(4);
});

test("a hub that does not answer is given up after the request's time", async () => {
  const { endpoint } = await start(() => "silent");
  const access = policyAccess(new KeyRing({ connection: CONNECTION, now: Date.now }));
  const transport = new RegistryTransport({ endpoint: () => endpoint, access: () => access, requestTimeout: 100 });
  expect(await transport.request({ method: "GET", path: "/devices/d1" })).toEqual(failed("hub_unreachable"));
  await transport.close();
});

test("an endless answer is not read to its end", async () => {
  const { client } = await start(() => ({ status: 200, body: `{"a":"${"x".repeat(2_000_000)}"}` }));
  expect(await client.getTwin("d1")).toEqual(failed("hub_error"));
});

test.each([
  [{ allowPrivate: false }, "hub_address_refused"],
  [{ hostName: "127.0.0.1", allowPrivate: false }, "hub_address_refused"],
  [{ httpsPort: 1 }, "hub_unreachable"],
  [{ hostName: "no-such-hub.invalid" }, "hub_not_found"],
])("with %j nothing is asked, and the failure says why: %s", async (change, code) => {
  const { client, hub } = await start(() => IDENTITY, change);
  expect(await client.createIdentity("d1")).toEqual(failed(code));
  expect(hub.accepted()).toBe(0);
});

test("a certificate of another authority is not trusted", async () => {
  const { client } = await start(() => IDENTITY, { ca: makeTestCertificate().ca });
  expect(await client.createIdentity("d1")).toEqual(failed("hub_tls_failed"));
});

test("no failure shows the key or a token", async () => {
  const echo: RestStandIn["answer"] = ({ headers }) =>
    legacyError(401, "IotHubUnauthorizedAccess", `bad token ${String(headers["authorization"])}`);
  const { client, hub } = await start(echo);
  const shown = JSON.stringify(await client.createIdentity("d1"));
  const signature = /sig=([^&]+)/.exec(String(hub.requests[0]?.headers["authorization"]))?.[1] ?? "none";
  expect(shown).not.toContain(signature);
  expect(shown).not.toContain(CONNECTION.policyKey);
});
