/** A running emulator for tests of its fronts, and the vendors' clients pointed at it. Not part of the published package. */
import { Agent, request } from "node:https";
import type { IncomingHttpHeaders } from "node:http";
import { Client as DeviceClient } from "azure-iot-device";
import { Http } from "azure-iot-device-http";
import { JobClient, Client as ServiceClient, Registry, SharedAccessSignature } from "azure-iothub";
import { createEmulator } from "../emulator.ts";
import type { EmulatorAddresses } from "../addresses.ts";
import type { Emulator } from "../emulator.ts";
import type { EmulatorOptions } from "../emulator-options.ts";
import type { StoredEvent } from "../hub/events/event-stream.ts";

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

interface RawRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface LocalHub extends AsyncDisposable {
  readonly emulator: Emulator;
  readonly addresses: EmulatorAddresses;
  /** The vendor's registry client, signed in by a policy. */
  registry(policyName?: string): Registry;
  /** The vendor's service client; its REST calls reach the hub. */
  service(policyName?: string): ServiceClient;
  /** The vendor's client for scheduled jobs. */
  jobs(policyName?: string): JobClient;
  /** The vendor's device client over HTTPS, which looks for messages every so many seconds while it listens. */
  device(deviceId: string, pollSeconds?: number): DeviceClient;
  /** A policy's token for this hub, made by the vendor's code. */
  token(policyName?: string, resource?: string): string;
  /** A request by hand. */
  send(raw: RawRequest): Promise<Answer>;
  /** Everything in a device's partition. */
  events(deviceId: string): Promise<readonly StoredEvent[]>;
}

const FAR_FUTURE = 4_102_444_800;

export async function startLocalHub(options: EmulatorOptions = {}): Promise<LocalHub> {
  const emulator = createEmulator({
    eventMemoryBytes: 4 * 1024 * 1024,
    ...options,
    ports: { https: 0, amqps: 0, amqp: 0 },
  });
  const addresses = await emulator.start();
  // The SDKs know no port but 443; an agent of our own leads them elsewhere.
  const redirect = { host: "127.0.0.1", port: addresses.httpsPort, ca: addresses.ca, keepAlive: true };
  const agent = new Agent(redirect);
  const token = (policyName = "iothubowner", resource = addresses.hostName): string =>
    SharedAccessSignature.create(resource, policyName, addresses.policies[policyName] ?? "", FAR_FUTURE).toString();
  return {
    emulator,
    addresses,
    token,
    registry(policyName = "iothubowner") {
      const registry = Registry.fromConnectionString(emulator.connectionString(policyName));
      return redirected(registry, agent);
    },
    service: (policyName = "iothubowner") =>
      redirected(ServiceClient.fromConnectionString(emulator.connectionString(policyName)), agent),
    jobs: (policyName = "service") =>
      redirected(JobClient.fromConnectionString(emulator.connectionString(policyName)), agent),
    device(deviceId, pollSeconds = 1) {
      const { authentication } = emulator.hub.registry.get(deviceId);
      const text = `HostName=${addresses.hostName};DeviceId=${deviceId};SharedAccessKey=${authentication.symmetricKey.primaryKey}`;
      const client = DeviceClient.fromConnectionString(text, Http);
      // Its promise never settles; it takes effect at once.
      void client.setOptions({ http: { agent, receivePolicy: { interval: pollSeconds } } } as never);
      return client;
    },
    send: (raw) => send(raw, addresses),
    async events(deviceId) {
      const { events } = emulator.hub;
      return events.read(events.partitionOf(deviceId), 0, 16 * 1024 * 1024);
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await emulator.stop();
    },
  };
}

function redirected<T>(client: T, agent: Agent): T {
  const { _restApiClient } = client as { readonly _restApiClient: { setOptions(options: unknown): void } };
  _restApiClient.setOptions({ http: { agent } });
  return client;
}

function send(raw: RawRequest, { httpsPort, ca }: EmulatorAddresses): Promise<Answer> {
  const { method = "GET", path, headers = {}, body } = raw;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: "localhost", servername: "localhost", port: httpsPort, ca, method, path, headers, agent: false },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(chunks).toString() }),
        );
        answer.on("error", reject);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
