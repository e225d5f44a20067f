/** Reads a hub's event stream again and again, and notices when a place in it was given to two different events. */
import { earliestEventPosition, EventHubConsumerClient, type ReceivedEventData } from "@azure/event-hubs";
import { until } from "./until.ts";

interface WitnessedEvent {
  readonly deviceId: string;
  readonly text: string;
}

export class StreamWitness {
  /** By partition, by sequence number. */
  readonly #seen = new Map<string, Map<number, WitnessedEvent>>();
  /** Places that were seen with two events. */
  readonly contradictions: string[] = [];
  #client: EventHubConsumerClient | undefined;

  /** Reads everything from the start, and what comes after it, until `stop`. */
  start(connectionString: string): void {
    this.#client = new EventHubConsumerClient("$Default", connectionString, { retryOptions: { maxRetries: 0 } });
    this.#client.subscribe(
      {
        processEvents: async (events, { partitionId }) => {
          for (const event of events) this.#note(partitionId, event);
        },
        processError: async () => undefined,
      },
      { startPosition: earliestEventPosition, maxWaitTimeInSeconds: 1 },
    );
  }

  async stop(): Promise<void> {
    await this.#client?.close();
    this.#client = undefined;
  }

  /** Resolves when the newest event of every partition was read. */
  async reachesEnd(): Promise<void> {
    const client = this.#client;
    if (client === undefined) throw new Error("The witness was not started.");
    for (const id of await client.getPartitionIds()) {
      const { lastEnqueuedSequenceNumber } = await client.getPartitionProperties(id);
      const isThere = (): boolean =>
        lastEnqueuedSequenceNumber < 0 || this.#partition(id).has(lastEnqueuedSequenceNumber);
      await until(isThere, `event ${lastEnqueuedSequenceNumber} of partition ${id}`, 60_000);
    }
  }

  /** Sequence numbers that nobody saw, between 0 and the newest. */
  gaps(): readonly string[] {
    return [...this.#seen].flatMap(([id, events]) =>
      Array.from({ length: Math.max(-1, ...events.keys()) + 1 }, (_, n) => n)
        .filter((n) => !events.has(n))
        .map((n) => `${id}/${n}`),
    );
  }

  /** What a device sent, in the order of its partition. */
  textsOf(deviceId: string): readonly string[] {
    return [...this.#seen.values()].flatMap((events) =>
      [...events]
        .sort(([a], [b]) => a - b)
        .filter(([, event]) => event.deviceId === deviceId)
        .map(([, { text }]) => text),
    );
  }

  #note(partitionId: string, { sequenceNumber, body, systemProperties }: ReceivedEventData): void {
    const event = { deviceId: String(systemProperties?.["iothub-connection-device-id"]), text: String(body) };
    const events = this.#partition(partitionId);
    const known = events.get(sequenceNumber);
    if (known !== undefined && (known.deviceId !== event.deviceId || known.text !== event.text)) {
      this.contradictions.push(`${partitionId}/${sequenceNumber}: ${JSON.stringify([known, event])}`);
    }
    events.set(sequenceNumber, event);
  }

  #partition(id: string): Map<number, WitnessedEvent> {
    let events = this.#seen.get(id);
    if (events === undefined) this.#seen.set(id, (events = new Map()));
    return events;
  }
}
