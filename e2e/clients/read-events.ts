/**
 * Reads a hub with Microsoft's Event Hubs client and prints each event as a line of JSON. A process of its own, because
 * the client trusts a certificate authority only through NODE_EXTRA_CA_CERTS. Argument: connection string.
 */
import { earliestEventPosition, EventHubConsumerClient } from "@azure/event-hubs";

const client = new EventHubConsumerClient("$Default", process.argv[2]!);
const subscription = client.subscribe(
  {
    async processEvents(events, context) {
      const lines = events.map((event) =>
        JSON.stringify({
          partitionId: context.partitionId,
          body: event.body as unknown,
          messageId: event.messageId,
          contentType: event.contentType,
          properties: event.properties,
          systemProperties: event.systemProperties,
          sequenceNumber: event.sequenceNumber,
          enqueuedTime: event.enqueuedTimeUtc.getTime(),
          readAt: Date.now(),
        }),
      );
      if (lines.length > 0) process.stdout.write(`${lines.join("\n")}\n`);
    },
    async processError(error) {
      process.stderr.write(`${error.message}\n`);
    },
  },
  { startPosition: earliestEventPosition, maxBatchSize: 500, maxWaitTimeInSeconds: 1 },
);
process.on("SIGTERM", () => {
  void subscription
    .close()
    .then(() => client.close())
    .finally(() => process.exit(0));
});
