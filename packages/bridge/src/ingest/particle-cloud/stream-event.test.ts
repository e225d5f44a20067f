import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SseParser } from "./sse-parser.ts";
import { streamEvent } from "./stream-event.ts";

const DEVICE = "e00fce680000000000000001";
const told = (fields: object): string => JSON.stringify({ data: "1", ttl: 60, coreid: DEVICE, ...fields });

describe("events of a stream", () => {
  test("a product's event says all", () => {
    const data = told({
      published_at: "2026-03-01T12:00:00.123Z",
      version: 7,
      productID: 12,
      userid: "",
      public: false,
    });
    expect(streamEvent({ event: "temp", data })).toEqual({
      name: "temp",
      data: "1",
      coreid: DEVICE,
      publishedAt: Date.UTC(2026, 2, 1, 12, 0, 0, 123),
      eventId: null,
      firmwareVersion: 7,
    });
  });

  test.each([
    [{ ttl: "60" }, { data: "1" }],
    [{ data: null }, { data: null }],
    [{ data: undefined }, { data: null }],
    [{ data: "" }, { data: "" }],
    [{ published_at: "yesterday" }, { publishedAt: null }],
    [{ published_at: 5 }, { publishedAt: null }],
    [{ published_at: "9999999-01-01T00:00:00.000Z" }, { publishedAt: null }],
    [{ version: "7" }, { firmwareVersion: 7 }],
    [{ version: -1 }, { firmwareVersion: null }],
    [{ version: 70_000 }, { firmwareVersion: null }],
  ])("%o", (fields, expected) => {
    expect(streamEvent({ event: "temp", data: told(fields) })).toMatchObject(expected);
  });

  test.each([
    ["", /JSON/],
    ["[1]", /JSON/],
    ["null", /JSON/],
    ['{"data":"1"}', /device/],
    [told({ data: { a: 1 } }), /no text/],
    [told({ data: "\ud800" }), /Unicode/],
  ])("%j is told and not taken", (data, message) => {
    expect(streamEvent({ event: "temp", data })).toMatch(message);
  });

  test("no bytes of a cloud make it throw", () => {
    const lines = fc.oneof(
      fc.constantFrom("event: temp\n", "\n", ":ok\n", `data: ${told({})}\n`),
      fc.jsonValue().map((value) => `data: ${JSON.stringify(value)}\n`),
      fc.string({ unit: "binary", maxLength: 30 }),
    );
    fc.assert(
      fc.property(fc.array(lines), (all) => {
        const events = new SseParser().push(Buffer.from(all.join(""))).map(streamEvent);
        for (const event of events) expect(typeof event === "string" || typeof event.name === "string").toBe(true);
      }),
    );
  });
});
