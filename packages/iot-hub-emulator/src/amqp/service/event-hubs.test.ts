/** The Event Hubs-compatible endpoint, judged by Microsoft's own client over plain TCP and by rhea. */
import {
  EventHubConsumerClient,
  type EventPosition,
  type ReceivedEventData,
  type SubscriptionEventHandlers,
  earliestEventPosition,
  latestEventPosition,
} from "@azure/event-hubs";
import { createSasTokenProvider } from "@azure/core-amqp";
import type { DeviceMessage } from "iot-hub-protocol";
import rhea, { type EventContext } from "rhea";
import { expect, test } from "vitest";
import type { Hub } from "../../hub/hub.ts";
import { linkEnd, type RemoteError, startTestBed, type TestBed } from "../test-bed.ts";

async function accept(hub: Hub, deviceId: string, bodies: readonly string[]): Promise<void> {
  const identity = hub.registry.find(deviceId) ?? (await hub.registry.create(deviceId, {}));
  const messages: DeviceMessage[] = bodies.map((body) => ({
    body: Buffer.from(JSON.stringify({ body })),
    messageId: `id-${body.slice(0, 9)}`,
    contentType: "application/json",
    contentEncoding: "utf-8",
    properties: new Map([["event", body]]),
  }));
  for (const message of messages) await hub.acceptTelemetry(identity, [message], { scope: "hub", type: "sas" });
}

interface Reading {
  readonly events: ReceivedEventData[];
  /** Resolves when so many events were read. */
  until(count: number): Promise<void>;
  readonly error: Promise<Error & { code?: string }>;
  close(): Promise<void>;
}

function read(
  client: EventHubConsumerClient,
  partitionId: string,
  startPosition: EventPosition,
  options: { trackLastEnqueuedEventProperties?: boolean; ownerLevel?: number } = {},
): Reading {
  const events: ReceivedEventData[] = [];
  let wake = (): void => {};
  let fail: (error: Error) => void = () => {};
  const error = new Promise<Error>((resolve) => (fail = resolve));
  const handlers: SubscriptionEventHandlers = {
    processEvents: async (received) => {
      events.push(...received);
      wake();
    },
    processError: async (thrown) => fail(thrown),
  };
  const subscription = client.subscribe(partitionId, handlers, { startPosition, maxBatchSize: 100, ...options });
  return {
    events,
    error,
    async until(count) {
      while (events.length < count) await new Promise<void>((resolve) => (wake = resolve));
    },
    close: () => subscription.close(),
  };
}

async function withClient(
  bed: TestBed,
  use: (client: EventHubConsumerClient) => Promise<void>,
  connectionString: string = bed.eventHubConnectionString(),
): Promise<void> {
  const client = new EventHubConsumerClient("$Default", connectionString, { retryOptions: { maxRetries: 0 } });
  try {
    await use(client);
  } finally {
    await client.close();
  }
}

test("an event arrives with all that a hub stamps on it", async () => {
  const bed = await startTestBed();
  try {
    await accept(bed.hub, "device-1", ["hello"]);
    const partitionId = bed.hub.events.partitionOf("device-1");
    await withClient(bed, async (client) => {
      const reading = read(client, partitionId, earliestEventPosition);
      await reading.until(1);
      expect(reading.events[0]).toMatchObject({
        body: { body: "hello" },
        properties: { event: "hello" },
        contentType: "application/json",
        messageId: "id-hello",
        partitionKey: "device-1",
        sequenceNumber: 0,
        enqueuedTimeUtc: expect.any(Date),
        offset: expect.stringMatching(/^\d+$/),
        systemProperties: {
          "iothub-connection-device-id": "device-1",
          "iothub-connection-auth-method": expect.stringContaining('"scope":"hub"'),
          "iothub-connection-auth-generation-id": bed.hub.registry.get("device-1").generationId,
          "iothub-enqueuedtime": expect.any(Number),
          "iothub-message-source": "Telemetry",
          contentEncoding: "utf-8",
        },
      });
      await reading.close();
    });
    expect(bed.faults).toEqual([]);
  } finally {
    await bed.stop();
  }
});

test("every start position begins where it says", async () => {
  let now = 1_700_000_000_000;
  const bed = await startTestBed({ now: () => now });
  try {
    for (const body of ["0", "1", "2", "3"]) {
      await accept(bed.hub, "d", [body]);
      now += 1000;
    }
    const partitionId = bed.hub.events.partitionOf("d");
    const offset = (await bed.hub.events.read(partitionId, 0, 1e6))[1]?.offset ?? "";
    const positions: readonly (readonly [EventPosition, string])[] = [
      [earliestEventPosition, "0123"],
      [{ sequenceNumber: 1 }, "23"],
      [{ sequenceNumber: 1, isInclusive: true }, "123"],
      [{ offset }, "23"],
      [{ offset, isInclusive: true }, "123"],
      [{ enqueuedOn: new Date(1_700_000_000_500) }, "123"],
      [{ enqueuedOn: 1_700_000_001_000 }, "23"],
    ];
    await withClient(bed, async (client) => {
      for (const [position, expected] of positions) {
        const reading = read(client, partitionId, position);
        await reading.until(expected.length);
        expect(reading.events.map(({ properties }) => properties?.["event"]).join("")).toBe(expected);
        await reading.close();
      }
    });
  } finally {
    await bed.stop();
  }
});

test("a reader that starts at the end sees only what comes later", async () => {
  const bed = await startTestBed();
  try {
    await accept(bed.hub, "d", ["old", "older"]);
    await withClient(bed, async (client) => {
      const reading = read(client, bed.hub.events.partitionOf("d"), latestEventPosition);
      // There is no sign from the client that it is attached: events are added until one comes.
      let closed = false;
      const adding = (async () => {
        while (!closed) {
          await accept(bed.hub, "d", ["new"]);
          await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      await reading.until(1);
      closed = true;
      await adding;
      expect(new Set(reading.events.map(({ properties }) => properties?.["event"]))).toEqual(new Set(["new"]));
      await reading.close();
    });
  } finally {
    await bed.stop();
  }
});

test("properties of hub and partitions are told", async () => {
  const bed = await startTestBed();
  try {
    await accept(bed.hub, "d", ["a", "b"]);
    const partitionId = bed.hub.events.partitionOf("d");
    const empty = bed.hub.events.partitionIds.find((id) => id !== partitionId) ?? "";
    await withClient(bed, async (client) => {
      expect(await client.getEventHubProperties()).toMatchObject({
        name: bed.hub.eventHubName,
        partitionIds: bed.hub.events.partitionIds,
        createdOn: new Date(bed.hub.events.createdAt),
      });
      expect(await client.getPartitionProperties(partitionId)).toMatchObject({
        beginningSequenceNumber: 0,
        lastEnqueuedSequenceNumber: 1,
        isEmpty: false,
        partitionId,
      });
      expect(await client.getPartitionProperties(empty)).toMatchObject({
        lastEnqueuedSequenceNumber: -1,
        isEmpty: true,
      });
      await expect(client.getPartitionProperties("99")).rejects.toThrow("There is no such partition");
    });
  } finally {
    await bed.stop();
  }
});

test("a receiver that asks for it learns how far its partition has come", async () => {
  const bed = await startTestBed();
  try {
    await accept(bed.hub, "d", ["a", "b", "c"]);
    await withClient(bed, async (client) => {
      const learnt = new Promise<unknown>((resolve) => {
        client.subscribe(
          bed.hub.events.partitionOf("d"),
          {
            processEvents: async (_, { lastEnqueuedEventProperties }) => resolve(lastEnqueuedEventProperties),
            processError: async () => {},
          },
          { startPosition: earliestEventPosition, maxBatchSize: 10, trackLastEnqueuedEventProperties: true },
        );
      });
      expect(await learnt).toMatchObject({ sequenceNumber: 2, offset: expect.stringMatching(/^\d+$/) });
    });
  } finally {
    await bed.stop();
  }
});

test("a reader with a higher epoch takes the partition over", async () => {
  const bed = await startTestBed();
  try {
    await accept(bed.hub, "d", ["a"]);
    const partitionId = bed.hub.events.partitionOf("d");
    await withClient(bed, async (one) => {
      await withClient(bed, async (other) => {
        const first = read(one, partitionId, earliestEventPosition, { ownerLevel: 1 });
        await first.until(1);
        const second = read(other, partitionId, earliestEventPosition, { ownerLevel: 2 });
        await second.until(1);
        expect((await first.error).code).toBe("ReceiverDisconnectedError");
        await Promise.all([first.close(), second.close()]);
      });
    });
  } finally {
    await bed.stop();
  }
});

const EVENTS_OF = (bed: TestBed, partitionId: string, group = "$Default"): string =>
  `${bed.hub.eventHubName}/ConsumerGroups/${group}/Partitions/${partitionId}`;

const withEpoch = (epoch: number): Partial<rhea.ReceiverOptions> => ({
  properties: { "com.microsoft:epoch": rhea.types.wrap_long(epoch) } as never,
});

test("epochs: lower ones are refused, equal ones steal, plain readers are displaced and kept out", async () => {
  const bed = await startTestBed();
  try {
    const client = bed.connect();
    await client.putToken(bed.policyToken("service"));
    const address = EVENTS_OF(bed, "0");
    const plain = await client.openReceiver(address);
    const displaced = linkEnd(plain);
    const five = await client.openReceiver(address, withEpoch(5));
    expect(await displaced).toMatchObject({ condition: "amqp:link:stolen" });
    await expect(client.openReceiver(address, withEpoch(4))).rejects.toMatchObject({ condition: "amqp:link:stolen" });
    await expect(client.openReceiver(address)).rejects.toMatchObject({ condition: "amqp:link:stolen" });
    const stolen = linkEnd(five);
    const again = await client.openReceiver(address, withEpoch(5));
    expect(await stolen).toMatchObject({ condition: "amqp:link:stolen" });
    again.close();
    await new Promise((resolve) => again.once("receiver_close", resolve));
    await client.openReceiver(address);
  } finally {
    await bed.stop();
  }
});

test("at most five plain readers share a partition of a consumer group", async () => {
  const bed = await startTestBed();
  try {
    await bed.hub.consumerGroups.add("other");
    const client = bed.connect();
    await client.putToken(bed.policyToken("service"));
    for (let i = 0; i < 5; i++) await client.openReceiver(EVENTS_OF(bed, "0", i % 2 === 0 ? "$Default" : "$default"));
    await expect(client.openReceiver(EVENTS_OF(bed, "0"))).rejects.toMatchObject({
      condition: "amqp:resource-limit-exceeded",
    });
    await client.openReceiver(EVENTS_OF(bed, "1"));
    await client.openReceiver(EVENTS_OF(bed, "0", "OTHER"));
  } finally {
    await bed.stop();
  }
});

test("reading needs ServiceConnect, a known event hub, group and partition", async () => {
  const bed = await startTestBed();
  try {
    const stranger = bed.connect();
    await expect(stranger.openReceiver(EVENTS_OF(bed, "0"))).rejects.toMatchObject({
      condition: "amqp:unauthorized-access",
    });
    await stranger.putToken(bed.policyToken("device"));
    await expect(stranger.openReceiver(EVENTS_OF(bed, "0"))).rejects.toMatchObject({
      condition: "amqp:unauthorized-access",
    });
    await expect(stranger.openReceiver("messages/events/$management")).rejects.toMatchObject({
      condition: "amqp:unauthorized-access",
    });
    const client = bed.connect();
    await client.putToken(bed.policyToken("service"));
    await expect(client.openReceiver(EVENTS_OF(bed, "0", "nobody"))).rejects.toMatchObject({
      condition: "amqp:not-found",
    });
    await expect(client.openReceiver(EVENTS_OF(bed, "77"))).rejects.toMatchObject({
      condition: "com.microsoft:argument-out-of-range",
    });
    await expect(client.openReceiver("other/ConsumerGroups/$Default/Partitions/0")).rejects.toMatchObject({
      condition: "amqp:not-found",
    });
    await client.openReceiver(`amqps://localhost:5671/${EVENTS_OF(bed, "0")}`);
  } finally {
    await bed.stop();
  }
});

test("a policy without ServiceConnect reads nothing through Microsoft's client", async () => {
  const bed = await startTestBed();
  try {
    const run = async (client: EventHubConsumerClient): Promise<void> => {
      await expect(client.getEventHubProperties()).rejects.toMatchObject({ code: "UnauthorizedError" });
    };
    await withClient(bed, run, bed.eventHubConnectionString("device"));
  } finally {
    await bed.stop();
  }
});

test("messages larger than the reader's frames come whole, unsettled or settled as asked, and drained credit returns", async () => {
  const bed = await startTestBed();
  try {
    const big = "x".repeat(100_000);
    await accept(bed.hub, "d", ["a", big, "c"]);
    const client = bed.connect({ max_frame_size: 1024 });
    await client.putToken(bed.policyToken("service"));
    for (const snd_settle_mode of [0, 1] as const) {
      const receiver = await client.openReceiver(EVENTS_OF(bed, bed.hub.events.partitionOf("d")), {
        credit_window: 0,
        snd_settle_mode,
      });
      const bodies: string[] = [];
      receiver.on("message", ({ message, delivery }: EventContext) => {
        const section = message?.body as { content: Buffer } | undefined;
        bodies.push((JSON.parse(String(section?.content)) as { body: string }).body);
        expect(delivery?.remote_settled).toBe(snd_settle_mode === 1);
      });
      const drained = new Promise((resolve) => receiver.once("receiver_drained", resolve));
      (receiver as unknown as { drain_credit(): void }).drain_credit();
      receiver.add_credit(10);
      await drained;
      expect(bodies).toEqual(["a", big, "c"]);
      receiver.close();
      await new Promise((resolve) => receiver.once("receiver_close", resolve));
    }
  } finally {
    await bed.stop();
  }
});

test("a request of $management brings its own token, as Java's client does; $cbs takes one for amqp://", async () => {
  const bed = await startTestBed();
  try {
    const { name, primaryKey } = bed.hub.policies.get("service") ?? { name: "", primaryKey: "" };
    const tokens = createSasTokenProvider({ sharedAccessKeyName: name, sharedAccessKey: primaryKey });
    const { token } = await tokens.getToken(`amqp://localhost/${bed.hub.eventHubName}`);
    const client = bed.connect();
    const read = async (more: Record<string, string>): Promise<unknown> => {
      const properties = { operation: "READ", type: "com.microsoft:eventhub", name: bed.hub.eventHubName, ...more };
      const answer = await client.request("$management", { application_properties: properties, body: "" } as never);
      return answer.application_properties?.["status-code"];
    };
    expect(await read({})).toBe(401);
    expect(await read({ security_token: token.replace(/sig=../, "sig=AA") })).toBe(401);
    expect(await read({ security_token: bed.policyToken("device") })).toBe(401);
    expect(await read({ security_token: token })).toBe(200);
    // It stood for that request alone.
    await expect(client.openReceiver(EVENTS_OF(bed, "0"))).rejects.toMatchObject({
      condition: "amqp:unauthorized-access",
    });
    await client.putToken(token);
    await client.openReceiver(EVENTS_OF(bed, "0"));
  } finally {
    await bed.stop();
  }
});

test("the hub's host sends readers on to the Event Hubs-compatible endpoint", async () => {
  const bed = await startTestBed();
  try {
    const plain = { username: "service@sas.root.localhost", password: bed.policyToken("service") } as never;
    const client = bed.connect(plain);
    for (const address of [
      "messages/events/$management",
      "amqps://localhost/messages/events/$management",
      "messages/events/ConsumerGroups/$Default/Partitions/0",
      "messages/events/",
    ]) {
      const link = client.connection.open_receiver({ source: { address } });
      const end: RemoteError = await linkEnd(link);
      // Go's client looks for the reason only behind an attach without a terminus.
      expect((link as unknown as { source: { value: unknown } }).source.value ?? null).toBeNull();
      const path = /messages\/events\/(.*)/.exec(address)?.[1];
      expect(end).toMatchObject({
        condition: "amqp:link:redirect",
        info: {
          hostname: `localhost:${bed.port}`,
          "network-host": "localhost",
          port: bed.port,
          address: `amqps://localhost:${bed.port}/${bed.hub.eventHubName}/${path}`,
        },
      });
    }
  } finally {
    await bed.stop();
  }
});
