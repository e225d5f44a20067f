import { Agent } from "node:https";
import { Client, Message } from "azure-iot-device";
import { Http } from "azure-iot-device-http";
import { message as amqp } from "rhea";
import { expect, test } from "vitest";
import { makeAuthority, makeDeviceCertificate, thumbprintOf } from "../testing/device-certificates.ts";
import type { IssuedCertificate } from "../testing/device-certificates.ts";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";

/** The vendor's device client, led to the hub's port and signed in by a certificate. */
async function sendOnce(
  hub: LocalHub,
  deviceId: string,
  [leaf, ...issuers]: readonly IssuedCertificate[],
): Promise<void> {
  const { hostName, httpsPort, ca } = hub.addresses;
  const cert = [leaf, ...issuers].map((issued) => issued?.certificate).join("");
  const agent = new Agent({ host: "127.0.0.1", port: httpsPort, ca, cert, key: leaf?.privateKey, keepAlive: true });
  try {
    const client = Client.fromConnectionString(`HostName=${hostName};DeviceId=${deviceId};x509=true`, Http);
    void client.setOptions({ cert, key: leaf?.privateKey, http: { agent } } as never);
    await client.sendEvent(new Message("one"));
    // A second connection might resume the first one's session.
    agent.destroy();
    await client.sendEvent(new Message("two"));
  } finally {
    agent.destroy();
  }
}

test("the device SDK signs in by a thumbprint over HTTPS, and its messages say so", async () => {
  await using hub = await startLocalHub();
  const certificate = await makeDeviceCertificate("anything");
  const primaryThumbprint = thumbprintOf(certificate).toLowerCase();
  const device = { deviceId: "d", authentication: { type: "selfSigned", x509Thumbprint: { primaryThumbprint } } };
  await hub.registry().create(device as never);
  await sendOnce(hub, "d", [certificate]);
  const [first, second] = await hub.events("d");
  expect(second).toBeDefined();
  const annotations = amqp.decode(first?.message as Buffer)["message_annotations"] as Record<string, string>;
  expect(JSON.parse(annotations["iothub-connection-auth-method"] ?? "")).toMatchObject({
    scope: "device",
    type: "x509",
  });
});

test("the device SDK signs in by a chain to an authority of the hub, also when it connects again", async () => {
  const root = await makeAuthority("Root");
  const line = await makeAuthority("Line", root);
  await using hub = await startLocalHub({ deviceCertificateAuthorities: [root.certificate] });
  await hub.registry().create({ deviceId: "d", authentication: { type: "certificateAuthority" } } as never);
  const leaf = await makeDeviceCertificate("d", line);
  await sendOnce(hub, "d", [leaf, line]);
  expect(await hub.events("d")).toHaveLength(2);
  await expect(sendOnce(hub, "d", [leaf])).rejects.toMatchObject({ name: "UnauthorizedError" });
  await expect(sendOnce(hub, "d", [await makeDeviceCertificate("d")])).rejects.toMatchObject({
    name: "UnauthorizedError",
  });
});
