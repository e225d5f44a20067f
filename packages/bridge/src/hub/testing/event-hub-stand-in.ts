/** An Event Hubs namespace as a test wants it, over plain TCP, closed with the test. */
import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import rhea from "rhea";
import type { EventContext, Sender } from "rhea";
import { onTestFinished } from "vitest";

export interface EventHubStandInOptions {
  /** Answer to put-tokens. */
  readonly tokenStatus?: number;
  /** What is told of each partition when it is asked for. */
  readonly lastSequenceNumber?: () => number;
}

export interface EventHubStandIn {
  readonly port: number;
  /** Of the receivers that were opened. */
  readonly filters: unknown[];
}

/** An Event Hubs namespace of two partitions with one event in each, as plain as Microsoft's emulator. */
export async function startEventHub({
  tokenStatus = 200,
  lastSequenceNumber = () => 7,
}: EventHubStandInOptions = {}): Promise<EventHubStandIn> {
  const container = rhea.create_container({ id: "event-hub" });
  const filters: unknown[] = [];
  const answers = new Map<string, Sender>();
  const sockets = new Set<{ destroy(): void }>();
  const server: Server = container.listen({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  server.on("connection", (socket) => sockets.add(socket));
  container.on("sender_open", ({ sender }: EventContext) => {
    if (sender === undefined) return;
    const { address } = sender.source;
    sender.set_source({ address, filter: sender.source.filter } as never);
    sender.set_target(sender.target);
    answers.set(String(sender.target.address), sender).set(sender.name, sender);
    const partition = /\/Partitions\/(\d)$/.exec(String(address))?.[1];
    if (partition === undefined) return;
    filters.push(JSON.stringify(sender.source.filter));
    sender.once("sendable", () =>
      sender.send({
        message_annotations: {
          "x-opt-sequence-number": 7,
          "x-opt-offset": "70",
          "x-opt-enqueued-time": new Date(1_700_000_000_000),
          "iothub-connection-device-id": `device-${partition}`,
        },
        application_properties: { event: "temp" },
        content_type: "application/json",
        body: rhea.message.data_section(Buffer.from('{"data":1}')),
      }),
    );
  });
  container.on("receiver_open", ({ receiver }: EventContext) => receiver?.set_target(receiver.target));
  container.on("message", ({ message }: EventContext) => {
    const properties = message?.["application_properties"] as Record<string, string>;
    const answer = (body: unknown, status = 200): unknown =>
      answers.get(String(message?.["reply_to"]))?.send({
        correlation_id: String(message?.["message_id"]),
        application_properties: { "status-code": status, "status-description": status === 200 ? "OK" : "no" },
        body,
      });
    if (properties["operation"] === "put-token") return answer("", tokenStatus);
    return answer({
      name: "hub",
      type: "com.microsoft:eventhub",
      created_at: new Date(0),
      partition_count: 2,
      partition_ids: rhea.types.wrap_array(["0", "1"], 0xa1, undefined as never),
      partition: properties["partition"] ?? "",
      begin_sequence_number: 0,
      last_enqueued_sequence_number: lastSequenceNumber(),
      last_enqueued_offset: "70",
      last_enqueued_time_utc: new Date(0),
      is_partition_empty: false,
    });
  });
  for (const event of ["disconnected", "connection_error", "error"]) container.on(event, () => undefined);
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return { port: (server.address() as AddressInfo).port, filters };
}
