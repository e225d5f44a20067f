/** The vendor's provisioning clients, pointed at a running emulator. Not part of the published package. */
import { Agent } from "node:https";
import { ProvisioningDeviceClient } from "azure-iot-provisioning-device";
import type { RegistrationClient, RegistrationResult } from "azure-iot-provisioning-device/dist/interfaces.js";
import { Http } from "azure-iot-provisioning-device-http";
import { Mqtt, MqttWs } from "azure-iot-provisioning-device-mqtt";
import { ProvisioningServiceClient } from "azure-iot-provisioning-service";
import { SymmetricKeySecurityClient } from "azure-iot-security-symmetric-key";
import { X509Security } from "azure-iot-security-x509";
import type { IssuedCertificate } from "./device-certificates.ts";
import type { LocalHub } from "./local-hub.ts";

export type { RegistrationResult };
export type SecurityClient = SymmetricKeySecurityClient | X509Security;

/** Signs enrollments in by the policy of the provisioning service. */
export function provisioningService({ addresses }: LocalHub): ProvisioningServiceClient {
  const client = ProvisioningServiceClient.fromConnectionString(addresses.provisioningConnectionString);
  const { _restApiClient } = client as unknown as { _restApiClient: { setOptions(options: unknown): void } };
  _restApiClient.setOptions({ http: { agent: agentOf({ addresses }) } });
  return client;
}

export function byKey(registrationId: string, key: string): SymmetricKeySecurityClient {
  return new SymmetricKeySecurityClient(registrationId, key);
}

/** `issuers` are sent along, nearest first. */
export function byCertificate(
  registrationId: string,
  { certificate, privateKey }: IssuedCertificate,
  ...issuers: readonly IssuedCertificate[]
): X509Security {
  const cert = [certificate, ...issuers.map((issuer) => issuer.certificate)].join("");
  return new X509Security(registrationId, { cert, key: privateKey });
}

/** Registers over HTTPS by the vendor's client. */
export async function registerOverHttps(
  { addresses }: LocalHub,
  security: SecurityClient,
  { idScope = addresses.idScope, payload }: { readonly idScope?: string; readonly payload?: object } = {},
): Promise<RegistrationResult> {
  const transport = new Http();
  baseOf(transport, "_httpBase").setOptions({ http: { agent: agentOf({ addresses }) } });
  const client = ProvisioningDeviceClient.create(addresses.hostName, idScope, transport, security as never);
  return await register(client, payload);
}

/** Registers over MQTT by the vendor's client. */
export async function registerOverMqtt(
  { addresses }: LocalHub,
  security: SecurityClient,
  { payload, webSocket = false }: { readonly payload?: object; readonly webSocket?: boolean } = {},
): Promise<RegistrationResult> {
  const transport = webSocket ? new MqttWs() : new Mqtt();
  const options = { ca: addresses.ca, mqtt: { webSocketAgent: agentOf({ addresses }) } };
  baseOf(transport, "_mqttBase").setOptions(options);
  const host = webSocket ? "localhost" : `localhost:${addresses.mqttsPort}`;
  const client = ProvisioningDeviceClient.create(host, addresses.idScope, transport, security as never);
  return await register(client, payload);
}

async function register(client: RegistrationClient, payload?: object): Promise<RegistrationResult> {
  if (payload !== undefined) client.setProvisioningPayload(payload as never);
  return (await client.register()) as RegistrationResult;
}

interface Base {
  setOptions(options: object): void;
}

// The transports take a CA or an agent only below their public face.
function baseOf(transport: object, name: "_httpBase" | "_mqttBase"): Base {
  return (transport as Readonly<Record<typeof name, Base>>)[name];
}

// The SDKs know no port but 443. Nothing is kept open, so that nothing has to be closed.
function agentOf({ addresses }: Pick<LocalHub, "addresses">): Agent {
  return new Agent({ host: "127.0.0.1", port: addresses.httpsPort, ca: addresses.ca, keepAlive: false });
}
