import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SseParser } from "./sse-parser.ts";
import type { SseEvent } from "./sse-parser.ts";

function parse(text: string, size = Infinity): SseEvent[] {
  const parser = new SseParser();
  const bytes = Buffer.from(text);
  const events: SseEvent[] = [];
  for (let start = 0; start < bytes.length; start += Math.min(size, bytes.length)) {
    events.push(...parser.push(bytes.subarray(start, start + Math.min(size, bytes.length))));
  }
  return events;
}

describe("lines", () => {
  test.each([
    [":ok\n\nevent: temp\ndata: {}\n\n", [{ event: "temp", data: "{}" }]],
    ["event: temp\r\ndata: {}\r\n\r\n", [{ event: "temp", data: "{}" }]],
    ["event:temp\ndata:{}\n\n", [{ event: "temp", data: "{}" }]],
    ["event: temp\ndata: a\ndata: b\n\n", [{ event: "temp", data: "a\nb" }]],
    ["event: temp\nid: 7\nretry: 9\n: noise\ndata: a\n\n", [{ event: "temp", data: "a" }]],
    ["event:  two spaces\ndata: é😀\n\n", [{ event: " two spaces", data: "é😀" }]],
    ["\n\n\n:\n\n", []],
    ["event: temp\n\n", []],
    ["data: a\n\n", []],
    ["event: temp\ndata: a\n", []],
    ["event: temp\ndata: a", []],
    ["event\ndata\n\n", []],
  ])("%j", (text, events) => {
    expect(parse(text)).toEqual(events);
  });

  test("it does not matter where the bytes are cut", () => {
    const text = fc
      .array(fc.constantFrom(":ok", "event: a/é", "data: {}", "data: 😀", "", "\r", "x: y", "data:"))
      .map((lines) => lines.join("\n"));
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 5 }), (whole, size) => {
        expect(parse(whole, size)).toEqual(parse(whole));
      }),
    );
  });
});

describe("bounds", () => {
  test("an event with a line over 64 KB is passed over, the next one is not", () => {
    const parser = new SseParser();
    const text = `event: a\ndata: ${"x".repeat(70_000)}\n\nevent: b\ndata: y\n\n`;
    expect(parser.push(Buffer.from(text))).toEqual([{ event: "b", data: "y" }]);
    expect(parser.overlong).toBe(1);
    expect(parser.skippedBytes).toBe(0);
  });

  test("many data lines are bounded together", () => {
    const text = `event: a\n${`data: ${"x".repeat(10_000)}\n`.repeat(10)}\nevent: b\ndata: y\n\n`;
    expect(parse(text)).toEqual([{ event: "b", data: "y" }]);
  });

  test("a line of a gigabyte takes no memory", () => {
    const parser = new SseParser();
    const chunk = Buffer.alloc(64 * 1024, "x");
    const before = process.memoryUsage();
    for (let i = 0; i < 16 * 1024; i++) parser.push(chunk);
    const after = process.memoryUsage();
    expect(parser.skippedBytes).toBe(1024 ** 3);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(5 * 1024 * 1024);
    expect(parser.push(Buffer.from("\n\nevent: b\ndata: y\n\n"))).toEqual([{ event: "b", data: "y" }]);
  });
});
