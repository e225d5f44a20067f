/** A client of `createHubs` against a stand-in on this machine, closed with the test. */
import { onTestFinished } from "vitest";
import type { HubClient, HubEndpoint, HubMessage, Hubs } from "../../core/hub-client.ts";
import type { HubConnection } from "../../core/integration.ts";
import type { Log } from "../../core/log.ts";
import { createHubs } from "../hubs.ts";
import type { TelemetryPoolLimits } from "../telemetry.ts";
import { startAmqpStandIn } from "./amqp-stand-in.ts";
import type { AmqpBehaviour, AmqpStandIn } from "./amqp-stand-in.ts";
import { makeTestCertificate } from "./certificate.ts";

export const CONNECTION: HubConnection = {
  id: "c1",
  hostName: "local",
  policyName: "iothubowner",
  policyKey: Buffer.from("canary policy key").toString("base64"),
  secondaryKey: null,
  entra: null,
};

export const SILENT_LOG: Log = { debug() {}, info() {}, warn() {}, error() {} };

export interface HubUnderTest {
  readonly hubs: Hubs;
  readonly client: HubClient;
  readonly standIn: AmqpStandIn;
  readonly endpoint: HubEndpoint;
}

export interface HubUnderTestOptions {
  readonly behaviour?: AmqpBehaviour;
  readonly limits?: Partial<TelemetryPoolLimits>;
  readonly endpoint?: Partial<HubEndpoint>;
  readonly now?: () => number;
  /** Given to the stand-in's side of each connection. */
  readonly standInConnection?: Record<string, unknown>;
}

export async function startHubUnderTest(options: HubUnderTestOptions = {}): Promise<HubUnderTest> {
  const { behaviour = {}, limits = {}, now = Date.now, standInConnection = {} } = options;
  const certificate = makeTestCertificate();
  const standIn = await startAmqpStandIn(certificate, behaviour, standInConnection);
  const endpoint: HubEndpoint = {
    hostName: "localhost",
    httpsPort: 9,
    amqpsPort: standIn.port,
    ca: certificate.ca,
    allowPrivate: true,
    ...options.endpoint,
  };
  const hubs = createHubs({ endpointOf: () => endpoint, now, log: SILENT_LOG, limits });
  const client = hubs.open(CONNECTION);
  onTestFinished(async () => {
    await client.close();
    await standIn.close();
  });
  return { hubs, client, standIn, endpoint };
}

export function makeMessage(messageId: string, body = "{}"): HubMessage {
  return {
    messageId,
    body: Buffer.from(body),
    contentType: "application/json",
    contentEncoding: "utf-8",
    creationTime: 1_700_000_000_123,
    properties: { event: "temperature", seq: "1" },
  };
}
