import { expect, test } from "vitest";
import { Templates } from "../../message/template.ts";
import { WEBHOOK_DEFAULTS, type WebhookOptions } from "../../core/webhook.ts";
import { anEvent } from "../testing/examples.ts";
import { renderingOf } from "../../message/rendering.ts";
import { hookError, hookResponse, hookSent } from "./hook-events.ts";

function options(about: Partial<WebhookOptions> = {}, inProduct = false): Parameters<typeof hookResponse>[1] {
  const event = anEvent();
  const settings: WebhookOptions = { ...WEBHOOK_DEFAULTS, url: "https://example.com", ...about };
  return { settings, event, inProduct, render: renderingOf(event, null, new Templates()) };
}

const answer = (text: string): Parameters<typeof hookResponse>[0] => ({
  status: 200,
  headers: { "content-type": "image/png" },
  body: Buffer.from(text),
});

test("a request that went out is told with the cloud's own word for nothing", () => {
  expect(hookSent(anEvent())).toEqual({ kind: "sent", name: "hook-sent/temperature/air", data: "undefined" });
});

test("an answer comes in pieces of 512 bytes that cut no character, numbered from 0", () => {
  const text = "ä".repeat(600);
  const pieces = hookResponse(answer(text), options());
  expect(pieces.map(({ name }) => name)).toEqual([0, 1, 2].map((n) => `hook-response/temperature/air/${n}`));
  expect(pieces.every(({ data }) => Buffer.byteLength(data) <= 512)).toBe(true);
  expect(pieces.map(({ data }) => data).join("")).toBe(text);
});

test("an empty answer is one empty piece", () => {
  expect(hookResponse(answer(""), options())).toEqual([
    { kind: "response", name: "hook-response/temperature/air/0", data: "" },
  ]);
});

test("in a product the topic begins with the device", () => {
  const [piece] = hookError("no", options({}, true));
  expect(piece?.name).toBe("0123456789abcdef01234567/hook-error/temperature/air/0");
});

test("the integration's own topics and template shape it", () => {
  const shaped = options({
    responseTopic: "{{PARTICLE_DEVICE_ID}}/weather",
    responseTemplate: "{{a.b}}",
    unchunked: true,
  });
  expect(hookResponse(answer('{"a":{"b":"<3"}}'), shaped)).toEqual([
    { kind: "response", name: "0123456789abcdef01234567/weather", data: "<3" },
  ]);
});

test("as a data URL it carries what is no text", () => {
  const [piece] = hookResponse(answer("x"), options({ dataUrlResponseEvent: true, unchunked: true }));
  expect(piece?.data).toBe("data:image/png;base64,eA==");
});

test("what data puts into a topic can begin no other event in a stream", () => {
  const text = "t\nevent: alarm\ndata: {}\n\n\u2028ü";
  const about = options({
    responseTopic: "{{PARTICLE_EVENT_VALUE}}",
    errorResponseTopic: "{{{PARTICLE_EVENT_VALUE}}}",
  });
  const hostile = { ...about, render: renderingOf(anEvent({ data: text }), null, new Templates()) };
  for (const { name } of [...hookResponse(answer("x"), hostile), ...hookError("x", hostile)]) {
    expect(name).toMatch(/^[\x20-\x7e]+$/);
  }
  const long = { ...about, render: renderingOf(anEvent({ data: "x".repeat(1000) }), null, new Templates()) };
  expect(hookResponse(answer("x"), long)[0]?.name.length).toBeLessThan(300);
});
