import { expect, test } from "vitest";
import type { PendingDelivery } from "./delivery.ts";
import { buildMessage } from "./message.ts";
import { Templates } from "./template.ts";
import { anEvent } from "../delivery/testing/examples.ts";

function bodyOf(about: Partial<PendingDelivery["event"]>, template: string | object | null = null): string {
  const message = buildMessage({ template }, { event: anEvent(about), seq: 7 }, new Templates());
  if (!message.ok) throw new Error(message.failure.message);
  return Buffer.from(message.value.body).toString("utf8");
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

test("a message carries the event's id, name, time and place in its lane", () => {
  const event = anEvent();
  const message = buildMessage({ template: null }, { event, seq: 7 }, new Templates());
  expect(message).toMatchObject({
    ok: true,
    value: {
      messageId: event.id,
      contentType: "application/json",
      contentEncoding: "utf-8",
      creationTime: event.publishedAt,
      properties: { event: "temperature/air", seq: "7" },
    },
  });
});

test("a template replaces the body", () => {
  expect(bodyOf({}, { t: "{{PARTICLE_EVENT_VALUE}}" })).toBe('{"t":"21.5"}');
});

test("a template that cannot be rendered is the event's failure, with the reason", () => {
  const message = buildMessage({ template: "{{#open}}" }, { event: anEvent(), seq: 1 }, new Templates());
  expect(message).toMatchObject({ ok: false, failure: { code: "template_failed" } });
  expect(!message.ok && message.failure.message).toMatch(/section/i);
});
