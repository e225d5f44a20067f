import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SharedAccessSignature } from "azure-iothub";
import { expect, test } from "vitest";
import type { Principal } from "../access/authentication.ts";
import type { DeviceConnection, OpenConnection } from "./connections.ts";
import { Hub } from "../hub.ts";
import type { HubOptions } from "../hub-options.ts";
import { NO_DATE, identityKey } from "../registry/identity.ts";
import type { DeviceIdentity, IdentityName, IdentityRef } from "../registry/identity.ts";

const FAR_FUTURE = 4_102_444_800;

function openHub(options: Partial<HubOptions> = {}): Promise<Hub> {
  return Hub.open({ encodeEvent: ({ body }) => Buffer.from(body), ...options });
}

/** A front's connection: remembers why the hub ended it, and closes when told to, as fronts do. */
interface FakeConnection extends DeviceConnection {
  readonly ended: string[];
  readonly open: OpenConnection;
}

function connect(
  hub: Hub,
  identity: DeviceIdentity,
  protocol: "mqtt" | "amqp" = "mqtt",
  principal?: Principal,
): FakeConnection {
  const ended: string[] = [];
  const connection: DeviceConnection = {
    protocol,
    ...(principal === undefined ? {} : { principal }),
    close(reason) {
      ended.push(reason.errorName);
      open.closed();
    },
  };
  const open: OpenConnection = hub.connections.open(identity, connection);
  return { ...connection, ended, open };
}

function keyPrincipal(hub: Hub, path: string, { authentication }: DeviceIdentity): Principal {
  const key = authentication.symmetricKey.primaryKey ?? "";
  const token = SharedAccessSignature.create(`localhost/${path}`, "x", key, FAR_FUTURE);
  token.skn = "";
  return hub.authenticate(token.toString());
}

function shown(hub: Hub, name: IdentityName): Record<string, unknown> {
  const { connectionState, lastActivityTime } = hub.twins.get(name);
  return { connectionState, lastActivityTime };
}

test("a newer connection of an identity ends the older, whatever their protocols", async () => {
  const hub = await openHub();
  const identity = await hub.registry.create("d", {});
  const older = connect(hub, identity, "mqtt");
  older.open.active();
  const newer = connect(hub, identity, "amqp");
  expect(older.ended).toEqual(["ConnectionForcefullyClosedOnNewConnection"]);
  expect(hub.connections.find({ deviceId: "d" })?.protocol).toBe("amqp");
  newer.open.active();
  // The older says goodbye late, and speaks once more: neither touches the newer.
  older.open.closed();
  older.open.active();
  expect([newer.ended, hub.connections.count]).toEqual([[], 1]);
  expect(shown(hub, "d")).toMatchObject({ connectionState: "Connected" });
  await hub.close();
});

test("a device and its modules are connected each by itself", async () => {
  const hub = await openHub();
  const device = await hub.registry.create("d", {});
  const module = await hub.registry.create({ deviceId: "d", moduleId: "m" }, {});
  const [first, second] = [connect(hub, device), connect(hub, module)];
  second.open.active();
  expect([first.ended, second.ended, hub.connections.count]).toEqual([[], [], 2]);
  expect([...hub.connections.values()].map(({ ref }) => identityKey(ref))).toEqual(["d", "d/m"]);
  expect(shown(hub, "d")).toMatchObject({ connectionState: "Disconnected" });
  expect(shown(hub, { deviceId: "d", moduleId: "m" })).toMatchObject({ connectionState: "Connected" });
  await hub.close();
});

test("an identity is Connected from its first message, and every message moves its last activity", async () => {
  let now = Date.UTC(2030, 0, 1);
  const hub = await openHub({ now: () => now });
  const identity = await hub.registry.create("d", {});
  const seen: string[] = [];
  const stop = hub.connections.onChange((ref: IdentityRef, state) => seen.push(`${identityKey(ref)} ${state}`));
  const { open } = connect(hub, identity);
  expect(shown(hub, "d")).toEqual({ connectionState: "Disconnected", lastActivityTime: NO_DATE });
  open.active();
  now += 1000;
  open.active();
  expect(shown(hub, "d")).toEqual({ connectionState: "Connected", lastActivityTime: "2030-01-01T00:00:01.000Z" });
  expect(hub.registry.format(identity)).toMatchObject({
    connectionState: "Connected",
    connectionStateUpdatedTime: "2030-01-01T00:00:00.000Z",
    lastActivityTime: "2030-01-01T00:00:01.000Z",
  });
  now += 1000;
  open.closed();
  open.closed();
  expect(hub.registry.format(identity)).toMatchObject({
    connectionState: "Disconnected",
    connectionStateUpdatedTime: "2030-01-01T00:00:02.000Z",
    lastActivityTime: "2030-01-01T00:00:01.000Z",
  });
  expect(seen).toEqual(["d Connected", "d Disconnected"]);
  stop();
  connect(hub, identity).open.active();
  expect(seen).toHaveLength(2);
  await hub.close();
});

test("a connection that never spoke changes no state when it ends", async () => {
  const hub = await openHub();
  const identity = await hub.registry.create("d", {});
  const seen: string[] = [];
  hub.connections.onChange((_, state) => seen.push(state));
  connect(hub, identity).open.closed();
  expect([seen, hub.connections.count]).toEqual([[], 0]);
  await hub.close();
});

test("connections end with their identity, and a device's with its modules'", async () => {
  const hub = await openHub();
  const module = { deviceId: "d", moduleId: "m" };
  const connectBoth = async (): Promise<readonly FakeConnection[]> => [
    connect(hub, hub.registry.get("d")),
    connect(hub, hub.registry.find("d", "m") ?? (await hub.registry.create(module, {}))),
  ];
  await hub.registry.create("d", {});
  const [device, first] = await connectBoth();
  await hub.registry.delete(module);
  expect([device?.ended, first?.ended]).toEqual([[], ["ModuleNotFound"]]);
  const disabled = await connectBoth();
  await hub.registry.update("d", { status: "disabled" });
  expect(disabled.map(({ ended }) => ended)).toEqual([["DeviceDisabled"], ["DeviceDisabled"]]);
  await hub.registry.update("d", { status: "enabled" });
  const deleted = await connectBoth();
  await hub.registry.delete("d");
  expect(deleted.map(({ ended }) => ended)).toEqual([["DeviceNotFound"], ["ModuleNotFound"]]);
  expect(hub.connections.count).toBe(0);
  await hub.close();
});

test("a change of its key ends a connection that signed in by it, and no other", async () => {
  const hub = await openHub();
  const device = await hub.registry.create("d", {});
  const module = await hub.registry.create({ deviceId: "d", moduleId: "m" }, {});
  const byPolicy = await hub.registry.create("p", {});
  const policyKey = hub.policies.get("device")?.primaryKey ?? "";
  const policy = hub.authenticate(
    SharedAccessSignature.create("localhost", "device", policyKey, FAR_FUTURE).toString(),
  );
  const own = connect(hub, device, "mqtt", keyPrincipal(hub, "devices/d", device));
  const moduleByDevice = connect(hub, module, "mqtt", keyPrincipal(hub, "devices/d", device));
  const kept = connect(hub, byPolicy, "mqtt", policy);
  // Rotation: the second key changes, then the first.
  const secondaryKey = Buffer.alloc(32, 2).toString("base64");
  await hub.registry.update("d", { authentication: { type: "sas", secondaryKey } });
  await hub.registry.update("d", { statusReason: "checked" });
  expect([own.ended, moduleByDevice.ended]).toEqual([[], []]);
  const changed = Buffer.alloc(32, 1).toString("base64");
  for (const id of ["d", "p"]) {
    await hub.registry.update(id, { authentication: { type: "sas", primaryKey: changed } });
  }
  expect([own.ended, moduleByDevice.ended]).toEqual([["IotHubUnauthorizedAccess"], ["IotHubUnauthorizedAccess"]]);
  expect(kept.ended).toEqual([]);
  const moduleByKey = connect(hub, module, "amqp", keyPrincipal(hub, "devices/d/modules/m", module));
  await hub.registry.update("d", { authentication: { type: "certificateAuthority" } });
  expect(moduleByKey.ended).toEqual([]);
  await hub.registry.update({ deviceId: "d", moduleId: "m" }, { authentication: { type: "none" } });
  expect(moduleByKey.ended).toEqual(["IotHubUnauthorizedAccess"]);
  await hub.close();
});

test("a connection whose identity went while it signed in is ended, after it opened", async () => {
  const hub = await openHub();
  const early = await hub.registry.create("d", {});
  const principal = keyPrincipal(hub, "devices/d", early);
  const policyKey = hub.policies.get("device")?.primaryKey ?? "";
  const policy = hub.authenticate(
    SharedAccessSignature.create("localhost", "device", policyKey, FAR_FUTURE).toString(),
  );
  await hub.registry.delete("d");
  const orphan = connect(hub, early, "mqtt", policy);
  expect(orphan.ended).toEqual([]);
  await Promise.resolve();
  expect(orphan.ended).toEqual(["DeviceNotFound"]);
  await hub.registry.create("d", {});
  for (const [by, reason] of [
    [principal, "IotHubUnauthorizedAccess"],
    [policy, "DeviceNotFound"],
  ] as const) {
    const late = connect(hub, early, "mqtt", by);
    await Promise.resolve();
    expect(late.ended).toEqual([reason]);
  }
  expect(hub.connections.count).toBe(0);
  await hub.close();
});

test("last activity survives a restart, and goes with its identity", async () => {
  const folder = await mkdtemp(join(tmpdir(), "hub-"));
  try {
    const first = await openHub({ folder });
    for (const id of ["kept", "gone"]) {
      const { open } = connect(first, await first.registry.create(id, {}));
      open.active();
      open.closed();
    }
    const before = shown(first, "kept");
    await first.registry.delete("gone");
    await first.registry.create("gone", {});
    await first.close();
    const second = await openHub({ folder });
    expect(shown(second, "kept")).toEqual(before);
    expect(before["lastActivityTime"]).not.toBe(NO_DATE);
    expect(shown(second, "gone")).toEqual({ connectionState: "Disconnected", lastActivityTime: NO_DATE });
    await second.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});
