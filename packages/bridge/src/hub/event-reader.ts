/** Reads a hub's events from its Event Hubs-compatible endpoint with Microsoft's client, all partitions at once. */
import { EventHubConsumerClient } from "@azure/event-hubs";
import type { ReceivedEventData } from "@azure/event-hubs";
import { fail, succeed } from "../core/failure.ts";
import type { Result } from "../core/failure.ts";
import type { HubEndpoint, HubEvent, MonitorOptions } from "../core/hub-client.ts";
import type { HubConnection } from "../core/integration.ts";
import { hubTokens } from "./access-token.ts";
import { findTarget } from "./stream/event-hub-target.ts";
import { readerFailure } from "./stream/reader-failure.ts";

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
  const found = await findTarget({
    endpoint,
    connection,
    token,
    given: null,
    now,
    signal,
    answerTimeout: openTimeout,
  });
  return found.ok ? read({ ...options, ...found.value, now, openTimeout }) : found;
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
            if (!signal.aborted) onFailure(readerFailure(error, options.hostName, options.now()));
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
    return { ok: false, failure: readerFailure(error, options.hostName, options.now()) };
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
