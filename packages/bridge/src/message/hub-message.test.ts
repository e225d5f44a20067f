import { expect, test } from "vitest";
import type { PendingDelivery } from "../core/delivery.ts";
import type { Result } from "../core/failure.ts";
import type { HubMessage } from "../core/hub-client.ts";
import { AZURE_IOT_HUB_DEFAULTS, type AzureIotHubOptions } from "../core/integration.ts";
import { messageSize } from "./message-size.ts";
import { buildMessage } from "./hub-message.ts";
import { Templates } from "./template.ts";
import { anEvent } from "../delivery/testing/examples.ts";

type About = Partial<PendingDelivery["event"]>;

function build(about: About, options: Partial<AzureIotHubOptions> = {}): Result<HubMessage> {
  const integration = { ...AZURE_IOT_HUB_DEFAULTS, ...options };
  const delivery = { event: anEvent(about), seq: 7 };
  return buildMessage({ integration, delivery, device: { ownerId: "ada" }, templates: new Templates() });
}

function built(about: About, options: Partial<AzureIotHubOptions> = {}): HubMessage {
  const message = build(about, options);
  if (!message.ok) throw new Error(message.failure.message);
  return message.value;
}

function bodyOf(about: About, options: Partial<AzureIotHubOptions> = {}): string {
  return Buffer.from(built(about, options).body).toString("utf8");
}

test("the default body has exactly the names of the original integration, in their order", () => {
  expect(bodyOf({})).toBe(
    '{"data":"21.5","device_id":"0123456789abcdef01234567","event":"temperature/air","published_at":"2025-10-14T12:00:00.000Z"}',
  );
});

test("a known firmware version is added as text", () => {
  const body = JSON.parse(bodyOf({ firmwareVersion: 3 })) as Record<string, unknown>;
  expect(Object.keys(body)).toEqual(["data", "device_id", "event", "published_at", "fw_version"]);
  expect(body["fw_version"]).toBe("3");
});

test("an event without data says null, one with empty data says so too", () => {
  expect(JSON.parse(bodyOf({ data: null }))).toMatchObject({ data: null });
  expect(JSON.parse(bodyOf({ data: "" }))).toMatchObject({ data: "" });
});

test("data that are JSON stay text in the default body", () => {
  expect(JSON.parse(bodyOf({ data: '{"a":1}' }))).toMatchObject({ data: '{"a":1}' });
});

test("every character survives", () => {
  const data = 'quote " backslash \\ newline \n zero \u0000 grüße 🌡 \u2028';
  expect(JSON.parse(bodyOf({ data }))).toMatchObject({ data });
});

test("data that are JSON stand in the body as JSON when asked to, and other data as text", () => {
  const parsed = (data: string | null): string => bodyOf({ data }, { parseData: true });
  expect(JSON.parse(parsed('{"t":21.5,"tags":["a"]}'))).toMatchObject({ data: { t: 21.5, tags: ["a"] } });
  expect(JSON.parse(parsed("21.5"))).toMatchObject({ data: 21.5 });
  expect(JSON.parse(parsed("false"))).toMatchObject({ data: false });
  expect(JSON.parse(parsed("21.5 C"))).toMatchObject({ data: "21.5 C" });
  expect(JSON.parse(parsed(""))).toMatchObject({ data: "" });
  expect(JSON.parse(parsed(null))).toMatchObject({ data: null });
  expect(parsed("12345678901234567890.10")).toContain('{"data":12345678901234567890.10,"device_id":');
  expect(Object.keys(JSON.parse(parsed("1")) as object)).toEqual(Object.keys(JSON.parse(bodyOf({})) as object));
});

test("a message carries the event's id, name, time and place in its lane", () => {
  const event = anEvent();
  expect(built({})).toMatchObject({
    messageId: event.id,
    contentType: "application/json",
    contentEncoding: "utf-8",
    creationTime: event.publishedAt,
    properties: { event: "temperature/air", seq: "7" },
  });
});

test("properties are rendered as plain text, beside the two that are always there", () => {
  const properties = {
    kind: "{{kind}}",
    device: "{{{PARTICLE_DEVICE_ID}}}",
    fixed: "a & b",
    user: "{{PRODUCT_USER_ID}}",
  };
  expect(built({ data: '{"kind":"a \\"b\\" <c>"}', productId: 7 }, { properties }).properties).toEqual({
    kind: 'a "b" <c>',
    device: "0123456789abcdef01234567",
    fixed: "a & b",
    user: "ada",
    event: "temperature/air",
    seq: "7",
  });
});

test("a property that comes out empty is left out", () => {
  const properties = { alarm: "{{#alarm}}high{{/alarm}}", none: "{{missing}}" };
  expect(built({ data: '{"alarm":true}' }, { properties }).properties).toMatchObject({ alarm: "high" });
  expect(Object.keys(built({ data: '{"alarm":false}' }, { properties }).properties)).toEqual(["event", "seq"]);
});

test("what is no ASCII in a property is encoded as in a URL, half characters and line breaks too", () => {
  const value = (data: string): string | undefined => built({ data }, { properties: { p: "{{v}}" } }).properties["p"];
  expect(value('{"v":"Küche 1"}')).toBe("K%C3%BCche 1");
  expect(value('{"v":"a\\r\\nb"}')).toBe("a%0D%0Ab");
  expect(value('{"v":"\\ud83d"}')).toBe("%EF%BF%BD");
  expect(value('{"v":"100 %"}')).toBe("100 %");
});

test("a property that gets too long is the event's failure", () => {
  const message = build({ data: `{"v":"${"x".repeat(1_025)}"}` }, { properties: { p: "{{v}}" } });
  expect(message).toMatchObject({ ok: false, failure: { code: "template_failed" } });
  expect(!message.ok && message.failure.message).toBe("The message property p is longer than 1024 characters.");
});

test("a content type is sent as it was set", () => {
  expect(built({}, { contentType: "text/plain" }).contentType).toBe("text/plain");
});

test("a template replaces the body", () => {
  expect(bodyOf({}, { template: { t: "{{PARTICLE_EVENT_VALUE}}" } })).toBe('{"t":"21.5"}');
});

test("a template that cannot be rendered is the event's failure, with the reason", () => {
  const message = build({}, { template: "{{#open}}" });
  expect(message).toMatchObject({ ok: false, failure: { code: "template_failed" } });
  expect(!message.ok && message.failure.message).toMatch(/section/i);
});

test("a message counts with its body, its system properties and its own properties", () => {
  const message = { ...built({}), body: Buffer.alloc(4_000), properties: { event: "abc", seq: "12" } };
  // 36 of the id, 16 of the content type, 5 of the encoding, 13 of the properties.
  expect(messageSize(message)).toEqual({ bytes: 4_070, blocks: 1, blocksOnFree: 8 });
  expect(messageSize({ ...message, body: Buffer.alloc(4_027) })).toMatchObject({ bytes: 4_097, blocks: 2 });
});
