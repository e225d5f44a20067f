import { expect, test } from "vitest";
import { HubError } from "../hub/errors.ts";
import type { HubErrorName } from "../hub/errors.ts";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";

const VERSION = "?api-version=2021-04-12";

test("the service SDK creates an identity whose keys the hub makes, and reads it back", async () => {
  await using hub = await startLocalHub();
  const registry = hub.registry();
  const { responseBody: made } = await registry.create({ deviceId: "d#1:x" });
  expect(made).toMatchObject({ deviceId: "d#1:x", status: "enabled", connectionState: "Disconnected" });
  const { symmetricKey } = made.authentication ?? {};
  expect(Buffer.from(symmetricKey?.primaryKey ?? "", "base64")).toHaveLength(32);
  expect(symmetricKey?.secondaryKey).not.toBe(symmetricKey?.primaryKey);
  const { responseBody: read } = await registry.get("d#1:x");
  expect(read).toEqual(made);
});

test("given keys are kept; an update without keys leaves them and changes the etag", async () => {
  await using hub = await startLocalHub();
  const registry = hub.registry();
  const [primaryKey, secondaryKey] = [Buffer.alloc(32, 1).toString("base64"), Buffer.alloc(32, 2).toString("base64")];
  const authentication = { type: "sas" as const, symmetricKey: { primaryKey, secondaryKey } };
  const { responseBody: made } = await registry.create({ deviceId: "d", authentication });
  expect(made.authentication?.symmetricKey).toEqual({ primaryKey, secondaryKey });
  const { responseBody: changed } = await registry.update({ deviceId: "d", status: "disabled", statusReason: "lost" });
  expect(changed).toMatchObject({ status: "disabled", statusReason: "lost", generationId: made.generationId });
  expect(changed.authentication?.symmetricKey).toEqual({ primaryKey, secondaryKey });
  expect(changed.etag).not.toBe(made.etag);
});

test("the SDK recognises what the hub refuses", async () => {
  await using hub = await startLocalHub();
  const registry = hub.registry();
  await registry.create({ deviceId: "d" });
  await expect(registry.create({ deviceId: "d" })).rejects.toMatchObject({ name: "DeviceAlreadyExistsError" });
  await expect(registry.get("none")).rejects.toMatchObject({ name: "DeviceNotFoundError" });
  await expect(registry.delete("none")).rejects.toMatchObject({ name: "DeviceNotFoundError" });
  await expect(registry.update({ deviceId: "none" })).rejects.toMatchObject({ name: "InvalidEtagError" });
  await expect(registry.create({ deviceId: "a b" })).rejects.toMatchObject({ name: "ArgumentError" });
});

test("a deleted identity is gone, and another generation when it comes again", async () => {
  await using hub = await startLocalHub();
  const registry = hub.registry();
  const { responseBody: first } = await registry.create({ deviceId: "d" });
  await registry.delete("d");
  await expect(registry.get("d")).rejects.toMatchObject({ name: "DeviceNotFoundError" });
  const { responseBody: second } = await registry.create({ deviceId: "d" });
  expect(second.generationId).not.toBe(first.generationId);
});

test("an Edge device has its runtime's modules and a scope that its children take", async () => {
  await using hub = await startLocalHub();
  const registry = hub.registry();
  const { responseBody: edge } = await registry.create({ deviceId: "edge", capabilities: { iotEdge: true } });
  const { deviceScope } = edge as unknown as { readonly deviceScope: string };
  expect(deviceScope).toBe(`ms-azure-iot-edge://edge-${edge.generationId}`);
  const { responseBody: modules } = await registry.getModulesOnDevice("edge");
  expect(modules.map(({ moduleId }: { moduleId: string }) => moduleId)).toEqual(["$edgeAgent", "$edgeHub"]);
  expect((await registry.getModuleTwin("edge", "$edgeAgent")).responseBody).toMatchObject({ version: 2 });
  // Its own scope stays, whatever a client sends.
  const { responseBody: kept } = await registry.update({ deviceId: "edge", deviceScope: "other" } as never);
  expect(kept).toMatchObject({ deviceScope });
  const { responseBody: leaf } = await registry.create({ deviceId: "leaf", deviceScope } as never);
  expect(leaf).toMatchObject({ deviceScope, parentScopes: [deviceScope] });
  const { responseBody: unmoved } = await registry.update({ deviceId: "leaf", status: "disabled" });
  expect(unmoved).toMatchObject({ deviceScope, parentScopes: [deviceScope], status: "disabled" });
  expect(unmoved.etag).not.toBe(leaf.etag);
  // As typed clients say it: every field is there.
  const whole = { deviceId: "typed", deviceScope, parentScopes: [] };
  const { responseBody: typed } = await registry.create(whole as never);
  expect(typed).toMatchObject({ deviceScope, parentScopes: [deviceScope] });
  expect((await registry.update(whole as never)).responseBody).not.toHaveProperty("deviceScope");
  const { responseBody: freed } = await registry.update({ deviceId: "leaf", deviceScope: "" } as never);
  expect(freed).not.toHaveProperty("deviceScope");
  expect(freed).not.toHaveProperty("parentScopes");
  await registry.update({ deviceId: "leaf", capabilities: { iotEdge: true } });
  expect((await registry.getModulesOnDevice("leaf")).responseBody).toHaveLength(2);
});

test("list and statistics count what is there", async () => {
  await using hub = await startLocalHub();
  const registry = hub.registry();
  for (const deviceId of ["a", "b", "c"]) await registry.create({ deviceId });
  await registry.update({ deviceId: "b", status: "disabled" });
  const { responseBody: all } = await registry.list();
  expect(all.map(({ deviceId }) => deviceId)).toEqual(["a", "b", "c"]);
  const { responseBody: statistics } = await registry.getRegistryStatistics();
  expect(statistics).toEqual({ totalDeviceCount: 3, enabledDeviceCount: 2, disabledDeviceCount: 1 });
  const authorization = { authorization: hub.token("registryRead") };
  const top = await hub.send({ path: `/devices${VERSION}&top=2`, headers: authorization });
  expect(JSON.parse(top.text)).toHaveLength(2);
  // Outside 1 to 1,000 it means 1,000.
  const none = await hub.send({ path: `/devices${VERSION}&top=0`, headers: authorization });
  expect(JSON.parse(none.text)).toHaveLength(3);
  expect((await hub.send({ path: `/devices${VERSION}&top=x`, headers: authorization })).status).toBe(400);
});

test("bulk operations succeed or fail by entry", async () => {
  await using hub = await startLocalHub();
  const registry = hub.registry();
  const { responseBody: added } = await registry.addDevices([{ deviceId: "a" }, { deviceId: "b" }]);
  expect(added).toEqual({ isSuccessful: true, errors: [], warnings: [] });
  const { responseBody: updated } = await registry.updateDevices([{ deviceId: "a", status: "disabled" }], true);
  expect(updated.isSuccessful).toBe(true);
  expect((await registry.get("a")).responseBody.status).toBe("disabled");
  const body = JSON.stringify([
    { id: "b", importMode: "create" },
    { id: "c", importMode: "CREATE", tags: { site: "x" } },
    { id: "none", importMode: "updateIfMatchETag", eTag: "x" },
  ]);
  const headers = { authorization: hub.token("registryReadWrite") };
  const mixed = await hub.send({ method: "POST", path: `/devices${VERSION}`, headers, body });
  expect(mixed.status).toBe(400);
  // .NET throws away the result of a bulk without this header.
  expect(mixed.headers["iothub-errorcode"]).toBe("BulkRegistryOperationFailure");
  expect(JSON.parse(mixed.text)).toMatchObject({
    isSuccessful: false,
    errors: [
      { deviceId: "b", errorCode: 409001, operation: "create" },
      { deviceId: "none", errorCode: 404001 },
    ],
  });
  expect((await registry.getTwin("c")).responseBody.tags).toEqual({ site: "x" });
  const { responseBody: removed } = await registry.removeDevices([{ deviceId: "a" }, { deviceId: "b" }], true);
  expect(removed.isSuccessful).toBe(true);
  expect((await registry.list()).responseBody).toHaveLength(1);
});

interface BulkAnswer {
  readonly status: number;
  readonly errors: readonly { deviceId: string; moduleId: string | null; errorCode: number; operation: string }[];
}

async function sendBulk(hub: LocalHub, entries: unknown): Promise<BulkAnswer> {
  const headers = { authorization: hub.token("registryReadWrite") };
  const body = JSON.stringify(entries);
  const { status, text } = await hub.send({ method: "POST", path: `/devices${VERSION}`, headers, body });
  return { status, ...(JSON.parse(text) as { errors: BulkAnswer["errors"] }) };
}

test("bulk operations reach modules, in the order of the document", async () => {
  await using hub = await startLocalHub();
  const { registry, twins } = hub.emulator.hub;
  const made = await sendBulk(hub, [
    { id: "d", importMode: "create" },
    { id: "d", moduleId: "m", importMode: "create", managedBy: "me", properties: { desired: { a: 1 } } },
    { id: "none", moduleId: "m", importMode: "create" },
    { id: "d", moduleId: "n", importMode: "update" },
  ]);
  expect(made).toMatchObject({
    status: 400,
    errors: [
      { deviceId: "none", moduleId: "m", errorCode: 404001, operation: "create" },
      { deviceId: "d", moduleId: "n", errorCode: 404010, operation: "update" },
    ],
  });
  expect(registry.get("d", "m")).toMatchObject({ managedBy: "me" });
  expect(twins.own("d", "m")).toMatchObject({ desired: { a: 1, $version: 2 } });
  expect((await sendBulk(hub, [{ id: "d", moduleId: "m", importMode: "delete" }])).status).toBe(200);
  expect(registry.modules("d")).toEqual([]);
});

interface BulkCase {
  readonly exists: boolean;
  readonly etag?: string;
  readonly twinETag?: string;
}

test.each<readonly [string, BulkCase, HubErrorName | undefined]>([
  ["create", { exists: false }, undefined],
  ["create", { exists: true }, "DeviceAlreadyExists"],
  ["update", { exists: true }, undefined],
  ["update", { exists: false }, "DeviceNotFound"],
  ["updateIfMatchETag", { exists: true, etag: "same" }, undefined],
  ["updateIfMatchETag", { exists: true, etag: "other" }, "PreconditionFailed"],
  ["updateIfMatchETag", { exists: true }, undefined],
  ["createOrUpdate", { exists: false }, undefined],
  ["createOrUpdate", { exists: true }, undefined],
  ["createOrUpdateIfMatchETag", { exists: true, etag: "other" }, "PreconditionFailed"],
  ["createOrUpdateIfMatchETag", { exists: false, etag: "other" }, undefined],
  ["delete", { exists: true }, undefined],
  ["delete", { exists: false }, "DeviceNotFound"],
  ["deleteIfMatchETag", { exists: true, etag: "other" }, "PreconditionFailed"],
  ["deleteIfMatchETag", { exists: true }, undefined],
  ["DELETEIFMATCHETAG", { exists: true, etag: "same" }, undefined],
  ["updateTwin", { exists: true }, undefined],
  ["updateTwin", { exists: false }, "DeviceNotFound"],
  ["updateTwinIfMatchETag", { exists: true }, undefined],
  ["updateTwinIfMatchETag", { exists: true, twinETag: "AAAAAAAAAAE=" }, undefined],
  ["updateTwinIfMatchETag", { exists: true, twinETag: "AAAAAAAAAAI=" }, "PreconditionFailed"],
  ["merge", { exists: true }, "ArgumentInvalid"],
])("the import mode %s of %o ends with %s", async (importMode, { exists, ...more }, errorCode) => {
  await using hub = await startLocalHub();
  const { registry, twins } = hub.emulator.hub;
  const { etag, ...rest } = more;
  const before = exists ? await registry.create("d", {}) : undefined;
  const eTag = etag === "same" ? `"${before?.etag}"` : etag;
  const entry = { id: "d", importMode, statusReason: "bulk", tags: { a: 1 }, eTag, ...rest };
  const { errors } = await sendBulk(hub, [entry]);
  expect(errors.map((error) => error.errorCode)).toEqual(
    errorCode === undefined ? [] : [new HubError(errorCode, "").errorCode],
  );
  const after = registry.find("d");
  const gone = /delete/i.test(importMode) ? errorCode !== "PreconditionFailed" : !exists && errorCode !== undefined;
  expect(after === undefined).toBe(gone);
  const changed = errorCode === undefined && !gone;
  const isTwinOnly = importMode.startsWith("updateTwin");
  expect(after?.statusReason ?? null).toBe(changed && !isTwinOnly ? "bulk" : null);
  expect(gone ? {} : twins.get("d")["tags"]).toEqual(changed ? { a: 1 } : {});
});

test("bulk documents that are wrong as a whole are refused", async () => {
  await using hub = await startLocalHub();
  const headers = { authorization: hub.token("registryReadWrite") };
  const many = Array.from({ length: 101 }, (_, i) => ({ id: `d${i}`, importMode: "create" }));
  const twice = [{ id: "a", moduleId: "m" }, { id: "a" }, { id: "a", moduleId: "m" }];
  for (const [document, code] of [
    [{}, "ArgumentInvalid"],
    [[], "ArgumentNull"],
    [many, "TooManyDevices"],
    [twice, "DeviceDefinedMultipleTimes"],
  ] as const) {
    const answer = await hub.send({
      method: "POST",
      path: `/devices${VERSION}`,
      headers,
      body: JSON.stringify(document),
    });
    expect(answer.headers["iothub-errorcode"]).toBe(code);
  }
});

test.each([
  { exists: false, headers: {}, status: 200 },
  { exists: true, headers: {}, status: 409 },
  { exists: false, headers: { "if-match": '"*"' }, status: 412 },
  { exists: true, headers: { "if-match": '"*"' }, status: 200 },
  { exists: true, headers: { "if-match": "*" }, status: 200 },
  { exists: true, headers: { "if-match": '"wrong"' }, status: 412 },
  { exists: true, headers: { "if-match": "etag" }, status: 200 },
  { exists: false, headers: { "if-none-match": "*" }, status: 201 },
  { exists: true, headers: { "if-none-match": "*" }, status: 412 },
])("PUT with $headers on a device that exists: $exists answers $status", async ({ exists, headers, status }) => {
  await using hub = await startLocalHub();
  const identity = exists ? await hub.emulator.hub.registry.create("d", {}) : undefined;
  const conditions = Object.entries(headers).map(([name, value]) => [
    name,
    value === "etag" ? `"${identity?.etag}"` : value,
  ]);
  const answer = await hub.send({
    method: "PUT",
    path: `/devices/d${VERSION}`,
    headers: { authorization: hub.token(), ...Object.fromEntries(conditions) },
    body: JSON.stringify({ deviceId: "d" }),
  });
  expect(answer.status).toBe(status);
  expect(answer.headers.etag).toBe(status < 300 ? `"${hub.emulator.hub.registry.get("d").etag}"` : undefined);
});

test.each([{ "if-match": '"wrong"', status: 412 }, { "if-match": '"*"', status: 204 }, { status: 204 }])(
  "DELETE with $if-match answers $status",
  async ({ status, ...condition }) => {
    await using hub = await startLocalHub();
    await hub.emulator.hub.registry.create("d", {});
    const headers = { authorization: hub.token(), ...condition };
    const answer = await hub.send({ method: "DELETE", path: `/devices/d${VERSION}`, headers });
    expect([answer.status, answer.text === ""]).toEqual([status, status === 204]);
  },
);

test.each([
  [{ deviceId: "other" }, "ArgumentInvalid"],
  [{ status: "sleeping" }, "ArgumentInvalid"],
  [{ statusReason: "x".repeat(129) }, "ArgumentInvalid"],
  [{ authentication: { type: "sas", symmetricKey: { primaryKey: "no base64" } } }, "ArgumentInvalid"],
  [{ authentication: { type: "sas", symmetricKey: { primaryKey: "AAAA" } } }, "ArgumentInvalid"],
  [{ authentication: { type: "selfSigned" } }, "ArgumentInvalid"],
  [{ authentication: [] }, "ArgumentInvalid"],
  [[], "ArgumentInvalid"],
])("an identity of %j is refused", async (document, code) => {
  await using hub = await startLocalHub();
  const headers = { authorization: hub.token() };
  const answer = await hub.send({
    method: "PUT",
    path: `/devices/d${VERSION}`,
    headers,
    body: JSON.stringify(document),
  });
  expect(answer.headers["iothub-errorcode"]).toBe(code);
  expect(hub.emulator.hub.registry.find("d")).toBeUndefined();
});
