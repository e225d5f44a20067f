import { expect, test } from "vitest";
import { startLocalHub } from "../testing/local-hub.ts";

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
  expect(JSON.parse(mixed.text)).toMatchObject({
    isSuccessful: false,
    errors: [
      { deviceId: "b", errorCode: "DeviceAlreadyExists", operation: "create" },
      { deviceId: "none", errorCode: "DeviceNotFound" },
    ],
  });
  expect((await registry.getTwin("c")).responseBody.tags).toEqual({ site: "x" });
  const { responseBody: removed } = await registry.removeDevices([{ deviceId: "a" }, { deviceId: "b" }], true);
  expect(removed.isSuccessful).toBe(true);
  expect((await registry.list()).responseBody).toHaveLength(1);
});

test("bulk documents that are wrong as a whole are refused", async () => {
  await using hub = await startLocalHub();
  const headers = { authorization: hub.token("registryReadWrite") };
  const many = Array.from({ length: 101 }, (_, i) => ({ id: `d${i}`, importMode: "create" }));
  const twice = [{ id: "a" }, { id: "a" }];
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
