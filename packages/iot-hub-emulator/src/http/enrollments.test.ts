import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SharedAccessSignature } from "azure-iothub";
import { expect, test } from "vitest";
import { makeAuthority, thumbprintOf } from "../testing/device-certificates.ts";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";
import { provisioningService } from "../testing/provisioning.ts";

const VERSION = "?api-version=2021-10-01";
const SYMMETRIC = { type: "symmetricKey" };

interface Stored {
  readonly etag: string;
  readonly attestation: { readonly symmetricKey?: { readonly primaryKey: string } };
}

test("the service SDK creates, reads, changes and deletes an enrollment, guarded by its etag", async () => {
  await using hub = await startLocalHub();
  const service = provisioningService(hub);
  const enrollment = { registrationId: "Unit-1", deviceId: "d", attestation: SYMMETRIC, provisioningStatus: "enabled" };
  const created = (await service.createOrUpdateIndividualEnrollment(enrollment as never))
    .responseBody as unknown as Stored;
  expect(created).toMatchObject({
    registrationId: "Unit-1",
    deviceId: "d",
    provisioningStatus: "enabled",
    reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: true },
    createdDateTimeUtc: expect.stringMatching(/^\d{4}-/),
  });
  const read = (await service.getIndividualEnrollment("unit-1")).responseBody as unknown as Stored;
  expect(read.attestation).toEqual(SYMMETRIC);
  const mechanism = (await service.getIndividualEnrollmentAttestationMechanism("unit-1")).responseBody;
  expect(mechanism).toEqual(created.attestation);
  const changed = { ...read, provisioningStatus: "disabled" };
  const updated = (await service.createOrUpdateIndividualEnrollment(changed as never))
    .responseBody as unknown as Stored;
  expect(updated).toMatchObject({ provisioningStatus: "disabled", attestation: created.attestation });
  expect(updated.etag).not.toBe(read.etag);
  const stale = service.createOrUpdateIndividualEnrollment(changed as never);
  await expect(stale).rejects.toMatchObject({ response: { statusCode: 412 } });
  await expect(service.deleteIndividualEnrollment("unit-1", read.etag)).rejects.toMatchObject({
    response: { statusCode: 412 },
  });
  await service.deleteIndividualEnrollment("unit-1", updated.etag);
  await expect(service.getIndividualEnrollment("unit-1")).rejects.toMatchObject({ response: { statusCode: 404 } });
});

test("the service SDK keeps groups, and is told what a certificate says", async () => {
  await using hub = await startLocalHub();
  const service = provisioningService(hub);
  const root = await makeAuthority("Root");
  const x509 = { signingCertificates: { primary: { certificate: root.certificate } } };
  const group = { enrollmentGroupId: "g", attestation: { type: "x509", x509 }, allocationPolicy: "hashed" };
  await service.createOrUpdateEnrollmentGroup(group as never);
  const { responseBody } = await service.getEnrollmentGroup("g");
  expect(responseBody).toMatchObject({
    enrollmentGroupId: "g",
    allocationPolicy: "hashed",
    attestation: {
      x509: {
        signingCertificates: { primary: { info: { subjectName: "CN=Root", sha1Thumbprint: thumbprintOf(root) } } },
      },
    },
  });
  await service.createOrUpdateEnrollmentGroup({ ...(responseBody as object), provisioningStatus: "disabled" } as never);
  expect((await service.getEnrollmentGroup("g")).responseBody).toMatchObject({ provisioningStatus: "disabled" });
  await service.deleteEnrollmentGroup("g");
  await expect(service.getEnrollmentGroup("g")).rejects.toMatchObject({ response: { statusCode: 404 } });
});

test("a query goes over all enrollments page by page, each once", async () => {
  await using hub = await startLocalHub();
  const { individuals } = hub.emulator.provisioning;
  for (let i = 0; i < 7; i++) await individuals.put(`r${i}`, { attestation: SYMMETRIC });
  const query = provisioningService(hub).createIndividualEnrollmentQuery(
    { query: "SELECT * FROM enrollments" } as never,
    3,
  );
  const seen: string[][] = [];
  do {
    // Without it the SDK's promise form begins anew each time.
    const { responseBody } = await query.next((query as unknown as { continuationToken: string }).continuationToken);
    seen.push((responseBody as unknown as { registrationId: string }[]).map(({ registrationId }) => registrationId));
  } while (query.hasMoreResults);
  expect(seen).toEqual([["r0", "r1", "r2"], ["r3", "r4", "r5"], ["r6"]]);
});

test("many enrollments are created, changed and deleted at once, each by itself", async () => {
  await using hub = await startLocalHub();
  const service = provisioningService(hub);
  const bulk = async (mode: string, ...ids: readonly string[]): Promise<unknown> => {
    const enrollments = ids.map((registrationId) => ({ registrationId, attestation: SYMMETRIC }));
    // The SDK answers by callback only.
    return await new Promise((resolve, reject) => {
      service.runBulkEnrollmentOperation({ mode, enrollments } as never, (error, result) =>
        error ? reject(error as Error) : resolve(result),
      );
    });
  };
  expect(await bulk("create", "a", "b")).toEqual({ isSuccessful: true, errors: [] });
  expect(await bulk("create", "b", "c")).toMatchObject({
    isSuccessful: false,
    errors: [{ registrationId: "b", errorCode: 409001 }],
  });
  expect(await bulk("update", "c", "none")).toMatchObject({ errors: [{ registrationId: "none", errorCode: 404201 }] });
  expect(await bulk("delete", "a", "b", "c")).toEqual({ isSuccessful: true, errors: [] });
  expect([...hub.emulator.provisioning.individuals.values()]).toEqual([]);
});

test("enrollments, keys, registrations and the policy are kept; the id scope goes with the host name", async () => {
  const folder = await mkdtemp(join(tmpdir(), "provisioning-"));
  try {
    let connection: string;
    {
      await using hub = await startLocalHub({ folder });
      await provisioningService(hub).createOrUpdateIndividualEnrollment({
        registrationId: "r",
        attestation: SYMMETRIC,
      } as never);
      connection = hub.addresses.provisioningConnectionString + hub.addresses.idScope;
      expect(hub.addresses.idScope).toMatch(/^0ne00[0-9A-F]{6}$/);
    }
    await using hub = await startLocalHub({ folder });
    expect(hub.addresses.provisioningConnectionString + hub.addresses.idScope).toBe(connection);
    expect(hub.emulator.provisioning.individuals.get("r").attestation).toMatchObject({
      primaryKey: expect.any(String),
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.each([
  ["no attestation", {}, 400],
  ["an unknown attestation", { attestation: { type: "secret" } }, 400],
  ["a TPM", { attestation: { type: "tpm", tpm: { endorsementKey: "x" } } }, 501],
  ["a key that is no base64", { attestation: { type: "symmetricKey", symmetricKey: { primaryKey: "*" } } }, 400],
  [
    "a certificate that is none",
    { attestation: { type: "x509", x509: { clientCertificates: { primary: { certificate: "x" } } } } },
    400,
  ],
  ["the kind of a group", { attestation: { type: "x509", x509: { signingCertificates: {} } } }, 400],
  ["another id", { registrationId: "s", attestation: SYMMETRIC }, 400],
  ["a twin with a wrong key", { attestation: SYMMETRIC, initialTwin: { tags: { "a.b": 1 } } }, 400],
  ["a webhook", { attestation: SYMMETRIC, allocationPolicy: "custom" }, 501],
  ["a status that is none", { attestation: SYMMETRIC, provisioningStatus: "perhaps" }, 400],
])("an enrollment with %s is refused in the service's form", async (_, document, status) => {
  await using hub = await startLocalHub();
  const answer = await put(hub, "r", JSON.stringify(document));
  expect([answer.status, JSON.parse(answer.text)]).toMatchObject([
    status,
    { errorCode: expect.any(Number), message: expect.any(String) },
  ]);
});

test("only the policy of the provisioning service may enroll", async () => {
  await using hub = await startLocalHub();
  const body = JSON.stringify({ attestation: SYMMETRIC });
  expect((await put(hub, "r", body, hub.token("iothubowner"))).status).toBe(401);
  expect((await put(hub, "r", body, "")).status).toBe(401);
  expect((await put(hub, "r", body, tokenOf(hub, "localhost/enrollments"))).status).toBe(401);
  expect((await put(hub, "r", body)).status).toBe(200);
});

function put(hub: LocalHub, id: string, body: string, authorization = tokenOf(hub)): ReturnType<LocalHub["send"]> {
  return hub.send({ method: "PUT", path: `/enrollments/${id}${VERSION}`, headers: { authorization }, body });
}

function tokenOf({ emulator }: LocalHub, resource = "localhost"): string {
  const { name, primaryKey } = emulator.provisioning.policy;
  return SharedAccessSignature.create(resource, name, primaryKey, 4_102_444_800).toString();
}
