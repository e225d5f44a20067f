/** What a hostile or hasty client may send for Things: always a 4xx in Para's shape, never a half-made Thing. */
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createParaApp } from "../testing/para-app.ts";
import type { ParaAnswer, ParaApp } from "../testing/para-app.ts";
import { createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

const AZURE = '"serviceBroker":"Azure"';
const CANARY = "c4n4ry";

let api: TestApi;
let app: ParaApp;

beforeAll(async () => {
  api = createTestApi();
  app = await createParaApp(api, "weather");
});
afterAll(() => api.app.close());
beforeEach(async () => {
  await app.call("PUT", "/v1/thing/boiler", { serviceBroker: "Azure", name: "Boiler" });
});

/** `null` for a refusal in Para's shape that repeats nothing of what was sent. */
function wrongInRefusal({ status, body }: ParaAnswer): unknown {
  const { code, message } = (body ?? {}) as { code?: unknown; message?: unknown };
  const isRight = status >= 400 && status < 500 && code === status && typeof message === "string" && message !== "";
  return isRight && !JSON.stringify(body).includes(CANARY) ? null : { status, body };
}

/** `null` for a refusal, and for a Thing that is read as it was answered. */
async function wrongWith(answer: ParaAnswer): Promise<unknown> {
  if (answer.status >= 400) return wrongInRefusal(answer);
  const [shown] = [answer.body].flat() as { id: string; deviceDetails?: unknown }[];
  if (shown?.id === undefined) return answer.body === true ? null : answer;
  const { deviceDetails: _once, ...rest } = shown;
  const read = await app.call("GET", `/v1/thing/${encodeURIComponent(shown.id)}`);
  return JSON.stringify(read.body) === JSON.stringify(rest) ? null : { shown: rest, read: read.body };
}

describe("a Thing is not made of", () => {
  test.each([
    ["nothing", undefined, "Missing request body."],
    ["null", "null", "Missing request body."],
    ["a number", "5", "The body must be a JSON object"],
    ["an array", "[]", "The body must be a JSON object"],
    ["half an object", '{"name":"c4n4ry"', "The body is not valid JSON."],
    ["XML", "<thing>c4n4ry</thing>", "The body is not valid JSON."],
    ["a prototype", `{${AZURE},"__proto__":{"polluted":"c4n4ry"}}`, "The body has a forbidden field."],
    [
      "a prototype in its state",
      `{${AZURE},"deviceState":{"a":{"__proto__":{"polluted":1}}}}`,
      "The body has a forbidden field.",
    ],
    [
      "a hidden prototype",
      `{${AZURE},"deviceState":"{\\"__proto__\\":{\\"polluted\\":1}}"}`,
      "'deviceState' must not hold __proto__",
    ],
    [
      "an abyss",
      `{${AZURE},"a":${"[".repeat(90)}${"]".repeat(90)}}`,
      "'a field of your own' is nested deeper than 60 levels",
    ],
    ["a deeper abyss", `{${AZURE},"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}`, /^The body is/],
    [
      "a hidden abyss",
      `{${AZURE},"deviceState":"${'{\\"a\\":'.repeat(90)}1${"}".repeat(90)}"}`,
      "'deviceState' is nested deeper than 60 levels",
    ],
    ["too much", `{${AZURE},"a":"${"x".repeat(1024 * 1024)}"}`, "Request is too large - the maximum is 1024 KB."],
    [
      "what grows when it is written",
      `{${AZURE},"a":[${"1e20,".repeat(150_000)}1]}`,
      /^The thing's own fields together are too large/,
    ],
    ["a state that no twin holds", `{${AZURE},"deviceState":{"a":{"b c":1}}}`, /^deviceState\.a\.b c/],
    ["a broker's imitation", '{"serviceBroker":["Azure"]}', "'serviceBroker' must be Azure"],
    ["AWS", '{"serviceBroker":"AWS"}', "'serviceBroker' AWS is not supported: this server knows Azure"],
  ])("%s", async (_title, body, message) => {
    const before = await api.things.countThings(app.productId);
    const answer = await app.call("POST", "/v1/thing", body);
    expect(wrongInRefusal(answer)).toBeNull();
    expect(answer.body).toMatchObject({ message: expect.stringMatching(message) });
    expect(await api.things.countThings(app.productId)).toBe(before);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

test("a body that is no UTF-8 is refused", async () => {
  const answer = await app.call("POST", "/v1/thing", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]));
  expect(answer).toMatchObject({ status: 400, body: { message: "The body is not valid UTF-8." } });
});

test.each([
  "%00",
  "%2F",
  "..%2F..",
  "a%20b",
  "%C3%A4",
  "%FF",
  "x".repeat(129),
  "x".repeat(400),
  "'--",
  "0123456789abcdef01234567",
])("the id %s names nothing and cannot be chosen", async (id) => {
  for (const method of ["GET", "DELETE"] as const)
    expect(wrongInRefusal(await app.call(method, `/v1/thing/${id}`))).toBeNull();
  for (const action of ["_newkeys", "_enable", "_disable"]) {
    expect(wrongInRefusal(await app.call("POST", `/v1/thing/${id}/${action}`, {}))).toBeNull();
  }
  expect(wrongInRefusal(await app.call("PATCH", `/v1/thing/${id}`, { name: CANARY }))).toBeNull();
  expect(wrongInRefusal(await app.call("GET", `/v1/_id/${id}`))).toBeNull();
});

test.each([
  ["select", `select=${"a,".repeat(200)}a`],
  ["select", `select=${"a".repeat(5_000)}`],
  ["limit", "limit=c4n4ry"],
  ["page", "page=1e9"],
  ["lastKey", "lastKey=c4n4ry"],
  ["q", "q=(c4n4ry"],
])("a bad %s is refused by its name", async (name, query) => {
  const answer = await app.call("GET", `/v1/thing?${query}`);
  expect(wrongInRefusal(answer)).toBeNull();
  expect(answer.body).toMatchObject({ message: expect.stringContaining(`'${name}'`) });
});

test("a selection of prototypes selects nothing", async () => {
  const { status, body } = await app.call("GET", "/v1/thing/boiler?select=constructor,__proto__,toString,name.length");
  expect(status).toBe(200);
  expect(Object.values(body as object)).toEqual([null, null, null, null]);
});

test("own fields cannot be heaped up by one change after the other", async () => {
  const half = "x".repeat(40 * 1024);
  expect(await app.call("PATCH", "/v1/thing/boiler", { a: half })).toMatchObject({ status: 200 });
  expect(await app.call("PATCH", "/v1/thing/boiler", { b: half })).toMatchObject({ status: 400 });
  expect(await app.call("PATCH", "/v1/_batch", [{ id: "boiler", b: half }])).toMatchObject({ status: 400 });
  expect(await app.call("PATCH", "/v1/thing/boiler", { a: null, b: half })).toMatchObject({ status: 200 });
});

test("whatever JSON comes, the answer is the Thing as it was sent, or a 4xx that repeats nothing", async () => {
  const names = [
    "id",
    "name",
    "tags",
    "votes",
    "version",
    "timestamp",
    "stored",
    "deviceState",
    "properties",
    "creatorid",
  ];
  const field = fc.oneof(fc.constantFrom(...names, "_voteup", "serviceBroker", "type"), fc.string({ unit: "binary" }));
  const value = fc.oneof(fc.jsonValue({ stringUnit: "binary" }), fc.constantFrom(CANARY, 1e308, 0, "", [CANARY]));
  const body = fc.dictionary(field, value, { noNullPrototype: true });
  await fc.assert(
    fc.asyncProperty(body, fc.integer({ min: 0, max: 5 }), async (sent, way) => {
      const azure = { serviceBroker: "azure", ...sent };
      const [method, path, asked] = (
        [
          ["POST", "/v1/thing", azure],
          ["PUT", "/v1/thing/boiler", azure],
          ["PATCH", "/v1/thing/boiler", sent],
          ["POST", "/v1/_batch", [azure]],
          ["PATCH", "/v1/_batch", [{ ...sent, id: "boiler" }]],
          ["POST", "/v1/thing/boiler/_newkeys", sent],
        ] as const
      )[way]!;
      expect(await wrongWith(await app.call(method, path, asked))).toBeNull();
    }),
    { numRuns: 1_000 },
  );
}, 120_000);
