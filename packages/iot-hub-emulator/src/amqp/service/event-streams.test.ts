/** Streams of custom endpoints and consumer groups, read by Microsoft's client and by rhea. */
import { EventHubConsumerClient, EventHubProducerClient, earliestEventPosition } from "@azure/event-hubs";
import { formatEventHubConnectionString } from "iot-hub-protocol";
import { expect, test } from "vitest";
import { encodeStoredMessage } from "../../amqp-codec/stored-message.ts";
import type { EventStream } from "../../hub/events/event-stream.ts";
import { linkEnd, startTestBed, type TestBed } from "../test-bed.ts";

function connectionString(bed: TestBed, entityPath: string): string {
  return formatEventHubConnectionString({
    endpoint: `localhost:${bed.port}`,
    sharedAccessKeyName: "service",
    sharedAccessKey: bed.hub.policies.get("service")?.primaryKey ?? "",
    entityPath,
    developmentEmulator: true,
  });
}

async function append(stream: EventStream, partitionId: string, body: string): Promise<void> {
  await stream.append(partitionId, [body], (text, place) =>
    encodeStoredMessage(
      { body: Buffer.from(JSON.stringify(text)), properties: new Map() },
      {
        ...place,
        partitionKey: "d",
        deviceId: "d",
        generationId: "1",
        authMethod: "{}",
        hubEnqueuedTime: place.enqueuedTime,
        source: "Telemetry",
      },
    ),
  );
}

test("a custom endpoint's stream has its own name, partitions and events", async () => {
  const bed = await startTestBed();
  const alerts = await bed.hub.streams.open("alerts", 2);
  await append(alerts, "1", "only here");
  const client = new EventHubConsumerClient("$Default", connectionString(bed, "Alerts"), {
    retryOptions: { maxRetries: 0 },
  });
  try {
    expect(await client.getEventHubProperties()).toMatchObject({ name: "alerts", partitionIds: ["0", "1"] });
    expect(await client.getPartitionProperties("1")).toMatchObject({
      eventHubName: "alerts",
      beginningSequenceNumber: 0,
      lastEnqueuedSequenceNumber: 0,
      lastEnqueuedOffset: "0",
      lastEnqueuedOnUtc: expect.any(Date),
      isEmpty: false,
    });
    const body = await new Promise<unknown>((resolve, reject) => {
      client.subscribe(
        "1",
        { processEvents: async (events) => resolve(events[0]?.body), processError: async (error) => reject(error) },
        { startPosition: earliestEventPosition, maxBatchSize: 10 },
      );
    });
    expect(body).toBe("only here");
    expect(bed.hub.events.properties("1").isEmpty).toBe(true);
  } finally {
    await client.close();
    await bed.stop();
  }
});

test("nothing can be sent to an event hub, and the refusal says so", async () => {
  const bed = await startTestBed();
  await bed.hub.streams.open("alerts", 1);
  try {
    for (const entity of ["alerts", bed.hub.eventHubName]) {
      const producer = new EventHubProducerClient(connectionString(bed, entity), { retryOptions: { maxRetries: 0 } });
      await expect(producer.sendBatch([{ body: "x" }])).rejects.toThrow(
        `Nothing can be sent to the event hub ${entity}`,
      );
      await producer.close();
    }
    const unknown = new EventHubProducerClient(connectionString(bed, "other"), { retryOptions: { maxRetries: 0 } });
    await expect(unknown.sendBatch([{ body: "x" }])).rejects.toMatchObject({ code: "MessagingEntityNotFoundError" });
    await unknown.close();
  } finally {
    await bed.stop();
  }
});

test("readers of a stream or a group that goes are told it is gone", async () => {
  const bed = await startTestBed();
  try {
    await bed.hub.streams.open("alerts", 1);
    await bed.hub.consumerGroups.add("group");
    const client = bed.connect();
    await client.putToken(bed.policyToken("service"));
    const ofStream = linkEnd(await client.openReceiver("alerts/ConsumerGroups/$Default/Partitions/0"));
    const ofGroup = linkEnd(await client.openReceiver(`${bed.hub.eventHubName}/ConsumerGroups/Group/Partitions/0`));
    await client.openReceiver(`${bed.hub.eventHubName}/ConsumerGroups/$Default/Partitions/0`);
    await bed.hub.streams.remove("alerts");
    await bed.hub.consumerGroups.remove("group");
    expect(await ofStream).toMatchObject({
      condition: "amqp:not-found",
      description: expect.stringContaining("'alerts' could not be found"),
    });
    expect(await ofGroup).toMatchObject({ condition: "amqp:not-found" });
    await expect(client.openReceiver("alerts/ConsumerGroups/$Default/Partitions/0")).rejects.toMatchObject({
      condition: "amqp:not-found",
    });
  } finally {
    await bed.stop();
  }
});
