import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSasTokenProvider } from "@azure/core-amqp";
import { SharedAccessSignature } from "azure-iothub";
import { expect, test } from "vitest";
import type { HubError } from "./errors.ts";
import { Hub } from "./hub.ts";
import type { HubOptions } from "./hub-options.ts";

const FAR_FUTURE = 4_102_444_800;
const SAS = { scope: "device", type: "sas" } as const;

function open(options: Partial<HubOptions> = {}): Promise<Hub> {
  return Hub.open({ encodeEvent: ({ body }) => Buffer.from(body), ...options });
}

function policyToken(hub: Hub, policyName: string, resource: string = hub.hostName): string {
  const key = hub.policies.get(policyName)?.primaryKey ?? "";
  return SharedAccessSignature.create(resource, policyName, key, FAR_FUTURE).toString();
}

function errorName(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return (error as HubError).errorName;
  }
}

test("identities, twins, keys and events survive in a folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "hub-"));
  try {
    const first = await open({ folder, partitionCount: 2 });
    const identity = await first.registry.create("d", {});
    await first.registry.create("gone", {});
    await first.registry.delete("gone");
    await first.twins.patch("d", { tags: { a: 1 } });
    const twin = first.twins.get("d");
    const policies = [...first.policies];
    await first.acceptTelemetry(identity, [{ body: Buffer.from("one"), properties: new Map() }], SAS);
    await first.close();
    // The number of partitions was fixed when the folder was new.
    const second = await open({ folder, partitionCount: 8 });
    expect(second.registry.list()).toEqual([identity]);
    expect(second.twins.get("d")).toEqual(twin);
    expect([...second.policies]).toEqual(policies);
    expect(second.events.partitionIds).toEqual(["0", "1"]);
    expect(second.events.createdAt).toBe(first.events.createdAt);
    const partition = second.events.partitionOf("d");
    expect(second.events.properties(partition)).toMatchObject({ lastEnqueuedSequenceNumber: 0, isEmpty: false });
    const [event] = await second.events.read(partition, 0, 1000);
    expect(event?.message.toString()).toBe("one");
    // A folder has one hub at a time; this one leaves it below.
    const third = open({ folder });
    await second.acceptTelemetry(identity, [{ body: Buffer.from("two"), properties: new Map() }], SAS);
    expect(second.events.properties(partition).lastEnqueuedSequenceNumber).toBe(1);
    await second.close();
    const reopened = await third;
    expect(reopened.events.properties(partition).lastEnqueuedSequenceNumber).toBe(1);
    await reopened.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("an Event Hubs client's token reads events of this hub, and nothing else", async () => {
  const hub = await open();
  await hub.registry.create("d", {});
  const tokenFor = async (policy: string, resource: string): Promise<string> => {
    const { name, primaryKey } = hub.policies.get(policy) ?? { name: policy, primaryKey: "" };
    const provider = createSasTokenProvider({ sharedAccessKeyName: name, sharedAccessKey: primaryKey });
    return (await provider.getToken(resource)).token;
  };
  const text = { keyEncoding: "text" } as const;
  const entity = `sb://localhost:5999/${hub.eventHubName}/$management`;
  const principal = hub.authenticate(await tokenFor("service", entity), text);
  expect(errorName(() => hub.requirePermission(principal, "ServiceConnect"))).toBeUndefined();
  const owner = hub.authenticate(await tokenFor("iothubowner", entity), text);
  expect(errorName(() => hub.requirePermission(owner, "RegistryWrite"))).toBe("IotHubUnauthorizedAccess");
  expect(errorName(() => hub.requireDevice(owner, "d"))).toBe("IotHubUnauthorizedAccess");
  const device = hub.authenticate(await tokenFor("device", entity), text);
  expect(errorName(() => hub.requirePermission(device, "ServiceConnect"))).toBe("IotHubUnauthorizedAccess");
  for (const [resource, refusal] of [
    ["sb://localhost/other", "AmqpAddressNotFound"],
    [`sb://elsewhere/${hub.eventHubName}`, "IotHubUnauthorizedAccess"],
  ] as const) {
    const token = await tokenFor("service", resource);
    expect(errorName(() => hub.authenticate(token, text))).toBe(refusal);
  }
  const bytesToken = policyToken(hub, "service");
  expect(errorName(() => hub.authenticate(bytesToken, text))).toBe("IotHubUnauthorizedAccess");
  await hub.close();
});

test("a policy's token covers its resource by whole segments", async () => {
  const hub = await open();
  for (const id of ["a", "ab", "a/b"]) await hub.registry.create(id, {});
  const may = (resource: string, deviceId: string): boolean =>
    errorName(() => hub.requireDevice(hub.authenticate(policyToken(hub, "device", resource)), deviceId)) === undefined;
  expect(may("localhost", "a")).toBe(true);
  expect(may("localhost/devices", "a")).toBe(true);
  expect(may("localhost/devices/a", "a")).toBe(true);
  expect(may("localhost/devices/a", "ab")).toBe(false);
  expect(may("localhost/twins", "a")).toBe(false);
  await hub.close();
});

test("a device's token outlives neither its identity nor its time", async () => {
  let now = Date.now();
  const hub = await open({ now: () => now });
  const { authentication } = await hub.registry.create("d", {});
  const token = SharedAccessSignature.create(
    "localhost/devices/d",
    "x",
    authentication.symmetricKey.primaryKey ?? "",
    Math.floor(now / 1000) + 3600,
  );
  token.skn = "";
  const principal = hub.authenticate(token.toString());
  expect(hub.requireDevice(principal, "d").deviceId).toBe("d");
  expect(errorName(() => hub.requireDevice(principal, "e"))).toBe("IotHubUnauthorizedAccess");
  expect(errorName(() => hub.requirePermission(principal, "DeviceConnect"))).toBe("IotHubUnauthorizedAccess");
  await hub.registry.delete("d");
  await hub.registry.create("d", { authentication: { type: "sas", ...keysOf(authentication.symmetricKey) } });
  expect(errorName(() => hub.requireDevice(principal, "d"))).toBe("IotHubUnauthorizedAccess");
  const renewed = hub.authenticate(token.toString());
  now += 3600_000 + 4 * 60_000;
  expect(hub.requireDevice(renewed, "d").deviceId).toBe("d");
  now += 2 * 60_000;
  expect(errorName(() => hub.requireDevice(renewed, "d"))).toBe("IotHubUnauthorizedAccess");
  await hub.close();
});

test("changes of the registry are announced once each, before they are answered", async () => {
  const hub = await open();
  const seen: string[] = [];
  const stop = hub.registry.onChange(({ kind, identity }) =>
    seen.push(`${kind} ${identity.deviceId} ${identity.status}`),
  );
  await hub.registry.create("d", {});
  await hub.registry.update("d", { status: "disabled" });
  await hub.registry.delete("d");
  stop();
  await hub.registry.create("e", {});
  expect(seen).toEqual(["created d enabled", "updated d disabled", "deleted d disabled"]);
  await hub.close();
});

test("a batch is accepted as a whole or not at all", async () => {
  const hub = await open();
  const identity = await hub.registry.create("d", {});
  const small = { body: Buffer.from("x"), properties: new Map<string, string>() };
  const tooLong = { ...small, messageId: "m".repeat(129) };
  await expect(hub.acceptTelemetry(identity, [small, tooLong], SAS)).rejects.toMatchObject({
    errorName: "ArgumentInvalid",
  });
  await expect(hub.acceptTelemetry(identity, [], SAS)).rejects.toMatchObject({ errorName: "ArgumentInvalid" });
  const half = { ...small, body: Buffer.alloc(131_073) };
  await expect(hub.acceptTelemetry(identity, [half, half], SAS)).rejects.toMatchObject({
    errorName: "MessageTooLarge",
  });
  expect(hub.events.properties(hub.events.partitionOf("d")).isEmpty).toBe(true);
  await hub.acceptTelemetry(identity, [{ ...small, body: Buffer.alloc(262_144) }], SAS);
  expect(hub.events.properties(hub.events.partitionOf("d")).lastEnqueuedSequenceNumber).toBe(0);
  await hub.close();
});

function keysOf({ primaryKey, secondaryKey }: { primaryKey: string | null; secondaryKey: string | null }): {
  primaryKey: string;
  secondaryKey: string;
} {
  return { primaryKey: primaryKey ?? "", secondaryKey: secondaryKey ?? "" };
}
