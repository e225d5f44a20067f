import { afterEach, beforeEach, expect, test } from "vitest";
import type { DeviceEvent } from "../../core/device-event.ts";
import { hubSettings } from "../testing/integration-samples.ts";
import { createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

const DEVICE = "0123456789abcdef01234567";
const OTHER = "0123456789abcdef01234568";
const THEIRS = "eeeeeeeeeeeeeeeeeeeeeeee";

let api: TestApi;
let token: string;
let accountId: string;

beforeEach(async () => {
  api = createTestApi();
  ({ token, id: accountId } = await api.account("ada"));
  const eve = await api.account("eve");
  await api.directory.claimDevice(accountId, DEVICE);
  await api.directory.claimDevice(accountId, OTHER);
  await api.directory.claimDevice(eve.id, THEIRS);
});

afterEach(() => api.app.close());

function published(about: Partial<DeviceEvent>): DeviceEvent {
  const at = api.world.now;
  const event = { id: "e1", name: "temp/air", data: "21.5", contentType: "text/plain", deviceId: DEVICE };
  return { ...event, productId: null, firmwareVersion: null, publishedAt: at, receivedAt: at, ...about };
}

async function post(url: string, payload: object): Promise<{ status: number; json: Record<string, never> }> {
  const answer = await api.app.inject({ method: "POST", url, payload, headers: { authorization: `Bearer ${token}` } });
  return { status: answer.statusCode, json: answer.json() };
}

const preview = async (fields: object): Promise<Record<string, unknown>> =>
  (await post("/v1/integrations/preview", fields)).json;

test("settings that nobody has saved make their message of made-up data", async () => {
  const json = { t: "{{t}}", device: "{{PARTICLE_DEVICE_ID}}" };
  const made = await preview({
    json,
    message_properties: { kind: "{{k}}", none: "{{x}}" },
    content_type: "application/x",
    device_id_prefix: "site-",
    data: '{"t":21,"k":"ü"}',
    device_id: DEVICE,
  });
  expect(made).toMatchObject({
    pass: true,
    device_id: `site-${DEVICE}`,
    event: { data: '{"t":21,"k":"ü"}', origin: "given" },
    message: {
      body: `{"t":"21","device":"${DEVICE}"}`,
      json: { t: "21", device: DEVICE },
      content_type: "application/x",
      content_encoding: "utf-8",
      properties: { kind: "%C3%BC", seq: "1" },
      metered: 1,
      metered_on_free: 1,
    },
  });
  const codes = (made["warnings"] as readonly { code: string }[]).map(({ code }) => code);
  expect(codes.toSorted((a, b) => a.localeCompare(b))).toEqual([
    "body_not_routable",
    "property_empty",
    "property_encoded",
  ]);
  expect(api.accepted).toEqual([]);
});

test("without a sample the last event that the settings would take is used, or a made-up one", async () => {
  expect(await preview({ event: "temp" })).toMatchObject({
    event: { data: "test-event", name: "temp", origin: "made_up" },
  });
  api.world.events = [
    published({ id: "e3", name: "humidity" }),
    published({ id: "e2", deviceId: OTHER, data: "20" }),
    published({ id: "e1" }),
  ];
  expect(await preview({ event: "temp" })).toMatchObject({ event: { id: "e2", origin: "recent" }, device_id: OTHER });
  expect(await preview({ event: "temp", deviceID: DEVICE })).toMatchObject({ event: { id: "e1" } });
  expect(await preview({ event_id: "e3", parse_data: true })).toMatchObject({
    event: { id: "e3", name: "humidity" },
    message: { json: { data: 21.5 } },
  });
});

test("what belongs to others is not there", async () => {
  api.world.events = [published({ id: "e9", deviceId: THEIRS }), published({ id: "e8", deviceId: null })];
  for (const id of ["e9", "e8", "e7"]) {
    expect(await post("/v1/integrations/preview", { event_id: id })).toMatchObject({ status: 404 });
    expect(await post("/admin/v1/match", { event_id: id })).toMatchObject({ status: 404 });
  }
  expect(await post("/v1/integrations/preview", { device_id: THEIRS, data: "x" })).toMatchObject({ status: 403 });
});

test("a message that cannot be made says where the template fails, and what to do", async () => {
  expect(await preview({ json: '{"t":{{t}}}', data: "no JSON" })).toMatchObject({
    pass: false,
    message: null,
    code: "template_failed",
    error: "The rendered template is not valid JSON: at character 11.",
    next_step: expect.stringContaining("template"),
  });
  const list = `{"l":[${"1,".repeat(500)}1]}`;
  const large = { json: `{"x":"{{#l}}${"x".repeat(600)}{{/l}}"}`, data: list };
  expect(await preview(large)).toMatchObject({ pass: false, code: "template_failed" });
});

test("a message of more than 4 KB is told to count more than once", async () => {
  const made = await preview({ data: "x".repeat(9_000) });
  expect(made).toMatchObject({ message: { metered: 3 }, warnings: [{ code: "metered_more_than_once" }] });
});

test("a stored integration with changes shows whether it would take the event", async () => {
  const scope = { kind: "sandbox", accountId } as const;
  const { id } = await api.directory.createIntegration(hubSettings(scope, { event: "temp", template: { a: "1" } }));
  api.world.events = [published({})];
  expect(await preview({ id })).toMatchObject({ message: { json: { a: "1" } }, would_trigger: true });
  expect(await preview({ id, json: null, parse_data: true })).toMatchObject({ message: { json: { data: 21.5 } } });
  expect(await preview({ id, event_id: "e1", eventName: "humidity" })).toMatchObject({
    would_trigger: false,
    rule: "prefix",
    reason: "The event's name does not begin with 'humidity'; letter case counts.",
  });
  expect((await post("/v1/integrations/preview", { id: "x" })).status).toBe(404);
});

test("a match says of every integration whether it takes the event, or the first rule that says no", async () => {
  const scope = { kind: "sandbox", accountId } as const;
  const make = (about: object): ReturnType<typeof api.directory.createIntegration> =>
    api.directory.createIntegration(hubSettings(scope, { event: "temp", ...about }));
  const ids = [
    (await make({ deviceIdPrefix: "p-" })).id,
    (await make({ event: "humidity" })).id,
    (await make({ deviceId: OTHER })).id,
    (await make({ disabled: true })).id,
  ];
  const product = (await api.directory.createProduct({ ownerId: accountId, name: "W", slug: "w", description: "" }))!;
  await api.directory.createIntegration(hubSettings({ kind: "product", productId: product.id }, { event: "temp" }));
  const judged = (await post("/admin/v1/match", { name: "temp/1", device_id: DEVICE })).json;
  expect(judged["integrations"]).toMatchObject([
    { id: ids[0], matched: true, hub_device_id: `p-${DEVICE}` },
    { id: ids[1], matched: false, rule: "prefix" },
    {
      id: ids[2],
      matched: false,
      rule: "other_device",
      reason: `The integration takes the events of device ${OTHER} only.`,
    },
    { id: ids[3], matched: true, waits: expect.stringContaining("until it is enabled") },
    { matched: false, rule: "other_product", product_id: product.id },
  ]);
  const made = (await post("/admin/v1/match", { name: "temp/1" })).json;
  expect(made["integrations"]).toMatchObject([{ rule: "no_device" }, { rule: "prefix" }, {}, {}, {}]);
});

test("a dry run tells what changed settings would have gained and lost, and what they could not have made", async () => {
  const scope = { kind: "sandbox", accountId } as const;
  const { id } = await api.directory.createIntegration(hubSettings(scope, { event: "temp" }));
  api.world.events = [
    published({ id: "e4", name: "humidity/1", data: "no number" }),
    published({ id: "e3", name: "humidity/1", data: "60" }),
    published({ id: "e2" }),
    published({ id: "e1", deviceId: OTHER }),
  ];
  const url = `/admin/v1/integrations/${id}/dry-run`;
  expect((await post(url, {})).json).toMatchObject({ looked_at: 4, kept: 2, gained: { count: 0 }, lost: { count: 0 } });
  const changed = (await post(url, { event: "hum", json: '{"v":{{{PARTICLE_EVENT_VALUE}}}1}' })).json;
  expect(changed).toMatchObject({
    kept: 0,
    gained: { count: 2, events: [{ id: "e4" }, { id: "e3" }] },
    lost: { count: 2, events: [{ id: "e2", rule: "prefix" }, { id: "e1" }] },
    failing: { count: 1, events: [{ id: "e4", error: expect.stringContaining("not valid JSON") }] },
  });
  expect((await post(url, { deviceid: DEVICE, last: 2 })).json).toMatchObject({ looked_at: 2, lost: { count: 0 } });
  expect((await post(url, { event: "" })).status).toBe(200);
  expect((await post(url, { last: 0 })).status).toBe(400);
  expect((await post(url, { json: "{{x" })).json).toMatchObject({ error: expect.stringContaining("json") });
  expect(await api.directory.integration(id)).toMatchObject({ event: "temp", template: null });
});

test("a test may use a real event, as its device; a single device's integration is tested as that device", async () => {
  const scope = { kind: "sandbox", accountId } as const;
  const { id } = await api.directory.createIntegration(hubSettings(scope, { deviceId: OTHER }));
  api.world.events = [published({ data: null }), published({ id: "e9", deviceId: THEIRS })];
  const url = `/v1/integrations/${id}/test`;
  await post(url, {});
  await post(url, { event_id: "e1" });
  await post(url, { event_id: "e1", data: "22", device_id: OTHER });
  expect((await post(url, { event_id: "e9" })).status).toBe(404);
  expect(api.tests).toEqual([
    { integrationId: id, data: "test-event", deviceId: OTHER },
    { integrationId: id, data: "", eventName: "temp/air", deviceId: DEVICE },
    { integrationId: id, data: "22", eventName: "temp/air", deviceId: OTHER },
  ]);
});

test("a test shows what was sent and how it arrived", async () => {
  const { id } = await api.directory.createIntegration(hubSettings({ kind: "sandbox", accountId }));
  const message = {
    messageId: "m",
    body: Buffer.from('{"a":1}'),
    contentType: "application/json",
    contentEncoding: "utf-8",
    creationTime: 0,
    properties: { event: "t" },
  };
  const arrival = {
    seen: true,
    partitionId: "3",
    sequenceNumber: 9,
    enqueuedTime: api.world.now,
    afterMs: 80,
  } as const;
  api.world.testReport = { ...api.world.testReport, sent: { deviceId: "d", message }, arrival };
  expect((await post(`/v1/integrations/${id}/test`, {})).json).toMatchObject({
    pass: true,
    data: "The hub took the message, and it was read back from partition 3 after 80 ms.",
    device_id: "d",
    message: { body: '{"a":1}', json: { a: 1 }, properties: { event: "t" }, size: 35 },
    arrival: {
      seen: true,
      partition: "3",
      sequence_number: 9,
      enqueued_time: "2026-03-01T12:00:00.000Z",
      after_ms: 80,
    },
  });
});

test("a webhook's request is shown without its secrets, unsaved and with those of a stored one", async () => {
  const webhook = {
    event: "temp",
    url: "https://example.com/in?key=s3cret-q",
    headers: { "X-Api-Key": "s3cret-h", a: "b" },
  };
  const made = await preview({
    ...webhook,
    json: { t: "{{t}}" },
    noDefaults: true,
    data: '{"t":21}',
    device_id: DEVICE,
  });
  expect(made).toMatchObject({
    pass: true,
    request: {
      method: "POST",
      url: "https://example.com/in?key=********",
      headers: { "x-api-key": "********", a: "b", "content-type": "application/json" },
      body: '{"t":"21"}',
    },
  });
  const { json: stored } = await post("/v1/webhooks", webhook);
  const changed = await preview({ id: stored["id"], requestType: "PUT", data: "1", device_id: DEVICE });
  expect(changed).toMatchObject({ request: { method: "PUT", headers: { "x-api-key": "********", a: "b" } } });
  expect(JSON.stringify([made, changed])).not.toContain("s3cret");
});

test("a webhook's template that cannot be rendered for the event is told, not sent", async () => {
  const made = await preview({
    event: "t",
    url: "https://example.com",
    json: '{"t": {{t}} }',
    data: "x",
    device_id: DEVICE,
  });
  expect(made).toMatchObject({ pass: false, request: null, code: "template_failed" });
});
