import { expect, test } from "vitest";
import { type AmqpValue, Described } from "../../amqp-codec/values.ts";
import type { EventPosition } from "../../hub/events/event-stream.ts";
import { eventPosition } from "./event-position.ts";

function positionOf(selector: AmqpValue): EventPosition {
  return eventPosition(new Map([["apache.org:selector-filter:string", selector]]));
}

const POSITIONS: readonly (readonly [string, EventPosition])[] = [
  ["amqp.annotation.x-opt-offset > '-1'", { kind: "earliest" }],
  ["amqp.annotation.x-opt-offset > '@latest'", { kind: "latest" }],
  ["amqp.annotation.x-opt-offset > '4096'", { kind: "offset", value: "4096", inclusive: false }],
  ["amqp.annotation.x-opt-offset >= '4096'", { kind: "offset", value: "4096", inclusive: true }],
  ["amqp.annotation.x-opt-offset > 4096", { kind: "offset", value: "4096", inclusive: false }],
  ["amqp.annotation.x-opt-sequence-number > '5'", { kind: "sequenceNumber", value: 5, inclusive: false }],
  ["amqp.annotation.x-opt-sequence-number >= '5'", { kind: "sequenceNumber", value: 5, inclusive: true }],
  ["amqp.annotation.x-opt-sequence-number >= 5", { kind: "sequenceNumber", value: 5, inclusive: true }],
  ["amqp.annotation.x-opt-enqueued-time > '1700000000000'", { kind: "enqueuedTime", value: 1_700_000_000_000 }],
  ["amqp.annotation.x-opt-enqueuedtimeutc > 1700000000000", { kind: "enqueuedTime", value: 1_700_000_000_000 }],
];

test.each(POSITIONS)("%s", (selector, position) => {
  expect(positionOf(new Described("apache.org:selector-filter:string", selector))).toEqual(position);
  expect(positionOf(selector)).toEqual(position);
});

test("without a filter reading starts at the first event", () => {
  expect(eventPosition(undefined)).toEqual({ kind: "earliest" });
  expect(eventPosition(new Map())).toEqual({ kind: "earliest" });
});

test.each(["", "x-opt-offset > '1'", "amqp.annotation.x-opt-offset < '1'", "amqp.annotation.x-opt-offset > 'abc'"])(
  "the selector %j is refused",
  (selector) => {
    expect(() => positionOf(selector)).toThrow(expect.objectContaining({ scope: "link" }));
  },
);

test("a selector that is no text is refused", () => {
  expect(() => positionOf(5)).toThrow("selector");
  expect(() => positionOf("amqp.annotation.x-opt-sequence-number > ''")).toThrow("number");
});
