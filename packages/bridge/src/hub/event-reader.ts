/** Reads a hub's events from its Event Hubs-compatible endpoint with Microsoft's client, all partitions at once. */
import { EventHubConsumerClient } from "@azure/event-hubs";
import type { ReceivedEventData } from "@azure/event-hubs";
import { parseEventHubConnectionString } from "iot-hub-protocol";
import { fail, succeed } from "../core/failure.ts";
import type { Failure, Result } from "../core/failure.ts";
import type { HubEndpoint, HubEvent, MonitorOptions } from "../core/hub-client.ts";
import type { HubConnection } from "../core/integration.ts";
import { hubTokens } from "./access-token.ts";
import { addressGuard } from "../network/address-guard.ts";
import { classifyRefusal } from "./error-classification.ts";
import { findEventHub } from "./event-hub-redirect.ts";
import { networkFailure } from "./network-failure.ts";

// The client's default of 1 reads 63 events a second at most.
const BATCH = 200;
const OPEN_TIMEOUT = 15_000;

export interface EventReaderOptions {
  readonly endpointOf: (connection: HubConnection) => HubEndpoint | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly openTimeout?: number;
}

/** See `Hubs.monitor`. Fails when the endpoint cannot be found, reached or opened; nothing is left running then. */
export async function monitorEvents(
  reader: EventReaderOptions,
  connection: HubConnection,
  options: MonitorOptions,
): Promise<Result<null>> {
  const first = await monitorByKey(reader, connection, options);
  const { secondaryKey } = connection;
  if (first.ok || first.failure.code !== "key_refused" || secondaryKey === null) return first;
  return monitorByKey(reader, { ...connection, policyKey: secondaryKey }, options);
}

async function monitorByKey(
  { endpointOf, now, openTimeout = OPEN_TIMEOUT }: EventReaderOptions,
  connection: HubConnection,
  options: MonitorOptions,
): Promise<Result<null>> {
  const endpoint = endpointOf(connection);
  if (endpoint === undefined) return fail("hub_unreachable", "The hub is not running, or has not said where.");
  const { signal } = options;
  const token = hubTokens(connection, now)(endpoint.hostName).text;
  const found =
    endpoint.eventHubConnectionString === undefined
      ? await findEventHub({ endpoint, connection, token, now, signal, answerTimeout: openTimeout })
      : succeed(endpoint.eventHubConnectionString);
  if (!found.ok) return found;
  const hostName = parseEventHubConnectionString(found.value).endpoint.replace(/:\d+$/, "");
  const refused = await refusedHost(hostName, endpoint.allowPrivate);
  if (refused !== null) return { ok: false, failure: refused };
  return read({ ...options, connectionString: found.value, hostName, now, openTimeout });
}

interface ReadOptions extends MonitorOptions {
  readonly connectionString: string;
  readonly hostName: string;
  readonly now: () => number;
  readonly openTimeout: number;
}

async function read(options: ReadOptions): Promise<Result<null>> {
  const { signal, since, onEvent, onFailure, openTimeout } = options;
  const patience = AbortSignal.any([signal, AbortSignal.timeout(openTimeout)]);
  const client = openClient(options, 3);
  try {
    const partitionIds = await probe(options, patience);
    const pending = new Set(partitionIds);
    const allOpen = new Promise<void>((resolve) => {
      const subscription = client.subscribe(
        {
          processInitialize: async ({ partitionId }) => {
            pending.delete(partitionId);
            if (pending.size === 0) resolve();
          },
          processEvents: async (events, { partitionId }) => {
            if (!signal.aborted) for (const event of events) onEvent(toHubEvent(event, partitionId));
          },
          processError: async (error) => {
            if (!signal.aborted) onFailure(readerFailure(error, options));
          },
        },
        { startPosition: { enqueuedOn: since }, maxBatchSize: BATCH, maxWaitTimeInSeconds: 1 },
      );
      const stop = async (): Promise<void> => {
        await subscription.close().catch(() => undefined);
        await client.close().catch(() => undefined);
      };
      signal.addEventListener("abort", () => void stop(), { once: true });
    });
    await untilAborted(allOpen, patience);
    return succeed(null);
  } catch (error) {
    await client.close().catch(() => undefined);
    if (signal.aborted) return succeed(null);
    return { ok: false, failure: readerFailure(error, options) };
  }
}

// A subscription with a refused token stays silent, so the token is tried on a question that gets an answer, and without
// the retries that would hide it.
async function probe(options: ReadOptions, patience: AbortSignal): Promise<readonly string[]> {
  const client = openClient(options, 0);
  try {
    return await untilAborted(client.getPartitionIds({ abortSignal: patience }), patience);
  } finally {
    await client.close().catch(() => undefined);
  }
}

function openClient({ connectionString, openTimeout }: ReadOptions, maxRetries: number): EventHubConsumerClient {
  const retryOptions = { maxRetries, retryDelayInMs: 1_000, timeoutInMs: openTimeout };
  return new EventHubConsumerClient("$Default", connectionString, { retryOptions });
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Error("The hub's event endpoint did not answer in time."));
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

// The client takes no `lookup`; what it will connect to is at least looked at before.
function refusedHost(hostName: string, allowPrivate: boolean): Promise<Failure | null> {
  const guard = addressGuard({ allowPrivate });
  if (!guard.admitsLiteral(hostName))
    return Promise.resolve({ code: "hub_address_refused", message: `${hostName} is no public address.` });
  return new Promise((resolve) => {
    guard.lookup(hostName, {}, (error) => resolve(error === null ? null : networkFailure(error, hostName)));
  });
}

function readerFailure(error: unknown, { hostName, now }: ReadOptions): Failure {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code !== "UnauthorizedError") return networkFailure(error, hostName);
  return classifyRefusal({ condition: "amqp:unauthorized-access", text: messageOf(error) }, "connection", now());
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "";
}

function toHubEvent(event: ReceivedEventData, partitionId: string): HubEvent {
  const systemProperties = event.systemProperties ?? {};
  return {
    deviceId: String(systemProperties["iothub-connection-device-id"] ?? ""),
    body: Buffer.isBuffer(event.body) ? event.body.toString("utf8") : event.body,
    properties: event.properties ?? {},
    systemProperties,
    partitionId,
    sequenceNumber: event.sequenceNumber,
    enqueuedTime: event.enqueuedTimeUtc.getTime(),
  };
}
