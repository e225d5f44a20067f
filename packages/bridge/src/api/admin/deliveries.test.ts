import { afterEach, beforeEach, expect, test } from "vitest";
import type { DeliveryRecord } from "../../core/delivery.ts";
import { hubSettings } from "../testing/integration-samples.ts";
import { createTestApi, PASSWORD, type TestApi } from "../testing/test-api.ts";

const DEVICE = "0123456789abcdef01234567";
const RECORD: DeliveryRecord = {
  id: 1,
  eventId: "e",
  event: "temp",
  deviceId: DEVICE,
  state: "pending",
  seq: 1,
  attempts: 1,
  acceptedAt: 0,
  settledAt: null,
  nextAttemptAt: null,
  failure: null,
  reason: null,
  replayId: null,
};

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

let api: TestApi;
let token: string;
let integration: string;

beforeEach(async () => {
  api = createTestApi();
  const ada = await api.account("ada");
  ({ token } = ada);
  await api.directory.claimDevice(ada.id, DEVICE);
  const scope = { kind: "sandbox", accountId: ada.id } as const;
  ({ id: integration } = await api.directory.createIntegration(hubSettings(scope)));
});

afterEach(() => api.app.close());

async function call(method: "GET" | "POST" | "PUT" | "DELETE", path: string, payload?: object): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}` };
  const url = path.replace(":i", `/admin/v1/integrations/${integration}`);
  const answer = await api.app.inject({ method, url, headers, ...(payload !== undefined && { payload }) });
  return { status: answer.statusCode, body: answer.body === "" ? {} : answer.json() };
}

function lastAsked(): readonly unknown[] | undefined {
  return api.world.deliveries.asked.at(-1);
}

test("deliveries come in pages, narrowed by every filter", async () => {
  api.world.deliveries.records = [3, 2, 1].map((id) => ({ ...RECORD, id, seq: id }));
  const first = (await call("GET", ":i/deliveries?limit=2")).body;
  expect(first).toMatchObject({ deliveries: [{ id: 3, accepted_at: "1970-01-01T00:00:00.000Z" }, { id: 2 }], next: 2 });
  const second = (await call("GET", `:i/deliveries?limit=2&cursor=${String(first["next"])}`)).body;
  expect(second).toMatchObject({ deliveries: [{ id: 1 }], next: null });
  const times = "since=2026-03-01T10:00:00Z&until=1772362800000";
  await call("GET", `:i/deliveries?state=parked&device=${DEVICE.toUpperCase()}&event=te&code=hub_error&${times}`);
  const since = Date.parse("2026-03-01T10:00:00Z");
  const filter = { state: "parked", deviceId: DEVICE, event: "te", code: "hub_error", since, until: 1_772_362_800_000 };
  expect(lastAsked()).toEqual(["page", integration, { ...filter, limit: 50 }]);
});

test("a time that cannot be read names its field", async () => {
  for (const text of ["yesterday", "2026-13-01", "-1", "2026-03-01T10:00:00Z; drop", "9e99"]) {
    const { status, body } = await call("GET", `:i/deliveries?since=${encodeURIComponent(text)}`);
    expect([text, status, body["error"]]).toEqual([text, 400, expect.stringMatching(/^since must be a time/)]);
  }
});

test("one delivery comes with its event, its tries and the reason of its end", async () => {
  const failure = { code: "message_too_large", message: "Too large.", hubCode: "413" } as const;
  api.world.deliveries.records = [{ ...RECORD, id: 9, state: "expired", reason: { kind: "discarded", note: "old" } }];
  api.world.deliveries.delivery = async () => ({
    record: { ...api.world.deliveries.records[0]!, failure },
    event: {
      id: "e",
      name: "temp",
      data: "21",
      contentType: "text/plain",
      deviceId: DEVICE,
      productId: null,
      firmwareVersion: null,
      publishedAt: 0,
      receivedAt: 0,
    },
    attempts: [{ at: 5, outcome: "parked", failure, exchange: null }],
  });
  expect((await call("GET", ":i/deliveries/9")).body["delivery"]).toMatchObject({
    id: 9,
    state: "expired",
    reason: "discarded",
    note: "old",
    data: "21",
    code: "message_too_large",
    attempts_log: [{ time: "1970-01-01T00:00:00.005Z", outcome: "parked", error: "Too large.", hub_code: "413" }],
  });
  for (const id of ["0", "x", "1e3", "9".repeat(20)])
    expect((await call("GET", `:i/deliveries/${id}`)).status).toBe(404);
});

test("deliveries are retried one, some, a cause's, all", async () => {
  expect((await call("POST", ":i/deliveries/retry")).body).toEqual({ retried: 1, tried: 0 });
  expect(lastAsked()).toEqual(["retry", integration, { kind: "all" }]);
  expect((await call("POST", ":i/deliveries/retry", { ids: [4, 5] })).body).toEqual({ retried: 2, tried: 0 });
  await call("POST", ":i/deliveries/retry", { code: "template_failed" });
  expect(lastAsked()).toEqual(["retry", integration, { kind: "code", code: "template_failed" }]);
  const both = await call("POST", ":i/deliveries/retry", { ids: [4], code: "x" });
  expect([both.status, both.body["error"]]).toEqual([400, "Give one of ids, code and all"]);
});

test("a retry tells how many that wait are tried at once: of all, or of the cause", async () => {
  const { deliveries } = api.world;
  deliveries.ledgerOf = { ...deliveries.ledgerOf, pending: 7 };
  const group = { message: "", parked: 0, seen: 3, firstAt: 1, lastAt: 2, sampleId: 4 };
  deliveries.groups.push({ ...group, code: "device_disabled", waiting: 3 });
  expect((await call("POST", ":i/deliveries/retry")).body).toMatchObject({ tried: 7 });
  expect((await call("POST", ":i/deliveries/retry", { code: "device_disabled" })).body).toMatchObject({ tried: 3 });
  expect((await call("POST", ":i/deliveries/retry", { code: "template_failed" })).body).toMatchObject({ tried: 0 });
  expect((await call("POST", ":i/deliveries/retry", { ids: [4] })).body).toMatchObject({ tried: 0 });
});

test("nothing is discarded without saying what and why", async () => {
  const what = await call("POST", ":i/deliveries/discard", { reason: "old" });
  expect([what.status, what.body["error"]]).toEqual([400, expect.stringMatching(/^Give ids, code, or all/)]);
  const why = await call("POST", ":i/deliveries/discard", { all: true });
  expect([why.status, why.body["error"]]).toEqual([400, "reason is required"]);
  expect(api.world.deliveries.asked).toEqual([]);
  expect((await call("POST", ":i/deliveries/discard", { ids: [7], reason: "test data" })).body).toEqual({
    discarded: 1,
  });
  expect(lastAsked()).toEqual(["discard", integration, { kind: "ids", ids: [7] }, "test data"]);
});

test("a changed copy is a new event; a pending delivery is not copied, a wrong change is told", async () => {
  api.world.deliveries.records = [
    { ...RECORD, id: 5, state: "parked" },
    { ...RECORD, id: 6, state: "pending" },
  ];
  const copied = await call("POST", ":i/deliveries/5/copy", { data: null });
  expect(copied).toEqual({ status: 201, body: { delivery: { id: 1005, event_id: "copy" } } });
  expect(lastAsked()).toEqual(["copy", integration, 5, { data: null }]);
  expect(await call("POST", ":i/deliveries/6/copy")).toMatchObject({ status: 409, body: { code: "delivery_pending" } });
  expect(await call("POST", ":i/deliveries/5/copy", { name: "" })).toMatchObject({ status: 400 });
  expect(await call("POST", ":i/deliveries/5/copy", { data: 1 })).toMatchObject({
    status: 400,
    body: { error: "data must be a string" },
  });
  expect((await call("POST", ":i/deliveries/8/copy")).status).toBe(404);
});

test("failures are grouped by cause, and a paused hub is one of them, with all that wait for it", async () => {
  const { connectionId } = (await api.directory.integration(integration)) as { connectionId: string };
  api.world.deliveries.ledgerOf = { ...api.world.deliveries.ledgerOf, pending: 12 };
  api.world.deliveries.groups = [
    {
      code: "message_too_large",
      message: "Too large.",
      parked: 3,
      waiting: 0,
      seen: 5,
      firstAt: 0,
      lastAt: 9,
      sampleId: 4,
    },
  ];
  api.world.connections = [
    {
      connectionId,
      hostName: "h",
      policyName: "p",
      keyInUse: "primary",
      state: "paused",
      failure: { code: "key_refused", message: "No." },
      nextProbeAt: null,
      since: null,
      inFlight: 0,
      waiting: 0,
      rate: { perSecond: 0, limit: null },
    } as never,
  ];
  expect((await call("GET", ":i/failures")).body["failures"]).toMatchObject([
    { code: "key_refused", count: 12, waiting: 12, next_step: expect.stringMatching(/primary key/) as unknown },
    {
      code: "message_too_large",
      count: 3,
      parked: 3,
      seen: 5,
      sample_delivery: 4,
      next_step: expect.anything() as unknown,
    },
  ]);
});

test("a replay is started once at a time, watched and cancelled", async () => {
  const window = { from: "2026-03-01T00:00:00Z", to: "2026-03-01T12:00:00Z", event: "te" };
  const started = await call("POST", ":i/replays", window);
  expect(started).toMatchObject({
    status: 202,
    body: { replay: { id: "r1", state: "running", event: "te", waiting: 0 } },
  });
  expect(await call("POST", ":i/replays", window)).toMatchObject({ status: 409, body: { code: "replay_running" } });
  expect((await call("GET", ":i/replays/r1")).body).toMatchObject({ replay: { from: "2026-03-01T00:00:00.000Z" } });
  expect((await call("DELETE", ":i/replays/r1")).status).toBe(204);
  expect((await call("DELETE", ":i/replays/r1")).status).toBe(404);
  expect((await call("POST", ":i/replays", { from: 5 })).status).toBe(400);
  expect((await call("POST", ":i/replays", { from: 5, to: 5 })).body["error"]).toBe("from must be before to");
});

test("counts over time: the last day by quarters of an hour, unless asked otherwise", async () => {
  api.world.deliveries.points = [{ time: 0, accepted: 3, success: 2, failure: 0 }];
  expect((await call("GET", ":i/series")).body).toEqual({
    series: [{ time: "1970-01-01T00:00:00.000Z", accepted: 3, success: 2, failure: 0 }],
  });
  const to = api.world.now + 1;
  expect(lastAsked()).toEqual(["series", integration, { from: to - 86_400_000, to, bucketMs: 900_000 }]);
  const { status, body } = await call("GET", ":i/series?bucket=15");
  expect([status, body["error"]]).toEqual([400, expect.stringMatching(/^bucket must be a whole number from 16/)]);
});

test("a product's metrics leave out what is zero, and refuse what they cannot narrow", async () => {
  const { accountId } = (await api.directory.accessToken(token))!;
  const product = { ownerId: accountId, name: "Weather", slug: "weather", description: "" };
  const { id: productId } = (await api.directory.createProduct(product))!;
  for (let i = 0; i < 2; i++) await api.directory.createIntegration(hubSettings({ kind: "product", productId }));
  api.world.deliveries.points = [
    { time: 60_000, accepted: 3, success: 2, failure: 0 },
    { time: 120_000, accepted: 0, success: 0, failure: 1 },
  ];
  expect((await call("GET", "/v1/products/weather/metrics/integration")).body).toEqual({
    integrations: [
      { time: "1970-01-01T00:01:00.000Z", success: 4 },
      { time: "1970-01-01T00:02:00.000Z", failure: 2 },
    ],
  });
  const events = await call("GET", "/v1/products/weather/metrics/events?start_date=2026-02-01&bucket_size=60");
  expect(events.body).toEqual({
    events: [{ time: "1970-01-01T00:01:00.000Z", received: 3 }, { time: "1970-01-01T00:02:00.000Z" }],
  });
  expect(lastAsked()).toMatchObject(["series", `product/${productId}`, { bucketMs: 60_000 }]);
  const refused = await call("GET", "/v1/products/weather/metrics/events?product_fw=3");
  expect([refused.status, refused.body["error"]]).toEqual([400, expect.stringMatching(/^product_fw cannot narrow/)]);
});

test("an operator sets retention and sees incidents; others see how long things are kept", async () => {
  const hours = { delivered_hours: 24, parked_hours: 168, pending_hours: 168 };
  expect((await call("GET", "/admin/v1/settings/retention")).body).toEqual({ retention: hours });
  expect((await call("PUT", "/admin/v1/settings/retention", { parked_hours: 1 })).status).toBe(403);
  const operator = await api.directory.createAccount({ username: "root", passwordHash: PASSWORD, operator: true });
  token = await api.directory.createToken({ accountId: operator!.id, client: "c", expiresAt: null });
  const changed = await call("PUT", "/admin/v1/settings/retention", { parked_hours: 1 });
  expect(changed.body).toEqual({ retention: { ...hours, parked_hours: 1 } });
  const wrong = await call("PUT", "/admin/v1/settings/retention", { pending_hours: 0 });
  expect([wrong.status, wrong.body["error"]]).toEqual([400, "pending_hours must be a whole number from 1 to 8760"]);
  api.world.deliveries.open = [{ id: 3, kind: "events_missing", message: "Two are missing.", at: 0 }];
  expect((await call("GET", "/admin/v1/incidents")).body).toMatchObject({ incidents: [{ id: 3 }] });
  expect((await call("DELETE", "/admin/v1/incidents/3")).status).toBe(204);
  expect((await call("DELETE", "/admin/v1/incidents/4")).status).toBe(404);
});

test("what a device said is erased for its owner, who is told what cannot be", async () => {
  const { body } = await call("DELETE", `/admin/v1/devices/${DEVICE}/data`);
  expect(body).toMatchObject({
    erased: { events: 2, deliveries: 1 },
    not_erased: [expect.stringContaining("7 days"), expect.anything(), expect.anything()],
  });
  const eve = await api.account("eve");
  token = eve.token;
  expect((await call("DELETE", `/admin/v1/devices/${DEVICE}/data`)).status).toBe(403);
  expect(api.world.deliveries.asked.filter(([method]) => method === "eraseDevice")).toHaveLength(1);
});
