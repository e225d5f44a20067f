import { expect, test } from "vitest";
import { chainOf, makeAuthority, makeDeviceCertificate, thumbprintOf } from "../testing/device-certificates.ts";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";

function ask(hub: LocalHub, method: string, name: string, body = ""): ReturnType<LocalHub["send"]> {
  const headers = { "x-admin-key": hub.addresses.policies["iothubowner"] ?? "" };
  return hub.send({ method, path: `/admin/certificates${name}`, headers, body });
}

test("an authority is uploaded, shown and taken away, and its devices are let in meanwhile", async () => {
  await using hub = await startLocalHub();
  const root = await makeAuthority("Root");
  const chain = chainOf(await makeDeviceCertificate("d", root));
  await hub.emulator.hub.registry.create("d", { authentication: { type: "certificateAuthority" } });
  expect((await ask(hub, "PUT", "/factory", root.certificate)).status).toBe(200);
  expect(hub.emulator.hub.authenticateCertificate(chain, "d")).toMatchObject({ deviceId: "d" });
  const shown = { name: "factory", subject: "CN=Root", thumbprint: thumbprintOf(root) };
  expect(JSON.parse((await ask(hub, "GET", "")).text)).toMatchObject([shown]);
  expect(JSON.parse((await ask(hub, "GET", "/factory")).text)).toMatchObject(shown);
  const json = JSON.stringify({ certificate: (await makeAuthority("Next")).certificate });
  expect(JSON.parse((await ask(hub, "PUT", "/factory", json)).text)).toMatchObject({ subject: "CN=Next" });
  expect(() => hub.emulator.hub.authenticateCertificate(chain, "d")).toThrow(/does not lead/);
  expect((await ask(hub, "DELETE", "/factory")).status).toBe(204);
  expect((await ask(hub, "GET", "/factory")).status).toBe(404);
});

test.each([
  ["no certificate", "text"],
  ["JSON without one", "{}"],
  ["two of them", "twice"],
  ["one of no authority", "leaf"],
])("%s is refused", async (_, kind) => {
  await using hub = await startLocalHub();
  const root = await makeAuthority("Root");
  const bodies: Readonly<Record<string, string>> = {
    twice: root.certificate + root.certificate,
    leaf: (await makeDeviceCertificate("d", root)).certificate,
  };
  expect((await ask(hub, "PUT", "/x", bodies[kind] ?? kind)).status).toBe(400);
  expect([...hub.emulator.hub.certificateAuthorities]).toEqual([]);
});
