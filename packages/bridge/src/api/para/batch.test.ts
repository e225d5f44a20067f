import { afterEach, beforeEach, expect, test } from "vitest";
import type { ThingMade } from "../../core/state-control.ts";
import type { ThingChange } from "../../core/thing.ts";
import { createParaApp } from "../testing/para-app.ts";
import type { ParaApp } from "../testing/para-app.ts";
import { createTestApi, NO_LIMITS } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

const AZURE = { serviceBroker: "Azure" };

let api: TestApi;
let app: ParaApp;

beforeEach(async () => {
  api = createTestApi();
  app = await createParaApp(api, "weather");
});
afterEach(() => api.app.close());

/** The hub takes so many and then no more. */
function refuseAfter(count: number, refusal: Exclude<ThingMade, { kind: "made" }>): void {
  const create = api.things.create.bind(api.things);
  let made = 0;
  api.things.create = async (...asked) => (++made > count ? refusal : create(...asked));
}

async function count(): Promise<number> {
  return api.things.countThings(app.productId);
}

test("makes many at once, each with its keys, in the order in which they were sent", async () => {
  const names = Array.from({ length: 40 }, (_, i) => `Thing ${i}`);
  const { status, body } = await app.call(
    "POST",
    "/v1/_batch",
    names.map((name) => ({ ...AZURE, name })),
  );
  const things = body as { name: string; deviceDetails: { thingName: string } }[];
  expect(status).toBe(200);
  expect(things.map(({ name }) => name)).toEqual(names);
  expect(things.map(({ deviceDetails }) => deviceDetails.thingName)).toEqual(names);
});

test("makes what is new and overwrites what is there", async () => {
  await app.call("PUT", "/v1/thing/a", { ...AZURE, floor: 1 });
  const { body } = await app.call("PUT", "/v1/_batch", [
    { ...AZURE, id: "a", type: "thing", name: "A" },
    { ...AZURE, id: "b", type: "things" },
  ]);
  const [a, b] = body as [object, object];
  expect(a).toMatchObject({ id: "a", name: "A" });
  expect(a).not.toHaveProperty("floor");
  expect(a).not.toHaveProperty("deviceDetails");
  expect(b).toMatchObject({ id: "b", deviceDetails: { thingId: "b" } });
});

test.each([
  ["a bad field", { ...AZURE, tags: 5 }, "Object 2: 'tags' must be an array of texts"],
  ["no broker", {}, "Object 2: 'serviceBroker' must not be blank"],
  ["another type", { ...AZURE, type: "user" }, /^Object 2: Objects of this type are not kept here/],
  ["the same id again", { ...AZURE, id: "a" }, "Object 2: 'id' is that of an object before it"],
  ["an impossible id", { ...AZURE, id: "a/b" }, /^Object 2: 'id' must have/],
  [
    "an impossible state",
    { ...AZURE, deviceState: { "a.b": 1 } },
    "Object 2: deviceState.a.b is no key that a twin can hold",
  ],
  ["no object", null, "Object 2: must be a JSON object"],
])("makes nothing when one of them has %s", async (_title, second, message) => {
  const { status, body } = await app.call("POST", "/v1/_batch", [{ ...AZURE, id: "a" }, second]);
  expect({ status, body }).toMatchObject({
    status: 400,
    body: { code: 400, message: expect.stringMatching(message) },
  });
  expect(await count()).toBe(0);
});

test.each([
  ["no body", undefined, "Missing request body."],
  ["an object", AZURE, "The body must be a JSON array of objects"],
  ["too many", Array.from({ length: 1_001 }, () => AZURE), "A batch has at most 1000 objects"],
])("refuses %s", async (_title, sent, message) => {
  for (const method of ["POST", "PUT", "PATCH"] as const) {
    expect(await app.call(method, "/v1/_batch", sent)).toMatchObject({ status: 400, body: { code: 400, message } });
  }
});

test("tells what the hub refused beside what was made", async () => {
  refuseAfter(2, { kind: "hub", failure: { code: "create_throttled", message: "Slower." } });
  const sent = ["a", "b", "c", "d"].map((id) => ({ ...AZURE, id, name: id.toUpperCase() }));
  const { status, body, headers } = await app.call("POST", "/v1/_batch", sent);
  expect(status).toBe(200);
  expect(headers["x-isthmus-refused"]).toBe("2");
  const why = { code: 503, message: "Slower.", error: "create_throttled", next_step: expect.any(String) };
  expect(body).toEqual([
    expect.objectContaining({ id: "a", deviceDetails: expect.anything() }),
    expect.objectContaining({ id: "b", deviceDetails: expect.anything() }),
    {
      type: "refusal",
      name: "2 of 4 were not made",
      refused: [
        { ...why, index: 2, id: "c", name: "C" },
        { ...why, index: 3, id: "d", name: "D" },
      ],
    },
  ]);
});

test("is refused as a whole when the hub refuses all, which it is not asked a thousand times", async () => {
  let asked = 0;
  api.things.create = async () => {
    asked += 1;
    return { kind: "hub", failure: { code: "key_refused", message: "The hub refused the key." } };
  };
  const answer = await app.call(
    "POST",
    "/v1/_batch",
    Array.from({ length: 1_000 }, () => AZURE),
  );
  expect(answer).toMatchObject({ status: 502, body: { code: 502, error: "key_refused" } });
  expect(asked).toBeLessThanOrEqual(8);
});

test("reads many in the order of the ids, each once, and leaves out what is not there", async () => {
  for (const id of ["a", "b", "c"]) await app.call("PUT", `/v1/thing/${id}`, AZURE);
  const { body } = await app.call("GET", "/v1/_batch?ids=c&ids=x&ids=a&ids=c&select=id");
  expect(body).toEqual([{ id: "c" }, { id: "a" }]);
  for (const method of ["GET", "DELETE"] as const) {
    const none = { status: 400, body: { code: 400, message: "Missing ids." } };
    expect(await app.call(method, "/v1/_batch")).toMatchObject(none);
    expect(await app.call(method, "/v1/_batch?ids=")).toMatchObject(none);
  }
});

test("changes many, the same one in the order in which it was sent, and skips what is not there", async () => {
  for (const id of ["a", "b"]) await app.call("PUT", `/v1/thing/${id}`, AZURE);
  const { body } = await app.call("PATCH", "/v1/_batch", [
    { id: "a", name: "A1" },
    { id: "x", name: "X" },
    { id: "a", name: "A2" },
    { id: "b", deviceState: { on: 1 } },
  ]);
  expect(body).toMatchObject([{ name: "A1" }, { name: "A2" }, { id: "b", deviceState: { on: 1 } }]);
  expect(await app.call("PATCH", "/v1/_batch", [{ name: "x" }])).toMatchObject({
    status: 400,
    body: { message: "Object 1: 'id' must not be blank" },
  });
});

test("waits for a hub that hangs, but not for each object anew", async () => {
  let elapsed = 0;
  const slow = createTestApi({ limits: { ...NO_LIMITS, elapsed: () => elapsed } });
  const things = await createParaApp(slow, "weather");
  const ids = Array.from({ length: 40 }, (_, i) => `t${i}`);
  await things.call(
    "POST",
    "/v1/_batch",
    ids.map((id) => ({ ...AZURE, id })),
  );
  const update = slow.things.update.bind(slow.things);
  const waits: number[] = [];
  Object.assign(slow.things, {
    async update(id: string, change: ThingChange, waitMs: number) {
      waits.push(waitMs);
      elapsed += waitMs;
      return update(id, change);
    },
  });
  const { body } = await things.call(
    "PATCH",
    "/v1/_batch",
    ids.map((id) => ({ id, name: "x" })),
  );
  expect(body).toHaveLength(40);
  expect(waits[0]).toBe(2_000);
  expect(elapsed).toBeLessThanOrEqual(15_000);
  await slow.app.close();
});

test("changes nothing when one of the states is impossible", async () => {
  for (const id of ["a", "b"]) await app.call("PUT", `/v1/thing/${id}`, AZURE);
  const { status } = await app.call("PATCH", "/v1/_batch", [
    { id: "a", name: "A" },
    { id: "b", deviceState: { $b: 1 } },
  ]);
  expect(status).toBe(400);
  expect(await app.call("GET", "/v1/thing/a")).toMatchObject({ body: { name: "ParaObject a" } });
});

test("a version mismatch is 412 when it concerns all, and told beside the others when not", async () => {
  for (const id of ["a", "b"]) await app.call("PUT", `/v1/thing/${id}`, { ...AZURE, version: 3 });
  const stale = { id: "a", version: 9 };
  expect(await app.call("PATCH", "/v1/_batch", [stale])).toMatchObject({ status: 412, body: { code: 412 } });
  const { status, body } = await app.call("PATCH", "/v1/_batch", [stale, { id: "b", version: 3 }]);
  expect({ status, body }).toMatchObject({
    status: 200,
    body: [
      { id: "b", version: 4 },
      { type: "refusal", name: "1 of 2 were not changed", refused: [{ index: 0, id: "a", error: "version_mismatch" }] },
    ],
  });
});

test("deletes many; none that is there is a 404", async () => {
  for (const id of ["a", "b", "c"]) await app.call("PUT", `/v1/thing/${id}`, AZURE);
  expect(await app.call("DELETE", "/v1/_batch?ids=a&ids=b&ids=x")).toMatchObject({ status: 200, body: null });
  expect(await count()).toBe(1);
  expect(await app.call("DELETE", "/v1/_batch?ids=a&ids=b")).toMatchObject({ status: 404 });
});
