import { createHmac } from "node:crypto";
import { SharedAccessSignature } from "azure-iothub";
import { expect, test } from "vitest";
import { chainOf, makeAuthority, makeDeviceCertificate } from "../testing/device-certificates.ts";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";
import { byCertificate, byKey, provisioningService, registerOverHttps } from "../testing/provisioning.ts";

const VERSION = "?api-version=2019-03-31";
const KEYS = { primaryKey: "cHJpbWFyeS1rZXktb2YtMjQtYnl0ZXM=", secondaryKey: "c2Vjb25kYXJ5LWtleS1vZi0yNC1ieXQ=" };

async function enroll(hub: LocalHub, enrollment: object): Promise<void> {
  await provisioningService(hub).createOrUpdateIndividualEnrollment(enrollment as never);
}

async function enrollGroup(hub: LocalHub, group: object): Promise<void> {
  await provisioningService(hub).createOrUpdateEnrollmentGroup(group as never);
}

test("a device that is enrolled by its keys registers with either, and gets its identity and its twin", async () => {
  await using hub = await startLocalHub();
  const initialTwin = { tags: { site: "Harbour" }, properties: { desired: { interval: 5 } } };
  const attestation = { type: "symmetricKey", symmetricKey: KEYS };
  const capabilities = { iotEdge: true };
  await enroll(hub, { registrationId: "reg-1", deviceId: "Device#1", attestation, initialTwin, capabilities });
  const result = await registerOverHttps(hub, byKey("reg-1", KEYS.primaryKey));
  expect(result).toMatchObject({
    status: "assigned",
    assignedHub: "localhost",
    deviceId: "Device#1",
    registrationId: "reg-1",
  });
  const { emulator } = hub;
  expect(emulator.hub.registry.get("Device#1")).toMatchObject({
    capabilities,
    authentication: { type: "sas", symmetricKey: KEYS },
  });
  expect(emulator.hub.twins.get("Device#1")).toMatchObject({
    tags: { site: "Harbour" },
    properties: { desired: { interval: 5 } },
  });
  expect(await registerOverHttps(hub, byKey("reg-1", KEYS.secondaryKey))).toMatchObject({ deviceId: "Device#1" });
});

test("a device of a group registers by the key derived for it, and only by that", async () => {
  await using hub = await startLocalHub();
  await enrollGroup(hub, {
    enrollmentGroupId: "line",
    attestation: { type: "symmetricKey" },
    provisioningStatus: "enabled",
  });
  const service = provisioningService(hub);
  const { responseBody: mechanism } = await service.getEnrollmentGroupAttestationMechanism("line");
  const { primaryKey } = (mechanism as { symmetricKey: { primaryKey: string } }).symmetricKey;
  expect(Buffer.from(primaryKey, "base64")).toHaveLength(64);
  const derived = (id: string): string =>
    createHmac("sha256", Buffer.from(primaryKey, "base64")).update(id).digest("base64");
  const result = await registerOverHttps(hub, byKey("unit-7", derived("unit-7")), { payload: { model: "x" } });
  expect(result).toMatchObject({
    deviceId: "unit-7",
    symmetricKey: { enrollmentGroupId: "line" },
    payload: { model: "x" },
  });
  expect(hub.emulator.hub.registry.get("unit-7").authentication.symmetricKey.primaryKey).toBe(derived("unit-7"));
  await expect(registerOverHttps(hub, byKey("unit-8", derived("unit-7")))).rejects.toMatchObject({
    name: "UnauthorizedError",
  });
  await expect(registerOverHttps(hub, byKey("unit-8", primaryKey))).rejects.toMatchObject({
    name: "UnauthorizedError",
  });
  expect(hub.emulator.hub.registry.find("unit-8")).toBeUndefined();
  const query = service.createEnrollmentGroupDeviceRegistrationStateQuery(
    { query: "SELECT * FROM registrations" } as never,
    "line",
  );
  expect((await query.next()).responseBody).toMatchObject([{ registrationId: "unit-7", status: "assigned" }]);
});

test("a device registers by its own certificate, and is known to the hub by its thumbprints", async () => {
  await using hub = await startLocalHub();
  const [certificate, spare, other] = [
    await makeDeviceCertificate("cert-1"),
    await makeDeviceCertificate("cert-1"),
    await makeDeviceCertificate("cert-1"),
  ];
  // As the C SDK sends them: the PEM text in base64.
  const primary = { certificate: Buffer.from(certificate.certificate).toString("base64") };
  const x509 = { clientCertificates: { primary, secondary: { certificate: spare.certificate } } };
  await enroll(hub, { registrationId: "cert-1", attestation: { type: "x509", x509 } });
  await expect(registerOverHttps(hub, byCertificate("cert-1", other))).rejects.toMatchObject({
    name: "UnauthorizedError",
  });
  expect(await registerOverHttps(hub, byCertificate("cert-1", certificate))).toMatchObject({
    deviceId: "cert-1",
    x509: {},
  });
  for (const shown of [certificate, spare]) {
    expect(hub.emulator.hub.authenticateCertificate(chainOf(shown), "cert-1")).toMatchObject({ deviceId: "cert-1" });
  }
});

test("devices of a group register by certificates of its authority, over an intermediate one too", async () => {
  await using hub = await startLocalHub();
  const root = await makeAuthority("Root");
  const line = await makeAuthority("Line", root);
  const x509 = { signingCertificates: { primary: { certificate: root.certificate } } };
  await enrollGroup(hub, { enrollmentGroupId: "factory", attestation: { type: "x509", x509 } });
  const leaf = await makeDeviceCertificate("unit-1", line);
  expect(await registerOverHttps(hub, byCertificate("unit-1", leaf, line))).toMatchObject({
    deviceId: "unit-1",
    x509: { enrollmentGroupId: "factory" },
  });
  await expect(registerOverHttps(hub, byCertificate("unit-1", leaf))).rejects.toMatchObject({
    name: "UnauthorizedError",
  });
  await expect(registerOverHttps(hub, byCertificate("unit-2", leaf, line))).rejects.toMatchObject({
    name: "UnauthorizedError",
  });
  await hub.emulator.hub.certificateAuthorities.put("uploaded", line.certificate);
  const caReferences = { primary: "uploaded" };
  await enrollGroup(hub, { enrollmentGroupId: "by-name", attestation: { type: "x509", x509: { caReferences } } });
  expect(await registerOverHttps(hub, byCertificate("unit-1", leaf))).toMatchObject({
    x509: { enrollmentGroupId: "by-name" },
  });
});

test("a device that comes again keeps its twin, starts anew, or stays as it was, as its policy says", async () => {
  await using hub = await startLocalHub();
  const { registry, twins } = hub.emulator.hub;
  const attestation = { type: "symmetricKey", symmetricKey: KEYS };
  const initialTwin = { tags: {}, properties: { desired: { a: 1 } } };
  const cases = [
    { id: "keep", reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: true } },
    { id: "reset", reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: false } },
    { id: "never", reprovisionPolicy: { updateHubAssignment: false, migrateDeviceData: false } },
  ];
  for (const { id, reprovisionPolicy } of cases) {
    await enroll(hub, { registrationId: id, attestation, initialTwin, reprovisionPolicy });
    await registerOnce(hub, id);
    await twins.patch(id, { desired: { a: 2 } });
    await registry.update(id, { authentication: { type: "sas", primaryKey: KEYS.secondaryKey } });
  }
  expect(await registerOnce(hub, "keep")).toMatchObject({ substatus: "deviceDataMigrated" });
  expect(await registerOnce(hub, "reset")).toMatchObject({ substatus: "deviceDataReset" });
  expect(await registerOnce(hub, "never")).toMatchObject({ substatus: "initialAssignment" });
  const desired = (id: string): unknown => (twins.get(id)["properties"] as { desired: { a: number } }).desired.a;
  expect(cases.map(({ id }) => desired(id))).toEqual([2, 1, 2]);
  expect(cases.map(({ id }) => registry.get(id).authentication.symmetricKey.primaryKey)).toEqual([
    KEYS.primaryKey,
    KEYS.primaryKey,
    KEYS.secondaryKey,
  ]);
  await registry.delete("keep");
  await registerOnce(hub, "keep");
  expect(desired("keep")).toBe(1);
});

test("an answer comes in two steps, and refusals have the service's form", async () => {
  await using hub = await startLocalHub();
  await enroll(hub, { registrationId: "d", attestation: { type: "symmetricKey", symmetricKey: KEYS } });
  const first = await request(hub, "PUT", "d/register");
  expect([first.status, first.headers["retry-after"]]).toEqual([202, "1"]);
  const { operationId, status } = JSON.parse(first.text) as { operationId: string; status: string };
  expect(status).toBe("assigning");
  expect(operationId).toMatch(/^4\.[0-9a-f]{16}\.[0-9a-f-]{36}$/);
  const second = await request(hub, "GET", `d/operations/${operationId}`);
  expect([second.status, JSON.parse(second.text)]).toMatchObject([200, { operationId, status: "assigned" }]);
  const refusals = [
    [await request(hub, "GET", "d/operations/4.x"), 404, 404001],
    [await request(hub, "PUT", "d/register", { idScope: "0ne00AAAAAA" }), 404, 404001],
    [await request(hub, "PUT", "e/register"), 401, 401002],
    [await request(hub, "PUT", "d/register", { token: "" }), 401, 401002],
    [await request(hub, "PUT", "d/register", { body: '{"registrationId":"e"}' }), 400, 400004],
    [await request(hub, "PUT", "d/register", { body: "{" }), 400, 400004],
    [await request(hub, "PUT", "d%20d/register"), 400, 400004],
  ] as const;
  for (const [answer, httpStatus, errorCode] of refusals) {
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      httpStatus,
      { errorCode, message: expect.any(String), trackingId: expect.any(String), timestampUtc: expect.any(String) },
    ]);
  }
  const state = await request(hub, "POST", "d");
  expect([state.status, JSON.parse(state.text)]).toMatchObject([200, { status: "assigned", deviceId: "d" }]);
});

test("a registration is forgotten with its enrollment, and its device stays", async () => {
  await using hub = await startLocalHub();
  const { individuals, groups } = hub.emulator.provisioning;
  const attestation = { type: "symmetricKey", symmetricKey: KEYS };
  await individuals.put("own", { attestation });
  await registerOnce(hub, "own");
  const service = provisioningService(hub);
  expect((await service.getDeviceRegistrationState("own")).responseBody).toMatchObject({ status: "assigned" });
  await groups.put("own", { attestation });
  await groups.delete("own");
  expect((await service.getDeviceRegistrationState("own")).responseBody).toMatchObject({ deviceId: "own" });
  await individuals.delete("own");
  await expect(service.getDeviceRegistrationState("own")).rejects.toMatchObject({ response: { statusCode: 404 } });
  expect(hub.emulator.hub.registry.get("own").deviceId).toBe("own");
});

test("a disabled enrollment lets nobody in, also not by a group that would", async () => {
  await using hub = await startLocalHub();
  const attestation = { type: "symmetricKey", symmetricKey: KEYS };
  await enroll(hub, { registrationId: "off", attestation, provisioningStatus: "disabled" });
  const refused = await request(hub, "PUT", "off/register");
  expect([refused.status, JSON.parse(refused.text)]).toMatchObject([401, { message: "The enrollment is disabled." }]);
});

test("an expired token is refused, and the hub's clock decides", async () => {
  await using hub = await startLocalHub();
  await enroll(hub, { registrationId: "d", attestation: { type: "symmetricKey", symmetricKey: KEYS } });
  const token = tokenFor(hub, "d", Math.floor(Date.now() / 1000) + 60);
  expect((await request(hub, "PUT", "d/register", { token })).status).toBe(202);
  hub.emulator.hub.clock.advance(3600_000);
  const refused = await request(hub, "PUT", "d/register", { token });
  expect([refused.status, JSON.parse(refused.text)]).toMatchObject([
    401,
    { message: expect.stringMatching(/expired/) },
  ]);
});

interface DeviceRequest {
  readonly idScope?: string;
  readonly token?: string;
  readonly body?: string;
}

function request(
  hub: LocalHub,
  method: string,
  path: string,
  { idScope = hub.addresses.idScope, token, body }: DeviceRequest = {},
): ReturnType<LocalHub["send"]> {
  const authorization = token ?? tokenFor(hub, path.split("/")[0] ?? "");
  return hub.send({
    method,
    path: `/${idScope}/registrations/${path}${VERSION}`,
    headers: authorization === "" ? {} : { authorization },
    ...(body === undefined ? {} : { body }),
  });
}

function tokenFor(hub: LocalHub, id: string, expiry = 4_102_444_800): string {
  const resource = `${hub.addresses.idScope}/registrations/${id}`;
  return SharedAccessSignature.create(resource, "registration", KEYS.primaryKey, expiry).toString();
}

/** Without the vendor's wait between the two steps. */
async function registerOnce(hub: LocalHub, id: string): Promise<unknown> {
  const { operationId } = JSON.parse((await request(hub, "PUT", `${id}/register`)).text) as { operationId: string };
  const answer = await request(hub, "GET", `${id}/operations/${operationId}`);
  return (JSON.parse(answer.text) as { registrationState: unknown }).registrationState;
}
