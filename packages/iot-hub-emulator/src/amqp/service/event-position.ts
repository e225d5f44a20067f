/** Where a reader starts, from the selector filter of its source. */
import { type AmqpMap, Described } from "../../amqp-codec/values.ts";
import type { EventPosition } from "../../hub/events/event-stream.ts";
import { AmqpError } from "../amqp-error.ts";

const FILTER = "apache.org:selector-filter:string";
const EXPRESSION =
  /^\s*amqp\.annotation\.x-opt-(offset|sequence-number|enqueued-time|enqueuedtimeutc)\s*(>=?)\s*(?:'([^']*)'|([^'\s]+))\s*$/i;

/** Without a filter a reader starts at the first event there is. Throws `amqp:invalid-field` for what it cannot read. */
export function eventPosition(filter: AmqpMap | undefined): EventPosition {
  const entry = filter?.get(FILTER);
  const selector = entry instanceof Described ? entry.value : entry;
  if (selector === undefined || selector === null) return { kind: "earliest" };
  const parts = typeof selector === "string" ? EXPRESSION.exec(selector) : null;
  if (parts === null) throw invalid("The selector filter is none that an event hub knows.");
  const value = parts[3] ?? parts[4] ?? "";
  const inclusive = parts[2] === ">=";
  const field = parts[1]?.toLowerCase();
  if (field === "offset") return offsetPosition(value, inclusive);
  const number = Number(value);
  if (value === "" || !Number.isSafeInteger(number)) throw invalid(`The selector filter's value is no number.`);
  return field === "sequence-number"
    ? { kind: "sequenceNumber", value: number, inclusive }
    : { kind: "enqueuedTime", value: number };
}

function offsetPosition(value: string, inclusive: boolean): EventPosition {
  if (value === "-1") return { kind: "earliest" };
  if (value.toLowerCase() === "@latest") return { kind: "latest" };
  if (!/^\d+$/.test(value)) throw invalid("The selector filter's offset is none that this stream gave out.");
  return { kind: "offset", value, inclusive };
}

function invalid(text: string): AmqpError {
  return new AmqpError("link", "amqp:invalid-field", text);
}
