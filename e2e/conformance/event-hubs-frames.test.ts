/** How Event Hubs clients of .NET, Java and Go read a hub's events, by frames of theirs: tokens, filters, management. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type * as Service from "azure-iothub";
import type * as Rhea from "rhea";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { Connections, outcomeOf, policyToken, putToken, request, rhea, textToken } from "./links.ts";
import { eventHubConnectionStringOf } from "./redirect.ts";
import { addresses, createRegistry, hostName, makeDevice } from "./target.ts";

const registry: Service.Registry = createRegistry();
const connections = new Connections();
afterEach(() => connections.close());

interface EventHub {
  readonly host: string;
  readonly entity: string;
  /** For a resource of it. */
  readonly token: (resource: string) => string;
}

let hub: EventHub;
beforeAll(async () => {
  const text = addresses.eventHubConnectionString ?? (await eventHubConnectionStringOf(addresses.connectionString));
  const field = (name: string): string => new RegExp(`${name}=([^;]+)`, "i").exec(text)?.[1] ?? "";
  hub = {
    host: /^sb:\/\/([^/:]+)/.exec(field("Endpoint"))?.[1] ?? "",
    entity: field("EntityPath"),
    token: (resource) => `${textToken(resource, field("SharedAccessKey"))}&skn=${field("SharedAccessKeyName")}`,
  };
});

/** ANONYMOUS in SASL: who asks is told by tokens. */
function connect(): Rhea.Connection {
  const { host } = hub;
  return connections.open({ username: "anonymous", idle_time_out: 60_000, host, hostname: host, servername: host });
}

const selector = (expression: string): object => ({
  "apache.org:selector-filter:string": rhea.types.wrap_described(expression, 0x468c00000004),
});

/** The sequence numbers that a reader of a partition gets from where its filter says. */
async function read(connection: Rhea.Connection, partition: string, filter: object): Promise<readonly number[]> {
  const receiver = connection.open_receiver({
    name: randomUUID(),
    source: { address: `/${hub.entity}/ConsumerGroups/$Default/Partitions/${partition}`, filter },
    target: { address: randomUUID() },
    snd_settle_mode: 1,
    credit_window: 0,
    properties: { "com.microsoft:entity-type": rhea.types.wrap_int(6) },
  } as never);
  await once(receiver, "receiver_open");
  const numbers: number[] = [];
  receiver.on("message", ({ message }: Rhea.EventContext) =>
    numbers.push(Number(message?.message_annotations?.["x-opt-sequence-number"])),
  );
  // What is there comes before the credit that is left is given back.
  const drained = once(receiver, "receiver_drained");
  (receiver as unknown as { drain: boolean }).drain = true;
  receiver.add_credit(1_000);
  await drained;
  receiver.close();
  return numbers;
}

describe("what clients sign for", () => {
  test.each([
    [".NET", "amqps", (entity: string) => entity],
    ["Go", "amqps", (entity: string) => `${entity}/$management`],
    ["Java", "amqp", (entity: string) => `${entity}/ConsumerGroups/$Default/Partitions/0`],
    ["JavaScript", "sb", (entity: string) => `${entity}/$management`],
  ] as const)("in %s begins with %s://", async (_language, scheme, pathOf) => {
    const resource = `${scheme}://${hub.host}/${pathOf(hub.entity)}`;
    expect(await putToken(connect(), resource, hub.token(resource))).toBe(200);
  });
});

describe("a reader of .NET", () => {
  test("asks for the partitions, sees one fill, and reads from where its filter says", async () => {
    const { deviceId } = await makeDevice(registry);
    const connection = connect();
    const audience = `amqps://${hub.host}/${hub.entity}`;
    await putToken(connection, audience, hub.token(audience));
    const ask = async (properties: object): Promise<Record<string, unknown>> => {
      const links = { source: "$management", target: randomUUID() };
      const named = { operation: "READ", name: hub.entity, security_token: hub.token(audience), ...properties };
      const message = { message_id: "1", reply_to: links.target, application_properties: named } as never;
      const answer = await request(connection, links, message);
      expect(answer.application_properties?.["status-code"]).toBe(200);
      return answer.body as Record<string, unknown>;
    };
    const { partition_ids: ids } = (await ask({ type: "com.microsoft:eventhub" })) as { partition_ids: string[] };
    const lastOf = async (partition: string): Promise<number> =>
      Number((await ask({ type: "com.microsoft:partition", partition }))["last_enqueued_sequence_number"]);
    const before = await Promise.all(ids.map(lastOf));

    await send(deviceId, 3);
    const after = await Promise.all(ids.map(lastOf));
    // Others may use a real hub meanwhile.
    const at = after.findIndex((last, i) => last >= (before[i] ?? 0) + 3);
    const [partition = "", start = 0] = [ids[at], before[at]];
    const next = [1, 2, 3].map((n) => start + n);
    const from = (expression: string): Promise<readonly number[]> =>
      read(connection, partition, selector(`amqp.annotation.x-opt-${expression}`));
    expect((await from(`sequence-number > '${start}'`)).slice(0, 3)).toEqual(next);
    expect((await from(`sequence-number >= '${start + 2}'`)).slice(0, 2)).toEqual(next.slice(1));
    expect(await from(`enqueued-time > '${Date.now() + 3_600_000}'`)).toEqual([]);
    expect(await from("offset > '@latest'")).toEqual([]);
  });
});

/** Some telemetry of a device, by one token of a policy. */
async function send(deviceId: string, count: number): Promise<void> {
  const connection = connections.open();
  await putToken(connection, hostName, policyToken(hostName));
  for (let n = 0; n < count; n++) {
    const sender = connection.open_sender({ target: { address: `/devices/${deviceId}/messages/events` } });
    expect(await outcomeOf(sender, { body: rhea.message.data_section(Buffer.from(`${n}`)) })).toBe("accepted");
    sender.close();
  }
}
