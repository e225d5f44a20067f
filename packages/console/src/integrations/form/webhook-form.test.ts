import { expect, test } from "vitest";
import {
  EMPTY_WEBHOOK_FORM,
  webhookChanges,
  webhookFields,
  webhookFormOf,
  type WebhookAnswer,
} from "./webhook-form.ts";

test("what is empty is left out, so that the server's defaults hold", () => {
  expect(webhookFields({ ...EMPTY_WEBHOOK_FORM, event: "t", url: " https://example.com " })).toEqual({
    integration_type: "Webhook",
    event: "t",
    url: "https://example.com",
    requestType: "POST",
    noDefaults: false,
    rejectUnauthorized: true,
    unchunked: false,
    daily_cap: null,
  });
});

test("one kind of payload is sent, with lines that have a name", () => {
  const lines = [
    { name: "a", value: "{{t}}" },
    { name: "", value: "nothing" },
  ];
  const form = { ...EMPTY_WEBHOOK_FORM, payload: '{"t":{{t}}}', formFields: lines, headers: lines, username: "ada" };
  expect(webhookFields({ ...form, payloadKind: "json" })).toMatchObject({
    json: '{"t":{{t}}}',
    headers: { a: "{{t}}" },
    auth: { username: "ada", password: "" },
  });
  expect(webhookFields({ ...form, payloadKind: "form" })).toMatchObject({ form: { a: "{{t}}" } });
  expect(webhookFields({ ...form, payloadKind: "form" })).not.toHaveProperty("json");
  expect(webhookFields({ ...form, payloadKind: "standard" })).not.toHaveProperty("form");
});

const STORED: WebhookAnswer = {
  event: "t",
  name: "T",
  url: "https://example.com/in",
  requestType: "PUT",
  json: { t: "{{t}}" },
  headers: { "X-Key": "********", Accept: "text/plain" },
  auth: { username: "ada", password: "********" },
  noDefaults: true,
  rejectUnauthorized: true,
  unchunked: false,
  daily_cap: 7,
};

test("an edit that changes nothing sends nothing, so that masked secrets and the kind of template stay", () => {
  expect(webhookChanges(webhookFormOf(STORED), STORED)).toEqual({});
});

test("an edit sends what it changes; what was emptied goes back to its default", () => {
  const form = webhookFormOf(STORED);
  const edited = { ...form, headers: form.headers.slice(0, 1), username: "", password: "", dailyCap: "" };
  expect(webhookChanges(edited, STORED)).toEqual({ headers: { "X-Key": "********" }, auth: null, daily_cap: null });
});

test("a template that is an object stays one while it can be read", () => {
  const form = webhookFormOf(STORED);
  expect(webhookChanges({ ...form, payload: '{"c":"{{t}}"}' }, STORED)).toEqual({ json: { c: "{{t}}" } });
  expect(webhookChanges({ ...form, payload: '{"c":{{t}}}' }, STORED)).toEqual({ json: '{"c":{{t}}}' });
});

test("another kind of payload takes the former one's place", () => {
  expect(webhookChanges({ ...webhookFormOf(STORED), payloadKind: "body", payload: "as it is" }, STORED)).toEqual({
    json: null,
    body: "as it is",
  });
  expect(webhookChanges({ ...webhookFormOf(STORED), payloadKind: "standard" }, STORED)).toEqual({ json: null });
});
