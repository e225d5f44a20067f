/** The vendor's device and module clients over MQTT, led to an emulator on free ports. Not part of the published package. */
import { Agent } from "node:https";
import { Client, ModuleClient } from "azure-iot-device";
import { Mqtt, MqttWs } from "azure-iot-device-mqtt";
import type { LocalHub } from "./local-hub.ts";

export interface MqttDeviceOptions {
  /** MQTT in WebSocket frames on the HTTPS port. */
  readonly webSocket?: boolean;
  /** Sign in with the key of this policy. */
  readonly policyName?: string;
}

/** Not open yet; whoever opens it closes it. */
export async function mqttDevice(hub: LocalHub, deviceId: string, options: MqttDeviceOptions = {}): Promise<Client> {
  const { symmetricKey } = hub.emulator.hub.registry.get(deviceId).authentication;
  const credential = credentialOf(hub, symmetricKey.primaryKey, options);
  const text = `HostName=${hub.addresses.hostName};DeviceId=${deviceId};${credential};${gateway(hub, options)}`;
  const client = Client.fromConnectionString(text, options.webSocket === true ? MqttWs : Mqtt);
  await client.setOptions(transportOptions(hub) as never);
  return client;
}

export async function mqttModule(hub: LocalHub, deviceId: string, moduleId: string): Promise<ModuleClient> {
  const { symmetricKey } = hub.emulator.hub.registry.get(deviceId, moduleId).authentication;
  const names = `HostName=${hub.addresses.hostName};DeviceId=${deviceId};ModuleId=${moduleId}`;
  const credential = credentialOf(hub, symmetricKey.primaryKey, {});
  const client = ModuleClient.fromConnectionString(`${names};${credential};${gateway(hub, {})}`, Mqtt);
  await client.setOptions(transportOptions(hub) as never);
  return client;
}

function credentialOf({ addresses }: LocalHub, key: string | null, { policyName }: MqttDeviceOptions): string {
  if (policyName === undefined) return `SharedAccessKey=${key}`;
  return `SharedAccessKeyName=${policyName};SharedAccessKey=${addresses.policies[policyName]}`;
}

// The gateway's name may have a port, and leaves the hub's name in user name and token alone.
function gateway({ addresses }: LocalHub, { webSocket = false }: MqttDeviceOptions): string {
  return `GatewayHostName=localhost${webSocket ? "" : `:${addresses.mqttsPort}`}`;
}

// Over WebSocket the SDK knows no port but 443; its agent, a public option, leads it elsewhere.
function transportOptions({ addresses }: LocalHub): object {
  const { ca, httpsPort } = addresses;
  return { ca, mqtt: { webSocketAgent: new Agent({ host: "127.0.0.1", port: httpsPort, ca }) } };
}
