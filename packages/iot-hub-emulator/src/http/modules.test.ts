import { SharedAccessSignature } from "azure-iothub";
import { expect, test } from "vitest";
import { startLocalHub } from "../testing/local-hub.ts";

const VERSION = "?api-version=2021-04-12";
const FAR_FUTURE = 4_102_444_800;

/** A token by a device's or module's own key. */
function keyToken(resource: string, key: string | null | undefined): string {
  const token = SharedAccessSignature.create(resource, "x", key ?? "", FAR_FUTURE);
  token.skn = "";
  return token.toString();
}

test("the service SDK adds, reads, changes and removes modules", async () => {
  await using hub = await startLocalHub();
  const registry = hub.registry();
  await registry.create({ deviceId: "d" });
  const { responseBody: made } = await registry.addModule({ deviceId: "d", moduleId: "m", managedBy: "iotEdge" });
  expect(made).toMatchObject({ deviceId: "d", moduleId: "m", managedBy: "iotEdge", connectionState: "Disconnected" });
  expect(made).not.toHaveProperty("status");
  const { symmetricKey } = made.authentication ?? {};
  expect(Buffer.from(symmetricKey?.primaryKey ?? "", "base64")).toHaveLength(32);
  expect((await registry.getModule("d", "m")).responseBody).toEqual(made);
  const { responseBody: changed } = await registry.updateModule({ ...made, managedBy: "me" });
  expect(changed).toMatchObject({ managedBy: "me", generationId: made.generationId });
  expect(changed.authentication?.symmetricKey).toEqual(symmetricKey);
  await expect(registry.updateModule({ ...made, managedBy: "late" })).rejects.toMatchObject({
    name: "InvalidEtagError",
  });
  await registry.addModule({ deviceId: "d", moduleId: "n" });
  const { responseBody: all } = await registry.getModulesOnDevice("d");
  expect(all.map(({ moduleId }: { moduleId: string }) => moduleId)).toEqual(["m", "n"]);
  expect((await registry.list()).responseBody).toHaveLength(1);
  await expect(new Promise((_, reject) => registry.removeModule(made, reject))).rejects.toMatchObject({
    name: "InvalidEtagError",
  });
  await registry.removeModule("d", "m");
  await expect(registry.getModule("d", "m")).rejects.toMatchObject({ message: "Not found" });
});

test("what the hub refuses of modules has the service's names and numbers", async () => {
  await using hub = await startLocalHub();
  const { registry } = hub.emulator.hub;
  await registry.create("d", {});
  for (let i = 0; i < 50; i++) await registry.create({ deviceId: "d", moduleId: `m${i}` }, {});
  const headers = { authorization: hub.token() };
  const put = (path: string, more = {}): ReturnType<typeof hub.send> =>
    hub.send({ method: "PUT", path: `${path}${VERSION}`, headers: { ...headers, ...more }, body: "{}" });
  for (const [path, code, status] of [
    ["/devices/d/modules/m0", "ModuleAlreadyExistsOnDevice", 409],
    ["/devices/d/modules/m50", "TooManyModulesOnDevice", 413],
    ["/devices/none/modules/m", "DeviceNotFound", 404],
    // An encoded slash separates segments like any other: there is no path to a module below a module.
    ["/devices/d%2Fm0/modules/x", "ResourceNotFound", 404],
    ["/devices/d/modules/a%20b", "ArgumentInvalid", 400],
  ] as const) {
    const answer = await put(path);
    expect([answer.status, answer.headers["iothub-errorcode"]]).toEqual([status, code]);
  }
  expect((await put("/devices/d/modules/none", { "if-match": '"*"' })).status).toBe(412);
  expect((await put("/devices/d/modules/m0", { "if-none-match": '"*"' })).status).toBe(412);
  for (const [path, code] of [
    ["/devices/d/modules/none", "ModuleNotFound"],
    ["/devices/none/modules", "DeviceNotFound"],
    ["/twins/d/modules/none", "ModuleNotFound"],
    ["/twins/none/modules/m", "DeviceNotFound"],
  ] as const) {
    const answer = await hub.send({ path: `${path}${VERSION}`, headers });
    expect([answer.status, answer.headers["iothub-errorcode"]]).toEqual([404, code]);
  }
});

test("a module's twin is its own", async () => {
  await using hub = await startLocalHub();
  const registry = hub.registry();
  await registry.create({ deviceId: "d" });
  await registry.addModule({ deviceId: "d", moduleId: "m" });
  const { responseBody: twin } = await registry.getModuleTwin("d", "m");
  expect(twin).toMatchObject({ deviceId: "d", moduleId: "m", version: 2, tags: {} });
  expect(twin).not.toHaveProperty("capabilities");
  const { responseBody: patched } = await registry.updateModuleTwin("d", "m", { tags: { a: 1 } }, twin.etag);
  expect(patched).toMatchObject({ tags: { a: 1 }, version: 3 });
  await expect(registry.updateModuleTwin("d", "m", { tags: { a: 2 } }, twin.etag)).rejects.toMatchObject({
    name: "InvalidEtagError",
  });
  await expect(twin.update({ properties: { desired: { b: 1 } } })).rejects.toMatchObject({ name: "InvalidEtagError" });
  await patched.update({ properties: { desired: { b: 1 } } });
  expect((await registry.getTwin("d")).responseBody).toMatchObject({ version: 2, tags: {} });
  expect((await registry.getModuleTwin("d", "m")).responseBody.properties.desired).toMatchObject({
    b: 1,
    $version: 2,
  });
});

test("modules go with their device, and a new device of that name has none", async () => {
  await using hub = await startLocalHub();
  const registry = hub.registry();
  await registry.create({ deviceId: "d" });
  await registry.addModule({ deviceId: "d", moduleId: "m" });
  await registry.delete("d");
  await expect(registry.getModule("d", "m")).rejects.toMatchObject({ name: "DeviceNotFoundError" });
  await registry.create({ deviceId: "d" });
  expect((await registry.getModulesOnDevice("d")).responseBody).toEqual([]);
});

test("a module sends by its own key or its device's, and by no other module's", async () => {
  await using hub = await startLocalHub();
  const { registry } = hub.emulator.hub;
  const device = await registry.create("d", {});
  const module = await registry.create({ deviceId: "d", moduleId: "m#1" }, {});
  const other = await registry.create({ deviceId: "d", moduleId: "n" }, {});
  const name = `${hub.addresses.hostName}/devices/d`;
  const [deviceKey, moduleKey, otherKey] = [device, module, other].map(
    ({ authentication }) => authentication.symmetricKey.primaryKey,
  );
  const path = `/devices/d/modules/m%231/messages/events${VERSION}`;
  const send = async (authorization: string): Promise<number> =>
    (await hub.send({ method: "POST", path, headers: { authorization }, body: "x" })).status;
  expect(await send(keyToken(`${name}/modules/m%231`, moduleKey))).toBe(204);
  expect(await send(keyToken(name, deviceKey))).toBe(204);
  expect(await send(keyToken(`${name}/modules/n`, otherKey))).toBe(401);
  expect(await send(keyToken(`${name}/modules/m%231`, deviceKey))).toBe(401);
  expect(await send(keyToken(name, moduleKey))).toBe(401);
  expect(await send(hub.token("device"))).toBe(204);
  expect(await send(hub.token("device", `${name}/modules/n`))).toBe(401);
  const asDevice = { authorization: keyToken(`${name}/modules/m%231`, moduleKey) };
  const toDevice = `/devices/d/messages/events${VERSION}`;
  expect((await hub.send({ method: "POST", path: toDevice, headers: asDevice, body: "x" })).status).toBe(401);
  const [first] = await hub.events("d");
  const text = first?.message.toString("latin1") ?? "";
  expect(text).toContain("iothub-connection-module-id");
  expect(text).toContain(module.generationId);
  expect(text).toContain('"scope":"module"');
  await registry.update("d", { status: "disabled" });
  expect(await send(hub.token("device"))).toBe(403);
});
