import { describe, expect, test } from "vitest";
import { Templates } from "./template.ts";
import {
  NO_WEBHOOK_SECRETS,
  WEBHOOK_DEFAULTS,
  type WebhookOptions,
  type WebhookRequest,
  type WebhookSecrets,
} from "../core/webhook.ts";
import { anEvent } from "../delivery/testing/examples.ts";
import { renderingOf } from "./rendering.ts";
import { webhookRequest } from "./webhook-request.ts";

const PLAIN: WebhookOptions = { ...WEBHOOK_DEFAULTS, url: "https://example.com/in" };

function requestFor(
  options: Partial<WebhookOptions>,
  secrets: Partial<WebhookSecrets> = {},
  data: string | null = "21.5",
): WebhookRequest {
  const event = anEvent({ data });
  return webhookRequest({
    settings: { ...PLAIN, ...options },
    secrets: { ...NO_WEBHOOK_SECRETS, ...secrets },
    event,
    seq: 7,
    render: renderingOf(event, null, new Templates()),
  });
}

const STANDARD = {
  event: "temperature/air",
  data: "21.5",
  published_at: "2025-10-14T12:00:00.000Z",
  coreid: "0123456789abcdef01234567",
};

describe("what is sent", () => {
  test("is a form with the four standard fields when nothing else is asked for", () => {
    const { method, url, headers, body } = requestFor({});
    expect({ method, url, type: headers["content-type"] }).toEqual({
      method: "POST",
      url: "https://example.com/in",
      type: "application/x-www-form-urlencoded",
    });
    expect(Object.fromEntries(new URLSearchParams(body ?? ""))).toEqual(STANDARD);
  });

  test("stands in the query of a GET, which has no body", () => {
    const { url, headers, body } = requestFor({ requestType: "GET", url: "https://example.com/in?a=1" });
    expect(Object.fromEntries(new URL(url).searchParams)).toEqual({ a: "1", ...STANDARD });
    expect([body, headers["content-type"]]).toEqual([null, undefined]);
  });

  test("is JSON with own fields beside the standard ones, own ones first in right", () => {
    const { headers, body } = requestFor({
      payload: { kind: "json", template: { where: "{{PARTICLE_DEVICE_ID}}", data: "x" } },
    });
    expect(headers).toMatchObject({ "content-type": "application/json", accept: "application/json" });
    expect(JSON.parse(body ?? "")).toEqual({ ...STANDARD, data: "x", where: STANDARD.coreid });
  });

  test("is JSON of own fields alone without defaults, and null data stay null with them", () => {
    const json = { kind: "json", template: '{"t": {{PARTICLE_EVENT_VALUE}}}' } as const;
    expect(requestFor({ payload: json, noDefaults: true }).body).toBe('{"t": 21.5}');
    expect(JSON.parse(requestFor({ payload: { kind: "json", template: {} } }, {}, null).body ?? "")).toMatchObject({
      data: null,
    });
  });

  test("is a form with own fields", () => {
    const { body } = requestFor({ payload: { kind: "form" } }, { form: { t: "{{PARTICLE_EVENT_VALUE}} C" } });
    expect(Object.fromEntries(new URLSearchParams(body ?? ""))).toEqual({ ...STANDARD, t: "21.5 C" });
  });

  test("is the body's text, escaped as its content type needs it", () => {
    const payload = { kind: "body", template: "<t>{{PARTICLE_EVENT_VALUE}}</t>" } as const;
    expect(requestFor({ payload }, {}, "a<b").body).toBe("<t>a<b</t>");
    expect(requestFor({ payload }, { headers: { "Content-Type": "text/xml" } }, "a<b").body).toBe("<t>a&lt;b</t>");
    const json = { kind: "body", template: '{"t":"{{PARTICLE_EVENT_VALUE}}"}' } as const;
    expect(requestFor({ payload: json }, { headers: { "content-type": "application/json" } }, 'a"b').body).toBe(
      '{"t":"a\\"b"}',
    );
  });
});

describe("data cannot leave their place", () => {
  test("in the address they are a part of the path or query, whatever they hold", () => {
    const url = "https://example.com/in/{{PARTICLE_EVENT_VALUE}}?q={{{PARTICLE_EVENT_VALUE}}}";
    const made = new URL(requestFor({ url }, {}, "@evil.test/?x=1#y z").url);
    expect([made.host, made.pathname]).toEqual(["example.com", "/in/%40evil.test%2F%3Fx%3D1%23y%20z"]);
  });

  test("in a header they are one line", () => {
    const { headers } = requestFor({}, { headers: { "X-Data": "{{{PARTICLE_EVENT_VALUE}}}" } }, "a\r\nx-evil: 1\0€");
    expect(headers["x-data"]).toBe("a x-evil: 1");
    expect(headers["x-evil"]).toBeUndefined();
  });
});

test("the credentials are Basic, and every resend carries the same event id", () => {
  const { headers } = requestFor({}, { auth: { username: "me", password: "päss" } });
  expect(headers["authorization"]).toBe(`Basic ${Buffer.from("me:päss").toString("base64")}`);
  expect(headers).toMatchObject({ "x-isthmus-event-id": anEvent().id, "x-isthmus-seq": "7" });
});

const VALUE = "{{{PARTICLE_EVENT_VALUE}}}";
const addressFor = (path: string, data: string): string =>
  requestFor({ url: `https://example.com/${path}` }, {}, data).url;

test.each(["..", ".", "../.."])("data cannot lead out of the path of the url: %s", (data) => {
  for (const path of [`devices/${VALUE}/state`, VALUE]) expect(() => addressFor(path, data)).toThrow("out of the path");
  expect(addressFor(`?at=${VALUE}`, data)).toContain("https://example.com/?at=");
  expect(addressFor("here/../there/x{{PARTICLE_EVENT_VALUE}}", data)).toMatch(/^https:\/\/example\.com\/there\/x/);
});

test("a percent sign behind three braces is escaped as well, and leads nowhere", () => {
  expect(addressFor(`devices/${VALUE}/state`, "%2e%2e")).toContain("/devices/%252e%252e/state");
});
