import { createHmac } from "node:crypto";
import { SharedAccessSignature } from "azure-iothub";
import { connectAsync } from "mqtt";
import type { MqttClient } from "mqtt";
import { expect, test } from "vitest";
import { makeAuthority, makeDeviceCertificate } from "../testing/device-certificates.ts";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";
import { mqttDevice } from "../testing/mqtt-device.ts";
import { byCertificate, byKey, registerOverMqtt } from "../testing/provisioning.ts";

const KEYS = { primaryKey: "cHJpbWFyeS1rZXktb2YtMjQtYnl0ZXM=", secondaryKey: "c2Vjb25kYXJ5LWtleS1vZi0yNC1ieXQ=" };
const ATTESTATION = { type: "symmetricKey", symmetricKey: KEYS };

test("the vendor's client registers by a key and goes on to its hub", async () => {
  await using hub = await startLocalHub();
  await hub.emulator.provisioning.individuals.put("unit-1", { attestation: ATTESTATION, deviceId: "d" });
  const result = await registerOverMqtt(hub, byKey("unit-1", KEYS.primaryKey), { payload: { model: "x" } });
  expect(result).toMatchObject({
    status: "assigned",
    assignedHub: "localhost",
    deviceId: "d",
    payload: { model: "x" },
  });
  const device = await mqttDevice(hub, "d");
  await device.open();
  await device.close();
});

test("the vendor's client registers over WebSocket", async () => {
  await using hub = await startLocalHub();
  await hub.emulator.provisioning.individuals.put("unit-4", { attestation: ATTESTATION });
  const result = await registerOverMqtt(hub, byKey("unit-4", KEYS.primaryKey), { webSocket: true });
  expect(result).toMatchObject({ status: "assigned", deviceId: "unit-4" });
});

test("the vendor's client registers by the key derived from its group's", async () => {
  await using hub = await startLocalHub();
  await hub.emulator.provisioning.groups.put("line", { attestation: ATTESTATION });
  const key = createHmac("sha256", Buffer.from(KEYS.secondaryKey, "base64")).update("unit-2").digest("base64");
  expect(await registerOverMqtt(hub, byKey("unit-2", key))).toMatchObject({ deviceId: "unit-2" });
});

test("the vendor's client registers by a certificate of its group's authority", async () => {
  await using hub = await startLocalHub();
  const root = await makeAuthority("Root");
  const line = await makeAuthority("Line", root);
  const x509 = { signingCertificates: { primary: { certificate: root.certificate } } };
  await hub.emulator.provisioning.groups.put("factory", { attestation: { type: "x509", x509 } });
  const security = byCertificate("unit-3", await makeDeviceCertificate("unit-3", line), line);
  expect(await registerOverMqtt(hub, security)).toMatchObject({ deviceId: "unit-3", x509: {} });
});

test("an answer names its request and when to ask again, and refusals have the service's form", async () => {
  await using hub = await startLocalHub();
  await hub.emulator.provisioning.individuals.put("r", { attestation: ATTESTATION });
  const client = await connect(hub, "r");
  try {
    await client.subscribeAsync("$dps/registrations/res/#", { qos: 1 });
    const register = "$dps/registrations/PUT/iotdps-register/?$rid=";
    const status = "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=";
    const first = await ask(client, `${register}a%201`, "");
    expect(first.topic).toBe("$dps/registrations/res/202/?$rid=a%201&retry-after=1");
    const { operationId } = first.document as { operationId: string };
    expect(first.document).toEqual({ operationId, status: "assigning" });
    const second = await ask(client, `${status}2&operationId=${operationId}`, " ");
    expect(second).toMatchObject({
      topic: "$dps/registrations/res/200/?$rid=2",
      document: { operationId, status: "assigned", registrationState: { deviceId: "r" } },
    });
    for (const [topic, payload, code, errorCode] of [
      [`${status}3&operationId=4.x`, "", 404, 404001],
      [`${register}4`, "{", 400, 400004],
      [`${register}5`, '{"registrationId":"s"}', 400, 400004],
    ] as const) {
      const refused = await ask(client, topic, payload);
      expect(refused.topic).toMatch(new RegExp(`/res/${code}/\\?\\$rid=`));
      expect(refused.document).toEqual({
        errorCode,
        message: expect.any(String),
        trackingId: expect.any(String),
        timestampUtc: expect.any(String),
      });
    }
    await hub.emulator.provisioning.individuals.delete("r");
    expect((await ask(client, `${register}6`, "")).topic).toMatch(/res\/401/);
    await client.unsubscribeAsync("$dps/registrations/res/#");
  } finally {
    await client.endAsync();
  }
});

test.each([
  ["another id scope", { idScope: "0ne00FFFFFF" }],
  ["an unknown registration", { id: "s" }],
  ["a client id that is not its registration id", { clientId: "s" }],
  ["a wrong key", { key: KEYS.secondaryKey.replace("c", "d") }],
  ["no password", { password: "" }],
  ["no api-version", { parameters: "" }],
])("%s is not let in", async (_, change) => {
  await using hub = await startLocalHub();
  await hub.emulator.provisioning.individuals.put("r", { attestation: ATTESTATION });
  await expect(connect(hub, "r", change)).rejects.toMatchObject({ code: 5 });
});

test("a device that is called registrations is still a device", async () => {
  await using hub = await startLocalHub();
  const { registry } = hub.emulator.hub;
  await registry.create("registrations", {});
  const { authentication } = await registry.create({ deviceId: "registrations", moduleId: "m" }, {});
  const password = token("localhost/devices/registrations/modules/m", authentication.symmetricKey.primaryKey ?? "");
  const change = { idScope: "localhost", clientId: "registrations/m", password, parameters: "?api-version=2021-04-12" };
  const client = await connect(hub, "m", change);
  expect(client.connected).toBe(true);
  await client.endAsync();
});

test.each([
  ["publishes elsewhere", "devices/r/messages/events/", 1],
  ["publishes with QoS 2", "$dps/registrations/PUT/iotdps-register/?$rid=1", 2],
] as const)("a device that %s loses its connection", async (_, topic, qos) => {
  await using hub = await startLocalHub();
  await hub.emulator.provisioning.individuals.put("r", { attestation: ATTESTATION });
  const client = await connect(hub, "r");
  const closed = new Promise((resolve) => client.once("close", () => resolve("closed")));
  client.publish(topic, "", { qos }, () => undefined);
  expect(await closed).toBe("closed");
  await client.endAsync(true);
});

interface Change {
  readonly idScope?: string;
  readonly id?: string;
  readonly clientId?: string;
  readonly key?: string;
  readonly password?: string;
  readonly parameters?: string;
}

async function connect({ addresses }: LocalHub, registrationId: string, change: Change = {}): Promise<MqttClient> {
  const { idScope = addresses.idScope, id = registrationId, key = KEYS.primaryKey } = change;
  const { parameters = "api-version=2019-03-31&ClientVersion=x" } = change;
  return await connectAsync(`mqtts://localhost:${addresses.mqttsPort}`, {
    ca: addresses.ca,
    clientId: change.clientId ?? id,
    username: `${idScope}/registrations/${id}/${parameters}`,
    password: change.password ?? token(`${idScope}/registrations/${id}`, key),
    reconnectPeriod: 0,
  });
}

async function ask(
  client: MqttClient,
  topic: string,
  payload: string,
): Promise<{ readonly topic: string; readonly document: unknown }> {
  const answer = new Promise<{ readonly topic: string; readonly document: unknown }>((resolve) => {
    client.once("message", (to, body) => resolve({ topic: to, document: JSON.parse(body.toString()) as unknown }));
  });
  await client.publishAsync(topic, payload, { qos: 1 });
  return await answer;
}

function token(resource: string, key: string): string {
  const signature = SharedAccessSignature.create(resource, "registration", key, 4_102_444_800);
  if (resource.includes("/devices/")) signature.skn = "";
  return signature.toString();
}
