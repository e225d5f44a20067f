/**
 * A device by Microsoft's device SDK, with the connection string that it was given and nothing else. Prints each desired
 * change as a line `{"desired":{…}}` and each cloud-to-device message as `{"message":…}`; a line on its standard input,
 * `{"report":{…}}` or `{"send":{…}}`, is done and answered by `{"done":n}`. Arguments: transport, connection string.
 */
import { createInterface } from "node:readline";
import device, { type Message as Received, type Twin } from "azure-iot-device";
import amqp from "azure-iot-device-amqp";
import mqtt from "azure-iot-device-mqtt";

const { Client, Message } = device;
const { Amqp, AmqpWs } = amqp;
const { Mqtt, MqttWs } = mqtt;
const TRANSPORTS = { Mqtt, MqttWs, Amqp, AmqpWs } as const;

interface Command {
  readonly report?: object;
  readonly send?: object;
}

type ReportedUpdate = (patch: object, done: (error?: Error) => void) => void;

const [transport = "Mqtt", connectionString = ""] = process.argv.slice(2);
const client = Client.fromConnectionString(connectionString, TRANSPORTS[transport as keyof typeof TRANSPORTS] as never);
const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

client.on("error", (error: Error) => print({ error: error.message }));
await client.open();
client.on("message", (message: Received) => {
  print({ message: JSON.parse(message.getBytes().toString("utf8")) as unknown });
  client.complete(message, () => undefined);
});
const twin = await new Promise<Twin>((resolve, reject) => {
  client.getTwin((error, found) => (found === undefined ? reject(error ?? new Error("no twin")) : resolve(found)));
});
twin.on("properties.desired", (desired: object) => print({ desired }));
print({ ready: true });

let done = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const { report, send } = JSON.parse(line) as Command;
  if (report !== undefined) {
    await new Promise<void>((resolve, reject) => {
      (twin.properties.reported["update"] as ReportedUpdate)(report, (error) => (error ? reject(error) : resolve()));
    });
  }
  if (send !== undefined) await client.sendEvent(new Message(JSON.stringify(send)));
  print({ done: ++done });
}
await client.close();
process.exit(0);
