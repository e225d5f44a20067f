/** Tokens: putting, refusing, renewing, expiring; and SASL. */
import { createSasTokenProvider } from "@azure/core-amqp";
import rhea from "rhea";
import { expect, test } from "vitest";
import { linkEnd, sendAll, startTestBed, type TestBed } from "../test-bed.ts";

const body = rhea.message.data_section(Buffer.from("x"));

function saslPlain(username: string, password: string): Parameters<TestBed["connect"]>[0] {
  return { username, password } as never;
}

test("tokens that are malformed or wrong get 400 or 401 with a reason, and the connection lives on", async () => {
  const bed = await startTestBed({ devices: ["a"] });
  try {
    const client = bed.connect();
    const put = async (properties: Record<string, unknown>, token: unknown): Promise<unknown> => {
      const { application_properties } = await client.request("$cbs", {
        message_id: rhea.generate_uuid(),
        application_properties: properties as never,
        body: token,
      });
      expect(application_properties?.["status-description"]).toMatch(/\w/);
      return application_properties?.["status-code"];
    };
    const type = "servicebus.windows.net:sastoken";
    const good = bed.policyToken("device");
    expect(await put({ operation: "put-token", type, name: "localhost" }, 5)).toBe(400);
    expect(await put({ operation: "delete-token", type, name: "localhost" }, good)).toBe(400);
    expect(await put({ operation: "put-token", type: "jwt", name: "localhost" }, good)).toBe(400);
    expect(await put({ operation: "put-token", type }, good)).toBe(400);
    expect(await put({ operation: "put-token", type, name: "localhost" }, "garbage")).toBe(401);
    expect(await put({ operation: "put-token", type, name: "localhost" }, good.replace(/sig=../, "sig=AA"))).toBe(401);
    expect(await put({ operation: "put-token", type, name: "localhost" }, bed.policyToken("device", "", -600))).toBe(
      401,
    );
    expect(await put({ operation: "put-token", type, name: "localhost" }, good)).toBe(200);
  } finally {
    await bed.stop();
  }
});

test.each([
  ["JavaScript", (host: string, entity: string) => `sb://${host}/${entity}/ConsumerGroups/$Default/Partitions/0`],
  [".NET", (host: string, entity: string) => `amqps://${host}/${entity}`],
  ["Go", (host: string, entity: string) => `amqps://${host}/${entity}/$management`],
  ["Java", (host: string, entity: string) => `amqp://${host}/${entity}/ConsumerGroups/$Default/Partitions/0`],
])("what Event Hubs clients of %s sign for is read with the key's text", async (_language, resourceOf) => {
  const bed = await startTestBed();
  try {
    const { hub } = bed;
    const { primaryKey } = hub.policies.get("service") ?? { primaryKey: "" };
    const resource = resourceOf(hub.hostName, hub.eventHubName);
    const token = await createSasTokenProvider({
      sharedAccessKeyName: "service",
      sharedAccessKey: primaryKey,
    }).getToken(resource);
    expect(await bed.connect().putToken(token.token, resource)).toBe(200);
  } finally {
    await bed.stop();
  }
});

test("answers carry the request's id in its own type", async () => {
  const bed = await startTestBed();
  try {
    const client = bed.connect();
    const uuid = rhea.types.wrap_uuid(rhea.string_to_uuid("f81d4fae-7dec-41d0-a765-00a0c91e6bf6"));
    const answer = await client.request("$cbs", { message_id: uuid as never, body: "x" });
    expect(answer.correlation_id).toEqual(rhea.string_to_uuid("f81d4fae-7dec-41d0-a765-00a0c91e6bf6"));
    expect((await client.request("$cbs", { message_id: 77 as never, body: "x" })).correlation_id).toBe(77);
  } finally {
    await bed.stop();
  }
});

test("a connection carries no more than the allowed number of tokens", async () => {
  const bed = await startTestBed({ devices: ["a", "b", "c"], limits: { maxTokens: 2 } });
  try {
    const client = bed.connect();
    expect(await client.putToken(bed.deviceToken("a"))).toBe(200);
    expect(await client.putToken(bed.deviceToken("b"))).toBe(200);
    expect(await client.putToken(bed.deviceToken("c"))).toBe(403);
    expect(await client.putToken(bed.deviceToken("a"))).toBe(200);
  } finally {
    await bed.stop();
  }
});

test("a link lives as long as its token, and a renewed token keeps it alive", async () => {
  let now = Date.now();
  const bed = await startTestBed({ devices: ["renewed", "lapsed"], now: () => now });
  try {
    const client = bed.connect();
    await client.putToken(bed.policyToken("device", "/devices/renewed", 60));
    await client.putToken(bed.policyToken("device", "/devices/lapsed", 60));
    const renewed = await client.openSender("/devices/renewed/messages/events");
    const lapsed = await client.openSender("/devices/lapsed/messages/events");
    const end = linkEnd(lapsed);
    await client.putToken(bed.policyToken("device", "/devices/renewed", 3600));
    now += 61_000;
    bed.front.tick();
    expect(await end).toMatchObject({ condition: "amqp:unauthorized-access" });
    expect(await sendAll(renewed, [{ body }])).toEqual(["accepted"]);
    await expect(client.openSender("/devices/lapsed/messages/events")).rejects.toMatchObject({
      condition: "amqp:unauthorized-access",
    });
  } finally {
    await bed.stop();
  }
});

test("SASL PLAIN carries one token for the connection", async () => {
  const bed = await startTestBed({ devices: ["a"] });
  try {
    for (const options of [
      saslPlain("device@sas.root.localhost", bed.policyToken("device")),
      saslPlain("a@sas.localhost", bed.deviceToken("a")),
      saslPlain("a@sas.localhost", bed.policyToken("device", "/devices/a")),
    ]) {
      const sender = await bed.connect(options).openSender("/devices/a/messages/events");
      expect(await sendAll(sender, [{ body }])).toEqual(["accepted"]);
    }
  } finally {
    await bed.stop();
  }
});

test("SASL PLAIN with a wrong token, another policy or another hub is refused", async () => {
  const bed = await startTestBed({ devices: ["a"] });
  try {
    for (const options of [
      saslPlain("device@sas.root.localhost", "SharedAccessSignature sr=localhost&sig=AA&se=9999999999&skn=device"),
      saslPlain("iothubowner@sas.root.localhost", bed.policyToken("device")),
      saslPlain("device@sas.root.elsewhere", bed.policyToken("device")),
      saslPlain("device", bed.policyToken("device")),
    ]) {
      const client = bed.connect(options);
      expect(await client.over).toMatchObject({ condition: "amqp:unauthorized-access" });
    }
  } finally {
    await bed.stop();
  }
});

test("SASL PLAIN with a policy's bare key reads events, and nothing else", async () => {
  const bed = await startTestBed({ devices: ["a"] });
  try {
    const { primaryKey = "", secondaryKey = "" } = bed.hub.policies.get("iothubowner") ?? {};
    for (const key of [primaryKey, secondaryKey]) {
      const client = bed.connect(saslPlain("iothubowner", key));
      await client.openReceiver(`/${bed.hub.eventHubName}/ConsumerGroups/$Default/Partitions/0`);
      await expect(client.openSender("/devices/a/messages/events")).rejects.toMatchObject({
        condition: "amqp:unauthorized-access",
      });
    }
    for (const options of [saslPlain("service", primaryKey), saslPlain("nobody", primaryKey)]) {
      expect(await bed.connect(options).over).toMatchObject({ condition: "amqp:unauthorized-access" });
    }
  } finally {
    await bed.stop();
  }
});

test("SASL ANONYMOUS leaves the choice to $cbs", async () => {
  const bed = await startTestBed({ devices: ["a"] });
  try {
    const client = bed.connect({ username: "anyone" } as never);
    expect(await client.putToken(bed.policyToken("device"))).toBe(200);
    const sender = await client.openSender("/devices/a/messages/events");
    expect(await sendAll(sender, [{ body }])).toEqual(["accepted"]);
  } finally {
    await bed.stop();
  }
});
