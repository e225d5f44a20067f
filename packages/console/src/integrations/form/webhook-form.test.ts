import { expect, test } from "vitest";
import { EMPTY_WEBHOOK_FORM, webhookFields } from "./webhook-form.ts";

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
