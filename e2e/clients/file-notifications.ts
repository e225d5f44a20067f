/**
 * A service that waits for notifications of uploaded files with Microsoft's SDK, and completes them. Prints JSON, an array.
 * Arguments: connection string whose host may have a port, how many to wait for.
 */
import type { EventEmitter } from "node:events";
import { createRequire } from "node:module";

interface Notification {
  readonly data: Buffer;
}

interface Receiver extends EventEmitter {
  complete(message: Notification, done: (error?: Error) => void): void;
}

interface ServiceClient {
  open(): Promise<unknown>;
  close(): Promise<unknown>;
  getFileNotificationReceiver(): Promise<{ readonly result: Receiver }>;
}

const { Client } = createRequire(import.meta.url)("azure-iothub") as {
  Client: { fromConnectionString(text: string): ServiceClient };
};
const [connectionString = "", count = "1"] = process.argv.slice(2);
const client = Client.fromConnectionString(connectionString);
await client.open();
const { result: receiver } = await client.getFileNotificationReceiver();
const documents: unknown[] = [];
let completed = 0;
receiver.on("message", (message: Notification) => {
  documents.push(JSON.parse(String(message.data)));
  receiver.complete(message, (error) => {
    if (error) throw error;
    if (++completed < Number(count)) return;
    // The completion goes out before the connection ends, and not before that.
    void client.close().then(() => process.stdout.write(JSON.stringify(documents), () => process.exit(0)));
  });
});
