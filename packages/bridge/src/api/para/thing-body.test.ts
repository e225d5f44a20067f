import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DeviceState } from "../../core/device-state.ts";
import type { NewThing, Thing } from "../../core/thing.ts";
import type { ApiError } from "../api-error.ts";
import { newThing, overwriting, thingChange, voteIn } from "./thing-body.ts";
import { thingJson } from "./thing-json.ts";

const AZURE = { serviceBroker: "Azure" };

describe("a new Thing", () => {
  test("takes the fewest fields that there are", () => {
    expect(newThing(AZURE)).toEqual({
      name: null,
      timestamp: null,
      creatorId: null,
      parentId: null,
      tags: [],
      votes: 0,
      version: 0,
      stored: true,
      indexed: true,
      cached: true,
      properties: {},
      deviceState: {},
    });
  });

  test("takes all that C#'s client sends, nulls and zero times included", () => {
    const sent = {
      id: null,
      timestamp: 0,
      type: "thing",
      appid: null,
      parentid: null,
      creatorid: null,
      updated: 0,
      name: "Boiler",
      tags: null,
      votes: 0,
      version: 0,
      stored: true,
      indexed: true,
      cached: true,
      plural: null,
      objectURI: null,
      serviceBroker: "Azure",
      deviceState: null,
      color: null,
      floor: 3,
    };
    expect(newThing(sent)).toEqual({ ...newThing(AZURE), name: "Boiler", properties: { floor: 3 } });
  });

  test("passes over what a client must not set", () => {
    const locked = {
      id: "7",
      type: "user",
      appid: "other",
      updated: 12,
      plural: "x",
      objectURI: "/x",
      deviceMetadata: { primaryKey: "k" },
      deviceDetails: { primaryKey: "k" },
      deviceStatus: { sync: "x" },
    };
    expect(newThing({ ...AZURE, ...locked })).toEqual(newThing(AZURE));
  });

  test.each(["Azure", "azure", "AZURE", "AzureIoTService", "azureiotservice"])(
    "takes the broker %s",
    (serviceBroker) => {
      expect(newThing({ serviceBroker })).toEqual(newThing(AZURE));
    },
  );

  test("takes its state as an object or as the text of one", () => {
    expect(newThing({ ...AZURE, deviceState: { on: true } }).deviceState).toEqual({ on: true });
    expect(newThing({ ...AZURE, deviceState: '{"on":true}' }).deviceState).toEqual({ on: true });
  });

  test("takes an empty array for an empty state, as PHP's JSON writes it", () => {
    expect(newThing({ ...AZURE, deviceState: [] }).deviceState).toEqual({});
    expect(thingChange({ deviceState: [] }).deviceState).toEqual({});
  });

  test("takes its own fields at the top or as properties", () => {
    const body = { ...AZURE, properties: { a: 1, b: 1, id: 9 }, b: 2, constructor: "c" };
    expect(newThing(body).properties).toEqual({ a: 1, b: 2, constructor: "c" });
  });

  test("keeps each tag once, without blanks around it", () => {
    expect(newThing({ ...AZURE, tags: ["a", " a ", "", null, "B"] }).tags).toEqual(["a", "B"]);
  });

  test.each([
    ["no body", undefined, "Missing request body."],
    ["a text", "thing", "The body must be a JSON object"],
    ["an array", [AZURE], "The body must be a JSON object"],
    ["no broker", { name: "x" }, "'serviceBroker' must not be blank"],
    ["a blank broker", { serviceBroker: " " }, "'serviceBroker' must not be blank"],
    ["AWS", { serviceBroker: "AWS" }, "'serviceBroker' AWS is not supported: this server knows Azure"],
    [
      "AWS by its class",
      { serviceBroker: "awsIoTService" },
      "'serviceBroker' AWS is not supported: this server knows Azure",
    ],
    ["another broker", { serviceBroker: "gcp" }, "'serviceBroker' must be Azure"],
    ["a broker that is no text", { serviceBroker: { azure: 1 } }, "'serviceBroker' must be Azure"],
    ["a blank name", { ...AZURE, name: "  " }, "'name' must not be blank"],
    ["a name of a number", { ...AZURE, name: 5 }, "'name' must be a text"],
    ["a long name", { ...AZURE, name: "n".repeat(256) }, "'name' must have 1 to 255 characters"],
    ["a name with a line break", { ...AZURE, name: "a\nb" }, "'name' must not hold control characters"],
    ["tags that are a text", { ...AZURE, tags: "a" }, "'tags' must be an array of texts"],
    ["a tag that is an object", { ...AZURE, tags: [{}] }, "'tags' must be an array of texts"],
    ["a state that is an array", { ...AZURE, deviceState: [1] }, "'deviceState' must be a JSON object"],
    ["a state that is no JSON", { ...AZURE, deviceState: "{on}" }, "'deviceState' must be a JSON object"],
    ["a flag that is a word", { ...AZURE, cached: "maybe" }, "'cached' must be true or false"],
    ["votes that are half", { ...AZURE, votes: 0.5 }, "'votes' must be a whole number"],
    ["a time before all times", { ...AZURE, timestamp: -1 }, "'timestamp' must be a time in milliseconds since 1970"],
    ["a time after all times", { ...AZURE, timestamp: 9e15 }, "'timestamp' must be a time in milliseconds since 1970"],
    [
      "an endless number",
      { ...AZURE, weight: JSON.parse("1e999") as number },
      "'a field of your own' holds a number that is too large",
    ],
    ["half a character", { ...AZURE, color: "\ud800" }, "'a field of your own' holds a text that is not valid"],
    ["a long field name", { ...AZURE, ["f".repeat(256)]: 1 }, "A field's name must have at most 255 characters"],
    [
      "a prototype",
      JSON.parse('{"serviceBroker":"Azure","__proto__":{"x":1}}'),
      "A field must not be called __proto__",
    ],
    [
      "a prototype in the state",
      { ...AZURE, deviceState: '{"a":{"__proto__":1}}' },
      "'deviceState' must not hold __proto__",
    ],
    ["an abyss", { ...AZURE, a: nestedArrays(100_000) }, "'a field of your own' is nested deeper than 60 levels"],
  ])("is refused with %s", (_title, body, message) => {
    expect(() => newThing(body)).toThrow(expect.objectContaining({ statusCode: 400, message }));
  });

  test.each([
    "",
    "a b",
    "a/b",
    "ä",
    "x".repeat(129),
    ".",
    "..",
    "search",
    "_batch",
    "app:x",
    "0123456789ABCDEF01234567",
  ])("cannot be given the id %j", (id) => {
    expect(() => newThing(AZURE, id)).toThrow(/^'id' must/);
  });
});

describe("a change of a Thing", () => {
  test("leaves declared fields that are null and removes own fields that are", () => {
    const nothing = { name: null, tags: null, votes: null, deviceState: null, version: null, stored: null };
    expect(thingChange({ ...nothing, color: null })).toEqual({ properties: { color: null } });
  });

  test("replaces the state, with nothing too", () => {
    expect(thingChange({ deviceState: {} })).toEqual({ properties: {}, deviceState: {} });
  });

  test("passes over locked fields", () => {
    const locked = { id: "9", timestamp: "never", type: 1, appid: 2, creatorid: 5, parentid: 6, serviceBroker: "AWS" };
    expect(thingChange(locked)).toEqual({ properties: {} });
  });

  test("that overwrites drops what is not in it", () => {
    const change = overwriting(newThing({ ...AZURE, b: 2 }), { id: "7", present: { a: 1, b: 1 } });
    expect(change).toEqual({
      name: "ParaObject 7",
      tags: [],
      votes: 0,
      version: 0,
      stored: true,
      indexed: true,
      cached: true,
      properties: {
        a: null,
        b: 2,
      },
      deviceState: {},
    });
  });

  test("may be a vote", () => {
    expect(voteIn({ _voteup: "ada" })).toBe(1);
    expect(voteIn({ _votedown: "ada" })).toBe(-1);
    expect(voteIn({ name: "x" })).toBeNull();
    expect(() => voteIn({ _voteup: 1 })).toThrow("'_voteup' must be a text");
    expect(() => voteIn({ _voteup: "" })).toThrow("'_voteup' must be the id of who votes");
    expect(() => voteIn({ _voteup: "a", _votedown: "a" })).toThrow("A vote is either '_voteup' or '_votedown'");
  });
});

test("any JSON makes a Thing that is shown as it was sent, or a 4xx; nothing else", () => {
  const field = fc.oneof(
    fc.constantFrom("name", "tags", "votes", "version", "stored", "deviceState", "timestamp", "properties", "toString"),
    fc.string({ unit: "binary" }),
  );
  const anyBody = fc.dictionary(field, fc.jsonValue({ depthSize: "medium", stringUnit: "binary" }), {
    noNullPrototype: true,
  });
  fc.assert(
    fc.property(anyBody, (sent) => {
      const { made, refused } = attempt({ serviceBroker: "azure", ...sent });
      const wrong = made === null ? [refused?.statusCode].filter((code) => code !== 400) : changedFields(sent, made);
      expect(wrong).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
});

const KNOWN = new Set(Object.keys(newThing(AZURE)));
for (const name of ["serviceBroker", "type", "id"]) KNOWN.add(name);

const thing: Thing = {
  ...newThing(AZURE),
  id: "7",
  productId: 1,
  docId: 1,
  name: "Boiler",
  serviceBroker: "Azure",
  timestamp: 1,
  updated: null,
  revision: 1,
};
const section = { properties: {}, version: 1, pending: null };
const state: DeviceState = {
  deviceId: "7",
  reach: "itself",
  connectionId: "c",
  hubDeviceId: "7",
  state: { on: true },
  stamps: {},
  desired: section,
  reported: section,
  pendingSince: null,
  messageFor: null,
  etag: null,
  trouble: null,
  conflicts: 2,
  changedAt: 0,
  revision: 1,
  standing: {
    generationId: "g",
    status: "enabled",
    connectionState: "disconnected",
    lastActivity: null,
    missingSince: null,
  },
};

describe("a Thing's JSON", () => {
  test("is what Para's is, with how the device stands", () => {
    expect(thingJson({ thing, state }, "weather")).toEqual({
      id: "7",
      timestamp: 1,
      type: "thing",
      appid: "weather",
      name: "Boiler",
      votes: 0,
      version: 0,
      stored: true,
      indexed: true,
      cached: true,
      serviceBroker: "Azure",
      deviceState: { on: true },
      plural: "things",
      objectURI: "/thing/7",
      deviceStatus: {
        status: "enabled",
        connectionState: "disconnected",
        lastActivity: null,
        sync: "in_step",
        conflicts: 2,
      },
    });
  });

  test("says what waits for the hub, and why", () => {
    const failure = { code: "hub_unreachable", message: "The hub does not answer." } as const;
    const waiting = { ...state, pendingSince: 0, trouble: { failure, attempts: 2, retryAt: 1 } };
    expect(thingJson({ thing, state: waiting }, "weather")["deviceStatus"]).toMatchObject({
      sync: "waiting",
      waitingSince: "1970-01-01T00:00:00.000Z",
      error: { ...failure, next_step: expect.any(String) },
    });
  });

  test("says when the device is missing in the hub, and when there is no hub", () => {
    const missing = { ...state, standing: { ...state.standing, missingSince: 0 } };
    const shown = (one: DeviceState): unknown => thingJson({ thing, state: one }, "weather")["deviceStatus"];
    expect(shown(missing)).toMatchObject({ sync: "missing_in_hub", missingSince: "1970-01-01T00:00:00.000Z" });
    expect(shown({ ...state, connectionId: null })).toMatchObject({ sync: "no_hub" });
  });

  test("cannot be disguised by fields of the user's own", () => {
    const disguised = { ...thing, properties: { id: "8", deviceStatus: 1, toString: "x" } };
    expect(thingJson({ thing: disguised, state }, "weather")).toMatchObject({
      id: "7",
      toString: "x",
      deviceStatus: { sync: "in_step" },
    });
  });
});

/** Own fields that are shown otherwise than they were sent. */
function changedFields(sent: Record<string, unknown>, made: NewThing): readonly string[] {
  const shown = thingJson({ thing: { ...thing, ...made, timestamp: 1, name: made.name ?? "" }, state }, "weather");
  const own = Object.keys(sent).filter((name) => !KNOWN.has(name) && sent[name] !== null);
  return own.filter((name) => JSON.stringify(shown[name]) !== JSON.stringify(sent[name]));
}

function attempt(body: unknown): { made: NewThing | null; refused: ApiError | null } {
  try {
    return { made: newThing(body), refused: null };
  } catch (error) {
    return { made: null, refused: error as ApiError };
  }
}

function nestedArrays(depth: number): unknown {
  let value: unknown = [];
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

test("what the device had said when the object was read goes with a change and with an overwrite", () => {
  const body = {
    ...AZURE,
    deviceState: { battery: 80 },
    deviceStatus: { status: "enabled", reported: { battery: 80 } },
  };
  expect(thingChange(body)).toMatchObject({ deviceState: { battery: 80 }, deviceSaid: { battery: 80 } });
  expect(overwriting(newThing(body), { id: "7", present: {} })).toMatchObject({ deviceSaid: { battery: 80 } });
  for (const deviceStatus of [null, "enabled", 7, [], { reported: [1] }, { reported: "x" }]) {
    expect(thingChange({ deviceStatus })).not.toHaveProperty("deviceSaid");
  }
});
