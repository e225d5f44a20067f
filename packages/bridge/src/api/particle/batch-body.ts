/** A batch as it comes: a JSON object with `events`, or one JSON object a line. What is wrong with one event costs no other. */
import { isUtf8 } from "node:buffer";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { badRequest, refusal } from "../api-error.ts";
import { fieldsOf } from "../bodies.ts";
import { readPublication } from "./publication.ts";
import type { Publication } from "./publication.ts";

export type BatchItem =
  | { readonly publication: Publication }
  | { readonly fault: { readonly message: string; readonly at: { readonly field?: string } } };

const MAX_EVENTS = 1000;
const LINES_TYPE = "application/x-ndjson";

/** Lets the routes of this context read one JSON object a line. */
export function parseLines(app: FastifyInstance): void {
  app.addContentTypeParser<Buffer>(LINES_TYPE, { parseAs: "buffer" }, (_request, body, done) => {
    if (!isUtf8(body)) return done(badRequest("The body is not valid UTF-8"));
    const lines = body
      .toString("utf8")
      .split("\n")
      .filter((line) => line.trim() !== "");
    return done(null, { events: lines.length > MAX_EVENTS ? lines : lines.map(valueOf) });
  });
}

/** Throws 400 when there is no list of 1 to 1000 events. */
export function batchIn(request: FastifyRequest): readonly BatchItem[] {
  const { events } = fieldsOf(request);
  if (!Array.isArray(events)) throw badRequest("events must be a list of events");
  if (events.length === 0) throw badRequest("events must hold at least one event");
  if (events.length > MAX_EVENTS) throw refusal(413, `events must hold at most ${MAX_EVENTS} events`);
  return events.map(itemOf);
}

function itemOf(value: unknown): BatchItem {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { fault: { message: "An event must be a JSON object", at: {} } };
  }
  const read = readPublication(value as Readonly<Record<string, unknown>>);
  return "field" in read ? { fault: { message: read.message, at: { field: read.field } } } : { publication: read };
}

/** A line that is no JSON is no event; the lines around it are. */
function valueOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
