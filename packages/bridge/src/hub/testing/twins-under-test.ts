/** A client of `createTwinHubs` against the Local Hub in this process, and the vendor's clients beside it. */
import { Agent } from "node:https";
import { Client as DeviceClient } from "azure-iot-device";
import { Amqp } from "azure-iot-device-amqp";
import { Mqtt } from "azure-iot-device-mqtt";
import { Registry } from "azure-iothub";
import { createEmulator } from "iot-hub-emulator";
import type { Emulator, EmulatorOptions } from "iot-hub-emulator";
import { onTestFinished } from "vitest";
import type { Result } from "../../core/failure.ts";
import type { HubEndpoint } from "../../core/hub-client.ts";
import type { HubConnection } from "../../core/integration.ts";
import type { DeviceHub } from "../../core/device-desk.ts";
import { createTwinHubs } from "../twins/twin-hubs.ts";
import type { TwinHubsOptions } from "../twins/twin-hubs.ts";
import { SILENT_LOG } from "./hub-under-test.ts";

export interface TwinsUnderTest {
  readonly emulator: Emulator;
  readonly hub: DeviceHub;
  readonly connection: HubConnection;
  readonly endpoint: HubEndpoint;
  /** The vendor's registry client. */
  readonly registry: Registry;
  /** The vendor's device client, connected with a connection string of ours as it is. */
  device(connectionString: string, protocol?: "mqtt" | "amqp"): Promise<DeviceClient>;
}

export interface TwinsUnderTestOptions {
  readonly emulator?: EmulatorOptions;
  readonly policyName?: string;
  readonly connection?: Partial<HubConnection>;
  readonly options?: Partial<TwinHubsOptions>;
}

/** All is closed with the test. */
export async function startTwinsUnderTest({
  emulator: emulatorOptions = {},
  policyName = "iothubowner",
  connection: change = {},
  options = {},
}: TwinsUnderTestOptions = {}): Promise<TwinsUnderTest> {
  const emulator = createEmulator({ ...emulatorOptions, port: 0 });
  const addresses = await emulator.start();
  onTestFinished(() => emulator.stop());
  const keys = emulator.hub.policies.get(policyName)!;
  const connection: HubConnection = {
    id: "c1",
    hostName: "local",
    policyName,
    policyKey: keys.primaryKey,
    secondaryKey: keys.secondaryKey,
    entra: null,
    ...change,
  };
  const endpoint: HubEndpoint = {
    ...addresses,
    allowPrivate: true,
    linksPerSecond: Infinity,
    deviceGateway: `localhost:${addresses.mqttsPort}`,
    eventHubConnectionString: addresses.plainEventHubConnectionString,
  };
  const hub = createTwinHubs({ endpointOf: () => endpoint, now: Date.now, log: SILENT_LOG, ...options }).openTwins(
    connection,
  );
  onTestFinished(() => hub.close());
  return { emulator, hub, connection, endpoint, registry: registryOf(emulator), device: deviceOf(endpoint) };
}

/** What a call succeeded with. */
export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message}`);
  return result.value;
}

// The client knows no port but 443; an agent of our own leads it elsewhere.
function registryOf(emulator: Emulator): Registry {
  const { httpsPort, ca } = emulator.addresses;
  const registry = Registry.fromConnectionString(emulator.connectionString());
  const agent = new Agent({ host: "127.0.0.1", port: httpsPort, ca, keepAlive: true });
  const { _restApiClient } = registry as unknown as { readonly _restApiClient: { setOptions(options: unknown): void } };
  _restApiClient.setOptions({ http: { agent } });
  onTestFinished(() => agent.destroy());
  return registry;
}

function deviceOf({ ca, amqpsPort }: HubEndpoint): TwinsUnderTest["device"] {
  return async (connectionString, protocol = "mqtt") => {
    // The gateway that is named is the one for MQTT.
    const text =
      protocol === "mqtt" ? connectionString : connectionString.replace(/localhost:\d+$/, `localhost:${amqpsPort}`);
    const client = DeviceClient.fromConnectionString(text, protocol === "mqtt" ? Mqtt : Amqp);
    await client.setOptions({ ca } as never);
    await client.open();
    onTestFinished(async () => void (await client.close().catch(() => undefined)));
    return client;
  };
}
