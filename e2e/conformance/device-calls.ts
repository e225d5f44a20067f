/** The device SDK's calls as promises, where it knows only callbacks or events. */
import { randomUUID } from "node:crypto";
import { Message, type Client, type Twin } from "azure-iot-device";
import type * as Service from "azure-iothub";

/** The first cloud-to-device message; subscribes at once, and stays subscribed, so that the message can be settled. */
export function firstMessage(client: Client): Promise<Message> {
  return new Promise((resolve) => client.on("message", resolve));
}

/** A cloud-to-device message with an id and a property. */
export function messageFor(text: string): Message {
  const message = new Message(text);
  message.messageId = randomUUID();
  message.properties.add("order", "7");
  return message;
}

export function twinOf(client: {
  getTwin(done: (error: Error | undefined, twin?: Twin) => void): void;
}): Promise<Twin> {
  return new Promise((resolve, reject) => {
    client.getTwin((error, twin) => (twin === undefined ? reject(error ?? new Error("no twin")) : resolve(twin)));
  });
}

type ReportedUpdate = (patch: object, done: (error?: Error) => void) => void;

export function updateReported(twin: Twin, patch: object): Promise<void> {
  return new Promise((resolve, reject) => {
    (twin.properties.reported["update"] as ReportedUpdate)(patch, (error) => (error ? reject(error) : resolve()));
  });
}

export interface FeedbackRecord {
  readonly deviceId: string;
  readonly originalMessageId: string;
  readonly statusCode: string;
}

/** Every feedback record that a service receives from now on. Hubs gather them for up to 15 seconds. */
export async function readFeedback(service: Service.Client): Promise<readonly FeedbackRecord[]> {
  const records: FeedbackRecord[] = [];
  const { result } = (await service.getFeedbackReceiver()) as unknown as {
    readonly result: Service.Client.ServiceReceiver;
  };
  result.on("message", (batch: { readonly data: Buffer }) => {
    records.push(...(JSON.parse(batch.data.toString()) as FeedbackRecord[]));
    // Whether that worked is told by the records that come again.
    result.complete(batch as never, () => undefined);
  });
  return records;
}
