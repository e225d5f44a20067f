/** Reads a hub's events with Microsoft's Event Hubs client, from the moment it is asked for. */
import { EventHubConsumerClient, type ReceivedEventData } from "@azure/event-hubs";
import { until } from "../support/until.ts";
import { addresses } from "./target.ts";
import { eventHubConnectionStringOf } from "./redirect.ts";

export class EventReading {
  readonly events: ReceivedEventData[] = [];
  readonly #client: EventHubConsumerClient;
  readonly #subscription: { close(): Promise<void> };
  #error: Error | undefined;

  private constructor(client: EventHubConsumerClient, consumerGroupStart: Date) {
    this.#client = client;
    this.#subscription = client.subscribe(
      {
        processEvents: async (events) => void this.events.push(...events),
        processError: async (error) => void (this.#error = error as Error),
      },
      { startPosition: { enqueuedOn: consumerGroupStart }, maxBatchSize: 500, maxWaitTimeInSeconds: 1 },
    );
  }

  /** Sees everything from now on; a minute back, because clocks differ. */
  static async start(): Promise<EventReading> {
    const text = addresses.eventHubConnectionString ?? (await eventHubConnectionStringOf(addresses.connectionString));
    return new EventReading(new EventHubConsumerClient("$Default", text), new Date(Date.now() - 60_000));
  }

  of(deviceId: string): readonly ReceivedEventData[] {
    return this.events.filter(({ systemProperties }) => systemProperties?.["iothub-connection-device-id"] === deviceId);
  }

  /** Waits until a device has so many events, and returns them in their order. */
  async first(deviceId: string, count: number, timeoutMs = 30_000): Promise<readonly ReceivedEventData[]> {
    const what = `${count} events of ${deviceId}`;
    await until(() => this.of(deviceId).length >= count, what, timeoutMs).catch((error: unknown) => {
      throw new Error(`${String(error)} Read ${this.of(deviceId).length}. ${this.#error?.message ?? ""}`);
    });
    return this.of(deviceId);
  }

  async close(): Promise<void> {
    await this.#subscription.close();
    await this.#client.close();
  }
}
