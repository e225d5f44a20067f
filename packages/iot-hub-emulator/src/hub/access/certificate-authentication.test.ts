import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { chainOf, makeAuthority, makeDeviceCertificate, thumbprintOf } from "../../testing/device-certificates.ts";
import type { IssuedCertificate } from "../../testing/device-certificates.ts";
import { Hub } from "../hub.ts";
import type { HubOptions } from "../hub-options.ts";

const DAY_MS = 24 * 3600_000;

function openHub(options: Partial<HubOptions> = {}): Promise<Hub> {
  return Hub.open({ encodeEvent: () => Buffer.alloc(0), eventMemoryBytes: 1024 * 1024, ...options });
}

test("a self-signed certificate signs in by either registered thumbprint, SHA-1 or SHA-256, while it is valid", async () => {
  let now = Date.now();
  const hub = await openHub({ now: () => now });
  const [old, next, other] = await Promise.all(["d", "d", "d"].map((name) => makeDeviceCertificate(name)));
  if (!old || !next || !other) throw new Error("no certificates");
  const authentication = {
    type: "selfSigned",
    primaryThumbprint: thumbprintOf(old),
    secondaryThumbprint: thumbprintOf(next, "sha256"),
  } as const;
  const { generationId } = await hub.registry.create("d", { authentication });
  for (const certificate of [old, next]) {
    const principal = hub.authenticateCertificate(chainOf(certificate), "d");
    expect(principal).toMatchObject({ kind: "device", authentication: "x509", deviceId: "d", generationId });
    expect(hub.requireDevice(principal, "d").deviceId).toBe("d");
    expect(() => hub.requireDevice(principal, "e")).toThrow(/another device/);
  }
  expect(() => hub.authenticateCertificate(chainOf(other), "d")).toThrow(/thumbprints/);
  expect(() => hub.authenticateCertificate([], "d")).toThrow(/client certificate/);
  now += 31 * DAY_MS;
  expect(() => hub.authenticateCertificate(chainOf(old), "d")).toThrow(/not valid at this time/);
});

test("a certificate of an uploaded authority, itself or by intermediates, signs in as its common name says", async () => {
  const hub = await openHub();
  const root = await makeAuthority("Root");
  const line = await makeAuthority("Line", root);
  const shift = await makeAuthority("Shift", line);
  const leaf = await makeDeviceCertificate("d#1", shift);
  const direct = await makeDeviceCertificate("d#1", root);
  await hub.registry.create("d#1", { authentication: { type: "certificateAuthority" } });
  await hub.registry.create("e", { authentication: { type: "certificateAuthority" } });
  expect(() => hub.authenticateCertificate(chainOf(direct), "d#1")).toThrow(/does not lead/);
  await hub.certificateAuthorities.put("factory", root.certificate);
  const signIn = (...chain: readonly IssuedCertificate[]): unknown =>
    hub.authenticateCertificate(chainOf(...chain), "d#1");
  const principal = { kind: "device", authentication: "x509", deviceId: "d#1" };
  expect(signIn(direct)).toMatchObject(principal);
  expect(signIn(leaf, shift, line)).toMatchObject(principal);
  expect(signIn(leaf, line, root, shift)).toMatchObject(principal);
  expect(() => signIn(leaf, shift)).toThrow(/does not lead/);
  expect(() => signIn(leaf)).toThrow(/does not lead/);
  expect(() => hub.authenticateCertificate(chainOf(direct), "e")).toThrow(/common name must be e; it is d#1/);
  await hub.certificateAuthorities.delete("factory");
  await hub.certificateAuthorities.put("line", line.certificate);
  expect(signIn(leaf, shift)).toMatchObject(principal);
  expect(() => signIn(direct)).toThrow(/does not lead/);
});

test("a certificate that was signed by no authority, or by one of the same name, is refused", async () => {
  const hub = await openHub();
  const [root, twin] = await Promise.all([makeAuthority("Root"), makeAuthority("Root")]);
  await hub.certificateAuthorities.put("root", root.certificate);
  await hub.registry.create("d", { authentication: { type: "certificateAuthority" } });
  const notOne = await makeDeviceCertificate("plain", root);
  for (const chain of [
    [await makeDeviceCertificate("d", twin), twin],
    [await makeDeviceCertificate("d", notOne), notOne],
    [await makeDeviceCertificate("d")],
  ]) {
    expect(() => hub.authenticateCertificate(chainOf(...chain), "d")).toThrow(/does not lead/);
  }
});

test("a module signs in by a certificate named after device and module, and by no other", async () => {
  const root = await makeAuthority("Root");
  const hub = await openHub({ deviceCertificateAuthorities: [root.certificate] });
  await hub.registry.create("d", { authentication: { type: "certificateAuthority" } });
  await hub.registry.create({ deviceId: "d", moduleId: "m" }, { authentication: { type: "certificateAuthority" } });
  const principal = hub.authenticateCertificate(chainOf(await makeDeviceCertificate("d/m", root)), "d", "m");
  expect(principal).toMatchObject({ deviceId: "d", moduleId: "m" });
  expect(hub.requireDevice(principal, "d", "m").moduleId).toBe("m");
  expect(() => hub.requireDevice(principal, "d")).toThrow(/another device/);
  const devices = chainOf(await makeDeviceCertificate("d", root));
  expect(() => hub.authenticateCertificate(devices, "d", "m")).toThrow(/must be d\/m; it is d/);
});

test("a principal ends when its thumbprint is registered no more", async () => {
  const hub = await openHub();
  const [old, next] = [await makeDeviceCertificate("d"), await makeDeviceCertificate("d")];
  await hub.registry.create("d", { authentication: { type: "selfSigned", primaryThumbprint: thumbprintOf(old) } });
  const principal = hub.authenticateCertificate(chainOf(old), "d");
  await hub.registry.update("d", { authentication: { type: "selfSigned", primaryThumbprint: thumbprintOf(next) } });
  expect(() => hub.requireDevice(principal, "d")).toThrow(/no longer/);
  await hub.registry.update("d", { authentication: { type: "sas" } });
  expect(() => hub.requireDevice(hub.authenticateCertificate(chainOf(next), "d"), "d")).toThrow(/symmetric key/);
});

test("a certificate signs in no device that has a key, is unknown or is disabled", async () => {
  const hub = await openHub();
  const certificate = await makeDeviceCertificate("d");
  const thumbprint = thumbprintOf(certificate);
  await hub.registry.create("key", {});
  await hub.registry.create("off", {
    status: "disabled",
    authentication: { type: "selfSigned", primaryThumbprint: thumbprint },
  });
  expect(() => hub.authenticateCertificate(chainOf(certificate), "key")).toThrow(/symmetric key/);
  expect(() => hub.authenticateCertificate(chainOf(certificate), "none")).toThrow(/unknown/);
  const principal = hub.authenticateCertificate(chainOf(certificate), "off");
  expect(() => hub.requireDevice(principal, "off")).toThrow(/disabled/);
});

test("authorities are kept, at most 25, and only certificates of authorities", async () => {
  const folder = await mkdtemp(join(tmpdir(), "authorities-"));
  try {
    const root = await makeAuthority("Root");
    const leaf = await makeDeviceCertificate("d", root);
    let hub = await openHub({ folder, deviceCertificateAuthorities: [root.certificate] });
    for (let i = 0; i < 24; i++) await hub.certificateAuthorities.put(`ca-${i}`, root.certificate);
    await expect(hub.certificateAuthorities.put("more", root.certificate)).rejects.toThrow(/at most 25/);
    await expect(hub.certificateAuthorities.put("ca-0", leaf.certificate)).rejects.toThrow(/CA:TRUE/);
    await expect(hub.certificateAuthorities.put("ca-0", "text")).rejects.toThrow(/PEM/);
    await expect(hub.certificateAuthorities.put("a b", root.certificate)).rejects.toThrow(/1 to 64/);
    await hub.close();
    hub = await openHub({ folder });
    expect([...hub.certificateAuthorities].map(({ name }) => name)).toEqual(
      Array.from({ length: 24 }, (_, i) => `ca-${i}`),
    );
    expect(hub.certificateAuthorities.get("ca-3")).toMatchObject({
      subject: "CN=Root",
      thumbprint: thumbprintOf(root),
      certificate: root.certificate,
    });
    await hub.close();
    await expect(openHub({ folder, deviceCertificateAuthorities: ["text"] })).rejects.toThrow(/no certificate in PEM/);
    // What failed to open holds on to nothing.
    await (await openHub({ folder })).close();
  } finally {
    await rm(folder, { recursive: true });
  }
});
