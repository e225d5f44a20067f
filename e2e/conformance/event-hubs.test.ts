/** The Event Hubs-compatible endpoint as Microsoft's Event Hubs client reads it. */
import { EventHubConsumerClient, type EventPosition, type ReceivedEventData } from "@azure/event-hubs";
import { Message } from "azure-iot-device";
import type * as Service from "azure-iothub";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "../support/until.ts";
import { eventHubConnectionStringOf } from "./redirect.ts";
import { addresses, createDevice, createRegistry, isLocal, makeDevice, type DeviceDescription } from "./target.ts";

const registry: Service.Registry = createRegistry();
const open: { close(): Promise<void> }[] = [];
let device: DeviceDescription;
let connectionString: string;
let sentFrom: Date;

beforeAll(async () => {
  connectionString = await eventHubConnectionStringOf(addresses.connectionString, addresses.local?.amqpsPort);
  device = await makeDevice(registry);
  sentFrom = new Date(Date.now() - 5_000);
  const client = createDevice("Mqtt", device);
  await client.open();
  for (let i = 0; i < 20; i++) await client.sendEvent(new Message(JSON.stringify({ i })));
  await client.close();
});
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

function consumer(text: string = connectionString, maxRetries = 3): EventHubConsumerClient {
  const client = new EventHubConsumerClient("$Default", text, { retryOptions: { maxRetries } });
  open.push(client);
  return client;
}

interface Reading {
  readonly events: ReceivedEventData[];
  readonly errors: Error[];
}

function read(partitionId: string, startPosition: EventPosition, ownerLevel?: number, text?: string): Reading {
  const [events, errors]: [ReceivedEventData[], Error[]] = [[], []];
  const subscription = consumer(text).subscribe(
    partitionId,
    {
      processEvents: async (received) => void events.push(...received),
      processError: async (error) => void errors.push(error as Error),
    },
    { startPosition, maxBatchSize: 500, maxWaitTimeInSeconds: 1, ...(ownerLevel === undefined ? {} : { ownerLevel }) },
  );
  open.push(subscription);
  return { events, errors };
}

const ofDevice = (events: readonly ReceivedEventData[]): readonly ReceivedEventData[] =>
  events.filter(({ systemProperties }) => systemProperties?.["iothub-connection-device-id"] === device.deviceId);

/** The partition of the device, and its events in it. */
async function locate(): Promise<{ readonly partitionId: string; readonly events: readonly ReceivedEventData[] }> {
  const client = consumer();
  const ids = await client.getPartitionIds();
  const readings = ids.map((id) => ({ id, ...read(id, { enqueuedOn: sentFrom }) }));
  const found = (): (typeof readings)[number] | undefined =>
    readings.find(({ events }) => ofDevice(events).length >= 20);
  await until(() => found() !== undefined, "all twenty events in one partition");
  const { id, events } = found() as (typeof readings)[number];
  return { partitionId: id, events: ofDevice(events).slice(0, 20) };
}

describe("reading", () => {
  test("finds one device in one partition, in its order, with rising sequence numbers", async () => {
    const { events } = await locate();
    expect(events.map(({ body }) => (body as { i: number }).i)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    const numbers = events.map(({ sequenceNumber }) => sequenceNumber);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  });

  test("starts after, or at, a sequence number and an offset", async () => {
    const { partitionId, events } = await locate();
    const tenth = events[10] as ReceivedEventData;
    const after = read(partitionId, { sequenceNumber: tenth.sequenceNumber });
    const at = read(partitionId, { sequenceNumber: tenth.sequenceNumber, isInclusive: true });
    const offset = read(partitionId, { offset: String(tenth.offset) } as EventPosition);
    await until(() => [after, at, offset].every(({ events: e }) => ofDevice(e).length >= 9), "three readings");
    const first = ({ events: e }: Reading): unknown =>
      (ofDevice(e)[0] as { readonly body: { i: number } } | undefined)?.body.i;
    expect([first(after), first(at), first(offset)]).toEqual([11, 10, 11]);
  });

  test("from the end sees only what comes later", async () => {
    const { partitionId } = await locate();
    const latest = read(partitionId, { offset: "@latest" } as EventPosition);
    const properties = await consumer().getPartitionProperties(partitionId);
    const client = createDevice("Mqtt", device);
    await client.open();
    await until(async () => {
      await client.sendEvent(new Message('{"i":"late"}'));
      return latest.events.length > 0;
    }, "a late event");
    await client.close();
    expect(latest.events[0]?.sequenceNumber).toBeGreaterThan(properties.lastEnqueuedSequenceNumber);
  });
});

describe("the endpoint", () => {
  test("tells of itself and its partitions", async () => {
    const client = consumer();
    const { name, partitionIds } = await client.getEventHubProperties();
    expect(connectionString).toContain(`EntityPath=${name}`);
    expect(partitionIds.length).toBeGreaterThanOrEqual(2);
    const { partitionId } = await locate();
    const properties = await client.getPartitionProperties(partitionId);
    expect(properties.isEmpty).toBe(false);
    expect(properties.lastEnqueuedSequenceNumber).toBeGreaterThanOrEqual(properties.beginningSequenceNumber);
  });

  test("gives a partition to the highest epoch", async () => {
    const { partitionId } = await locate();
    const low = read(partitionId, { offset: "-1" } as EventPosition, 1);
    await until(() => low.events.length > 0, "the first reader");
    const high = read(partitionId, { offset: "-1" } as EventPosition, 2);
    await until(() => high.events.length > 0 && low.errors.length > 0, "the change of hands");
    expect(low.errors[0]).toMatchObject({ code: "ReceiverDisconnectedError" });
  });

  test("refuses a key that is not the policy's", async () => {
    const wrong = connectionString.replace(
      /SharedAccessKey=[^;]+/,
      `SharedAccessKey=${Buffer.alloc(32).toString("base64")}`,
    );
    await expect(consumer(wrong, 0).getPartitionIds()).rejects.toThrow(/./);
  });

  test.skipIf(!isLocal)(
    `is served without TLS to clients in emulator mode${isLocal ? "" : ": not on a real hub"}`,
    async () => {
      const text = addresses.local?.plainEventHubConnectionString as string;
      expect(text).toContain("UseDevelopmentEmulator=true");
      await expect(consumer(text).getPartitionIds()).resolves.toHaveLength(4);
    },
  );
});
