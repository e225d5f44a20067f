/** Microsoft's device clients, signed in by X.509 certificates, against the whole Local Hub. */
import { NoRetry } from "azure-iot-common";
import { Client, Message } from "azure-iot-device";
import { Amqp } from "azure-iot-device-amqp";
import { Mqtt } from "azure-iot-device-mqtt";
import { connectAsync } from "mqtt";
import { message as amqp } from "rhea";
import { expect, test } from "vitest";
import { makeAuthority, makeDeviceCertificate, thumbprintOf } from "../testing/device-certificates.ts";
import type { IssuedCertificate } from "../testing/device-certificates.ts";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";

interface Route {
  readonly protocol: string;
  readonly transport: typeof Mqtt | typeof Amqp;
  readonly port: "mqttsPort" | "amqpsPort";
}

const ROUTES: readonly Route[] = [
  { protocol: "MQTT", transport: Mqtt, port: "mqttsPort" },
  { protocol: "AMQP", transport: Amqp, port: "amqpsPort" },
];

/** `chain` is leaf first. */
async function sendOne(
  hub: LocalHub,
  { transport, port }: Route,
  deviceId: string,
  chain: readonly IssuedCertificate[],
): Promise<void> {
  const { addresses } = hub;
  // With a certificate this SDK knows no gateway; it takes a port here.
  const text = `HostName=localhost:${addresses[port]};DeviceId=${deviceId};x509=true`;
  const client = Client.fromConnectionString(text, transport);
  client.setRetryPolicy(new NoRetry());
  const cert = chain.map(({ certificate }) => certificate).join("");
  await client.setOptions({ ca: addresses.ca, cert, key: chain[0]?.privateKey } as never);
  try {
    await client.open();
    await client.sendEvent(new Message("x"));
  } finally {
    await client.close();
  }
}

async function stampOf(hub: LocalHub, deviceId: string): Promise<unknown> {
  const [event] = await hub.events(deviceId);
  const annotations = amqp.decode(event?.message as Buffer)["message_annotations"] as Record<string, string>;
  return JSON.parse(annotations["iothub-connection-auth-method"] ?? "{}");
}

test.each(ROUTES)("a device signs in over $protocol by its thumbprint", async (route) => {
  await using hub = await startLocalHub();
  const certificate = await makeDeviceCertificate("d");
  const authentication = { type: "selfSigned", primaryThumbprint: thumbprintOf(certificate, "sha256") } as const;
  await hub.emulator.hub.registry.create("d", { authentication });
  await sendOne(hub, route, "d", [certificate]);
  expect(await stampOf(hub, "d")).toMatchObject({ scope: "device", type: "x509" });
  const stranger = sendOne(hub, route, "d", [await makeDeviceCertificate("d")]);
  await expect(stranger).rejects.toMatchObject({ name: "UnauthorizedError" });
});

test.each(ROUTES)("a device signs in over $protocol by a chain to an authority", async (route) => {
  const root = await makeAuthority("Root");
  const line = await makeAuthority("Line", root);
  await using hub = await startLocalHub({ deviceCertificateAuthorities: [root.certificate] });
  await hub.emulator.hub.registry.create("d", { authentication: { type: "certificateAuthority" } });
  const own = await makeDeviceCertificate("d", line);
  await sendOne(hub, route, "d", [own, line]);
  expect(await stampOf(hub, "d")).toMatchObject({ scope: "device", type: "x509" });
  await expect(sendOne(hub, route, "d", [own])).rejects.toMatchObject({ name: "UnauthorizedError" });
});

test("a module signs in by its certificate, and its messages say so", async () => {
  const root = await makeAuthority("Root");
  await using hub = await startLocalHub({ deviceCertificateAuthorities: [root.certificate] });
  const { registry } = hub.emulator.hub;
  await registry.create("d", {});
  await registry.create({ deviceId: "d", moduleId: "m" }, { authentication: { type: "certificateAuthority" } });
  const { certificate, privateKey } = await makeDeviceCertificate("d/m", root);
  // Microsoft's module client for Node takes no certificate.
  const client = await connectAsync(`mqtts://localhost:${hub.addresses.mqttsPort}`, {
    ca: hub.addresses.ca,
    cert: certificate,
    key: privateKey,
    clientId: "d/m",
    username: "localhost/d/m/?api-version=2021-04-12",
    reconnectPeriod: 0,
  });
  await client.publishAsync("devices/d/modules/m/messages/events/", "x", { qos: 1 });
  await client.endAsync();
  expect(await stampOf(hub, "d")).toMatchObject({ scope: "module", type: "x509" });
});
