/** The hub under test and the vendors' clients for it. Devices get names of their own and are removed at the end. */
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { Agent } from "node:https";
import { Client as DeviceClient, ModuleClient } from "azure-iot-device";
import { Amqp, AmqpWs } from "azure-iot-device-amqp";
import { Http } from "azure-iot-device-http";
import { Mqtt, MqttWs } from "azure-iot-device-mqtt";
import type * as Service from "azure-iothub";
import { afterAll, inject } from "vitest";

const service = createRequire(import.meta.url)("azure-iothub") as typeof Service;

const addresses = inject("target");

/** A device as the registry shows it. */
export interface DeviceDescription {
  readonly deviceId: string;
  readonly moduleId?: string;
  readonly generationId: string;
  readonly etag: string;
  readonly status: string;
  readonly connectionState: string;
  readonly authentication: { readonly type: string; readonly symmetricKey: { readonly primaryKey: string } };
}

/** By the name the SDKs give them. */
export const TRANSPORTS = { Mqtt, MqttWs, Amqp, AmqpWs, Http } as const;
export type TransportName = keyof typeof TRANSPORTS;

const [, hostName = ""] = /HostName=([^;]+)/i.exec(addresses.connectionString) ?? [];
const httpsPort = addresses.local?.httpsPort ?? 443;
// The SDKs' REST clients know no port but 443; an agent of our own leads them elsewhere when that is not permitted.
const agent =
  httpsPort === 443 ? undefined : new Agent({ host: "localhost", port: httpsPort, keepAlive: true } as never);

export const isLocal: boolean = addresses.local !== undefined;
/** Why WebSocket clients cannot be tried; they know no port but 443. */
export const noWebSocket: string | false =
  httpsPort === 443 ? false : "the SDK connects to port 443 only, which is not permitted on this machine";

export { addresses, hostName };

export function createRegistry(): Service.Registry {
  const registry = service.Registry.fromConnectionString(addresses.connectionString);
  return redirected(registry as never);
}

export function createJobClient(): Service.JobClient {
  return redirected(service.JobClient.fromConnectionString(addresses.connectionString) as never);
}

/** The service client; AMQP takes a port in the host name, REST goes its own way. */
export function createServiceClient(transport: "Amqp" | "AmqpWs" = "Amqp"): Service.Client {
  const text = withPort(addresses.connectionString, addresses.local?.amqpsPort, 5671);
  const client = service.Client.fromConnectionString(text, service[transport] as never);
  return redirected(client as never);
}

function redirected<T extends { readonly _restApiClient: { setOptions(options: unknown): void } }>(client: T): never {
  if (agent !== undefined) client._restApiClient.setOptions({ http: { agent } });
  return client as never;
}

/** A registered device, made for this test file and removed after it. */
export async function makeDevice(registry: Service.Registry, more: object = {}): Promise<DeviceDescription> {
  const deviceId = newDeviceId();
  const { responseBody } = await registry.create({ deviceId, status: "enabled", ...more } as never);
  return responseBody as unknown as DeviceDescription;
}

const made = new Set<string>();

/** An id that the suite removes at the end, whatever became of it. */
export function newDeviceId(): string {
  const deviceId = `isthmus-conformance-${randomBytes(6).toString("hex")}`;
  made.add(deviceId);
  return deviceId;
}

/** A device client for a transport, not yet open. */
export function createDevice(
  transport: TransportName,
  { deviceId, authentication }: DeviceDescription,
  key: string = `SharedAccessKey=${authentication.symmetricKey.primaryKey}`,
): DeviceClient {
  const text = `HostName=${deviceHost(transport)};DeviceId=${deviceId};${key}`;
  const client = DeviceClient.fromConnectionString(text, TRANSPORTS[transport] as never);
  // The HTTP client's promise never settles; it takes effect at once.
  if (transport === "Http" && agent !== undefined) void client.setOptions({ http: { agent } } as never);
  return client;
}

export function createModule(transport: TransportName, module: DeviceDescription): ModuleClient {
  const { deviceId, moduleId, authentication } = module;
  const key = `SharedAccessKey=${authentication.symmetricKey.primaryKey}`;
  const text = `HostName=${deviceHost(transport)};DeviceId=${deviceId};ModuleId=${moduleId};${key}`;
  return ModuleClient.fromConnectionString(text, TRANSPORTS[transport] as never);
}

/** The host a device of a transport connects to, with the port where it is an unusual one. */
export function deviceHost(transport: TransportName): string {
  const { local } = addresses;
  if (local === undefined) return hostName;
  if (transport === "Mqtt") return local.mqttsPort === 8883 ? hostName : `${hostName}:${local.mqttsPort}`;
  if (transport === "Amqp") return local.amqpsPort === 5671 ? hostName : `${hostName}:${local.amqpsPort}`;
  return hostName;
}

function withPort(text: string, port: number | undefined, usual: number): string {
  return port === undefined || port === usual ? text : text.replace(/HostName=([^;:]+)/i, `HostName=$1:${port}`);
}

afterAll(async () => {
  if (made.size === 0) return;
  const registry = createRegistry();
  const ids = [...made];
  made.clear();
  for (let i = 0; i < ids.length; i += 100) {
    const entries = ids.slice(i, i + 100).map((deviceId) => ({ deviceId }));
    // Those that a test has removed itself are reported as missing.
    await registry.removeDevices(entries as never, true).catch(() => undefined);
  }
  agent?.destroy();
});
