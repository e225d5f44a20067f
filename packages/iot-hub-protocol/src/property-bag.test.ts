import { EventEmitter } from "node:events";
import { Message } from "azure-iot-common";
import { SharedAccessKeyAuthenticationProvider } from "azure-iot-device";
import { Mqtt } from "azure-iot-device-mqtt";
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatPropertyBag, parsePropertyBag } from "./property-bag.ts";
import { telemetryTopic } from "./addresses.ts";

/** The connection below the SDK's MQTT transport: keeps the topics it publishes to. */
class TopicRecorder extends EventEmitter {
  readonly topics: string[] = [];
  setOptions(): void {}
  connect(_config: unknown, done: (error: null) => void): void {
    done(null);
  }
  publish(topic: string, _payload: unknown, _options: unknown, done: (error: null) => void): void {
    this.topics.push(topic);
    done(null);
  }
  disconnect(done: (error: null) => void): void {
    done(null);
  }
}

async function topicOf(message: Message): Promise<string> {
  const provider = new SharedAccessKeyAuthenticationProvider(
    { host: "hub.example", deviceId: "d1", sharedAccessKey: Buffer.alloc(32).toString("base64") },
    3600,
    900,
  );
  const recorder = new TopicRecorder();
  const transport = new Mqtt(provider, recorder);
  await new Promise<void>((resolve, reject) =>
    transport.connect((error?: Error | null) => (error ? reject(error) : resolve())),
  );
  await new Promise<void>((resolve, reject) =>
    transport.sendEvent(message, (error?: Error | null) => (error ? reject(error) : resolve())),
  );
  await new Promise<void>((resolve) => transport.disconnect(() => resolve()));
  return recorder.topics[0] ?? "";
}

test("we read the bag that the device SDK writes", async () => {
  const message = new Message("body");
  message.messageId = "id 1";
  message.correlationId = "c/2";
  message.userId = "u&3";
  message.contentType = "application/json";
  message.contentEncoding = "utf-8";
  message.properties.add("a=b", "c&d");
  message.properties.add("path", "/x/ü");
  const topic = await topicOf(message);
  expect(topic.startsWith(telemetryTopic("d1"))).toBe(true);
  expect(parsePropertyBag(topic.slice(telemetryTopic("d1").length))).toEqual({
    messageId: "id 1",
    correlationId: "c/2",
    userId: "u&3",
    contentType: "application/json",
    contentEncoding: "utf-8",
    properties: new Map([
      ["a=b", "c&d"],
      ["path", "/x/ü"],
    ]),
  });
});

test("an empty bag has no properties", async () => {
  expect(parsePropertyBag((await topicOf(new Message("x"))).slice(telemetryTopic("d1").length))).toEqual({
    properties: new Map(),
  });
});

test("what is written is read again", () => {
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
  const applicationName = text.filter((name) => !name.startsWith("$.") && name !== "iothub-ack");
  fc.assert(
    fc.property(
      text,
      fc.date({ noInvalidDate: true }),
      fc.array(fc.tuple(applicationName, text)),
      (id, date, pairs) => {
        const message = { messageId: id, creationTime: date.getTime(), ack: "full", properties: new Map(pairs) };
        expect(parsePropertyBag(formatPropertyBag(message))).toEqual(message);
      },
    ),
  );
});

test("no text makes the reader throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (bag) => {
      const read = parsePropertyBag(bag);
      expect(read === undefined || read.properties instanceof Map).toBe(true);
    }),
  );
});

test("a name that an object inherits is an ordinary property", () => {
  expect(parsePropertyBag("constructor=1&__proto__=2&toString=3")?.properties).toEqual(
    new Map([
      ["constructor", "1"],
      ["__proto__", "2"],
      ["toString", "3"],
    ]),
  );
});

test.each([
  ["key", new Map([["key", ""]])],
  ["key=", new Map([["key", ""]])],
  [
    "a=1&&b=2",
    new Map([
      ["a", "1"],
      ["b", "2"],
    ]),
  ],
  ["a=b=c", new Map([["a", "b=c"]])],
  ["a=1/", new Map([["a", "1"]])],
])("%j is read as other implementations read it", (bag, properties) => {
  expect(parsePropertyBag(bag)).toEqual({ properties });
});

test("broken encoding is refused", () => {
  expect(parsePropertyBag("a=%ZZ")).toBeUndefined();
});

test("the device and module id of the connection, which Java writes, are no application properties", () => {
  expect(parsePropertyBag("$.cdid=d&%24.cmid=m&cdid=mine&$.mid=1")).toEqual({
    messageId: "1",
    properties: new Map([["cdid", "mine"]]),
  });
});
