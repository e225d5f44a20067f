/** The vendor's clients over AMQP, led to an emulator on free ports. Not part of the published package. */
import { Agent } from "node:https";
import { Client as DeviceClient, ModuleClient } from "azure-iot-device";
import { Amqp, AmqpWs } from "azure-iot-device-amqp";
import { Client as ServiceClient } from "azure-iothub";
import type { LocalHub } from "./local-hub.ts";
import type { IssuedCertificate } from "./device-certificates.ts";

export interface AmqpDeviceOptions {
  /** AMQP in WebSocket frames on the HTTPS port. */
  readonly webSocket?: boolean;
  /** Sign in by this, without a token. */
  readonly certificate?: IssuedCertificate;
  /** Sign in with the key of this policy. */
  readonly policyName?: string;
}

interface Openable {
  open(): Promise<unknown>;
  close(): Promise<unknown>;
}

/** Clients of one test: closed, and waited for, before their hub is. */
export class AmqpClients implements AsyncDisposable {
  readonly #hub: LocalHub;
  readonly #open = new Set<Openable>();

  constructor(hub: LocalHub) {
    this.#hub = hub;
  }

  /** The vendor's device client, open. */
  async device(deviceId: string, options?: AmqpDeviceOptions): Promise<DeviceClient> {
    return this.#opened(await amqpDevice(this.#hub, deviceId, options));
  }

  async module(deviceId: string, moduleId: string): Promise<ModuleClient> {
    return this.#opened(await amqpModule(this.#hub, deviceId, moduleId));
  }

  async service(policyName?: string): Promise<ServiceClient> {
    return this.#opened(amqpService(this.#hub, policyName));
  }

  /** Rejects with what ended the client before, if the hub did. */
  async close(client: Openable): Promise<void> {
    if (this.#open.delete(client)) await client.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#open) await this.close(client).catch(() => undefined);
  }

  async #opened<C extends Openable>(client: C): Promise<C> {
    this.#open.add(client);
    await client.open();
    return client;
  }
}

/** Not open yet; whoever opens it closes it. */
async function amqpDevice(hub: LocalHub, deviceId: string, options: AmqpDeviceOptions = {}): Promise<DeviceClient> {
  const { webSocket = false, certificate } = options;
  const { hostName, amqpsPort } = hub.addresses;
  // With a certificate the SDK passes over the gateway's name; then no token suffers from a port in the hub's name.
  const host = certificate === undefined ? hostName : `${hostName}:${amqpsPort}`;
  const names = `HostName=${host};DeviceId=${deviceId}`;
  const text = `${names};${credentialOf(hub, deviceId, options)};${gateway(hub, webSocket)}`;
  const client = DeviceClient.fromConnectionString(text, webSocket ? AmqpWs : Amqp);
  const { ca, httpsPort } = hub.addresses;
  const x509 = certificate === undefined ? {} : { cert: certificate.certificate, key: certificate.privateKey };
  const agent = new Agent({ host: "127.0.0.1", port: httpsPort, ca });
  await client.setOptions({ ca, ...x509, amqp: { webSocketAgent: agent } } as never);
  return client;
}

async function amqpModule(hub: LocalHub, deviceId: string, moduleId: string): Promise<ModuleClient> {
  const { symmetricKey } = hub.emulator.hub.registry.get(deviceId, moduleId).authentication;
  const names = `HostName=${hub.addresses.hostName};DeviceId=${deviceId};ModuleId=${moduleId}`;
  const text = `${names};SharedAccessKey=${symmetricKey.primaryKey};${gateway(hub, false)}`;
  const client = ModuleClient.fromConnectionString(text, Amqp);
  await client.setOptions({ ca: hub.addresses.ca } as never);
  return client;
}

/** The service client, not open yet. It takes its port from the host name and trusts only what the process trusts. */
function amqpService(hub: LocalHub, policyName = "iothubowner"): ServiceClient {
  const { hostName, amqpsPort, policies, ca } = hub.addresses;
  const text = `HostName=${hostName}:${amqpsPort};SharedAccessKeyName=${policyName};SharedAccessKey=${policies[policyName]}`;
  const client = ServiceClient.fromConnectionString(text);
  const { _amqp: base } = (client as unknown as { readonly _transport: { readonly _amqp: AmqpBase } })._transport;
  const connect = base.connect.bind(base);
  base.connect = (config, done) => connect({ ...config, sslOptions: { ca } }, done);
  return client;
}

interface AmqpBase {
  connect(config: object, done: unknown): void;
}

function credentialOf(hub: LocalHub, deviceId: string, { certificate, policyName }: AmqpDeviceOptions): string {
  if (certificate !== undefined) return "x509=true";
  if (policyName !== undefined) {
    return `SharedAccessKeyName=${policyName};SharedAccessKey=${hub.addresses.policies[policyName]}`;
  }
  return `SharedAccessKey=${hub.emulator.hub.registry.get(deviceId).authentication.symmetricKey.primaryKey}`;
}

// The gateway's name may have a port, and leaves the hub's name in the token alone.
function gateway({ addresses }: LocalHub, webSocket: boolean): string {
  return `GatewayHostName=localhost${webSocket ? "" : `:${addresses.amqpsPort}`}`;
}
