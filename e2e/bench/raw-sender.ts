/**
 * The ceiling: pushes the bodies that the bridge would send straight into a hub over AMQP, many device links on one
 * connection, with nothing in between. Prints one line of JSON. Reads from standard input: JSON of `RawPlan`.
 */
import { readPlan } from "./child.ts";
import { readFileSync } from "node:fs";
import rhea from "rhea";
import { makeSharedAccessSignature, parseHubConnectionString } from "iot-hub-protocol";

export interface RawPlan {
  readonly connectionString: string;
  readonly port: number;
  readonly caFile: string;
  readonly deviceIds: readonly string[];
  readonly seconds: number;
  /** Messages under way at once. */
  readonly window: number;
}

const plan = await readPlan<RawPlan>();
const {
  hostName,
  sharedAccessKeyName: policyName,
  sharedAccessKey: key,
} = parseHubConnectionString(plan.connectionString);
const container = rhea.create_container();
const connection = container.connect({
  host: hostName,
  port: plan.port,
  transport: "tls",
  ca: readFileSync(plan.caFile),
  reconnect: false,
});
await new Promise<void>((resolve, reject) => {
  const sender = connection.open_sender("$cbs");
  connection.open_receiver("$cbs");
  const expiry = Math.floor(Date.now() / 1000) + 3600;
  const token = makeSharedAccessSignature({ resource: hostName, key, policyName, expiry });
  sender.once("sendable", () =>
    sender.send({
      to: "$cbs",
      reply_to: "cbs",
      message_id: "1",
      application_properties: { operation: "put-token", type: "servicebus.windows.net:sastoken", name: hostName },
      body: token,
    }),
  );
  connection.once("message", ({ message }) => {
    if (message?.application_properties?.["status-code"] === 200) resolve();
    else reject(new Error("The hub refused the token."));
  });
});
const senders = plan.deviceIds.map((id) => connection.open_sender(`/devices/${id}/messages/events`));
await Promise.all(senders.map((sender) => new Promise((resolve) => sender.once("sendable", resolve))));

let settled = 0;
let underWay = 0;
let sent = 0;
const start = performance.now();
const end = start + plan.seconds * 1000;
await new Promise<void>((resolve) => {
  const fill = (): void => {
    while (underWay < plan.window && performance.now() < end) {
      const i = sent++ % senders.length;
      underWay += 1;
      senders[i]!.send(message(plan.deviceIds[i]!, sent));
    }
    if (underWay === 0) resolve();
  };
  connection.on("settled", () => {
    settled += 1;
    underWay -= 1;
    if (underWay < plan.window / 2) fill();
  });
  fill();
});
process.stdout.write(`${JSON.stringify({ accepted: settled, seconds: (performance.now() - start) / 1000 })}\n`);
connection.close();

function message(deviceId: string, n: number): rhea.Message {
  const data = JSON.stringify({ n, sentAt: Date.now(), temperature: 21.5, humidity: 40.25, pressure: 1013.2 });
  const body = { data, device_id: deviceId, event: "bench/reading", published_at: new Date().toISOString() };
  return {
    message_id: `raw-${n}`,
    content_type: "application/json",
    content_encoding: "utf-8",
    application_properties: { event: "bench/reading", seq: String(n) },
    body: rhea.message.data_section(Buffer.from(JSON.stringify(body))),
  };
}
