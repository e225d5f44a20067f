import { expect, test } from "vitest";
import { eventTime, isContentType } from "./event-fields.ts";

test.each([
  ["2026-03-01T12:00:00Z", Date.UTC(2026, 2, 1, 12)],
  ["2026-03-01T14:00:00.250+02:00", Date.UTC(2026, 2, 1, 12, 0, 0, 250)],
  ["1970-01-01T00:00:00Z", 0],
  ["0000-01-01T00:00:00Z", null],
  ["2026-03-01T12:00:00", null],
  ["2026-13-01T12:00:00Z", null],
  ["2026-03-01", null],
  ["yesterday", null],
])("%s is the time %s", (text, time) => {
  expect(eventTime(text)).toBe(time);
});

test.each([
  ["application/json", true],
  ["text/plain; charset=utf-8", true],
  ["json", false],
  ["text/plain\r\nx: y", false],
  [`text/${"x".repeat(80)}`, false],
])("%j as a content type: %s", (text, fits) => {
  expect(isContentType(text)).toBe(fits);
});
