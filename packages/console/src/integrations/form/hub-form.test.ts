import { expect, test } from "vitest";
import { connectionFields, EMPTY_HUB_FORM, hubFields, hubFormOf, messageFields, templateFault } from "./hub-form.ts";

const ANSWER = {
  event: "temp",
  name: "temp for my-hub",
  deviceID: "0123456789abcdef01234567",
  hub_name: "my-hub",
  policy_name: "isthmus",
  json: { t: "{{t}}" },
  content_type: "application/json",
  message_properties: { unit: "C" },
  parse_data: true,
  name_sync: "once",
  create_identities: false,
  device_id_prefix: "site-",
  daily_cap: 8000,
} as const;

test("what the API answers goes into the form and out of it unchanged, without any key", () => {
  expect(hubFields(hubFormOf(ANSWER))).toEqual({ ...ANSWER, integration_type: "AzureIotHub" });
});

test("what is left empty is the default, and keys are sent only when they are typed", () => {
  expect(hubFields({ ...EMPTY_HUB_FORM, event: "t", hubName: " local " })).toEqual({
    integration_type: "AzureIotHub",
    event: "t",
    hub_name: "local",
    json: null,
    content_type: "application/json",
    message_properties: {},
    parse_data: false,
    name_sync: "continuous",
    create_identities: true,
    device_id_prefix: "",
    daily_cap: null,
  });
  const typed = { ...EMPTY_HUB_FORM, policyKey: " a2V5\n", secondaryKey: "b2s=" };
  expect(connectionFields(typed)).toMatchObject({ policy_key: "a2V5", secondary_policy_key: "b2s=" });
  expect(JSON.stringify(messageFields(typed))).not.toContain("a2V5");
});

test("a template of text stays text, one of an object becomes one, and one that is not whole is said", () => {
  const text = { ...EMPTY_HUB_FORM, templateKind: "text", template: '{"t":{{t}}}' } as const;
  expect(messageFields(text)["json"]).toBe('{"t":{{t}}}');
  expect(templateFault(text)).toBeNull();
  const object = { ...text, templateKind: "object", template: '{"t":"{{t}}"}' } as const;
  expect(messageFields(object)["json"]).toEqual({ t: "{{t}}" });
  expect(templateFault(object)).toBeNull();
  expect(templateFault({ ...object, template: '{"t":' })).toMatch(/not a JSON object/);
  expect(messageFields({ ...text, templateKind: "none" })["json"]).toBeNull();
});
