/** Waiting for an event over HTTPS: a filter comes in, the first event that fits goes out, or 204 when none came in time. */
import { isDeepStrictEqual } from "node:util";
import { HubError } from "../hub/errors.ts";
import { WaitTimeoutError, waitForEvent } from "../hub/events/event-watch.ts";
import type { EventWaitOptions } from "../hub/events/event-watch.ts";
import type { HubEvent } from "../hub/events/hub-event.ts";
import { requireObject } from "../hub/registry/identity-fields.ts";
import { readJson } from "./exchange.ts";
import type { HubRequest, HubResponse } from "./exchange.ts";

const LONGEST_WAIT_MS = 60_000;
const TEXTS = ["deviceId", "moduleId", "source"] as const;

export async function waitForFittingEvent(request: HubRequest): Promise<HubResponse> {
  const filter = requireObject(readJson(request), "The body");
  const fits = fitsOf(filter);
  const options = optionsOf(filter);
  const { hub, site } = request;
  try {
    const event = await waitForEvent({ hub, decodeEvent: site.decodeEvent }, fits, options);
    return { status: 200, json: plainEvent(event) };
  } catch (error) {
    if (error instanceof WaitTimeoutError) return { status: 204, headers: { "x-events-seen": String(error.seen) } };
    throw error;
  }
}

/** An event as JSON: its body as JSON where it is some, else as text, else in base64 as `bodyBase64`. */
function plainEvent(event: HubEvent): Readonly<Record<string, unknown>> {
  const { body, json, enqueuedTime, ...rest } = event;
  const shown = json === undefined ? textOf(body) : json;
  return {
    ...rest,
    enqueuedTime: new Date(enqueuedTime).toISOString(),
    ...(shown === undefined ? { bodyBase64: body.toString("base64") } : { body: shown }),
  };
}

type Fits = (event: HubEvent) => boolean;

function fitsOf(filter: Readonly<Record<string, unknown>>): Fits {
  const conditions: Fits[] = TEXTS.flatMap((name) => {
    const wanted = filter[name];
    if (wanted === undefined) return [];
    if (typeof wanted !== "string") throw invalid(`${name} must be a text.`);
    return [(event: HubEvent) => event[name] === wanted];
  });
  for (const [name, wanted] of Object.entries(requireObject(filter["properties"] ?? {}, "properties"))) {
    conditions.push(({ properties }) => Object.hasOwn(properties, name) && properties[name] === String(wanted));
  }
  const { bodyEquals, bodyContains } = filter;
  if (bodyEquals !== undefined) {
    conditions.push(({ body, json }) => isDeepStrictEqual(json, bodyEquals) || textOf(body) === bodyEquals);
  }
  if (typeof bodyContains === "string") conditions.push(({ body }) => body.includes(bodyContains));
  else if (bodyContains !== undefined) conditions.push(({ json }) => contains(json, bodyContains));
  return (event) => conditions.every((condition) => condition(event));
}

/** Objects by those of their members that are wanted, all else whole. */
function contains(value: unknown, wanted: unknown): boolean {
  if (!isObject(value) || !isObject(wanted)) return isDeepStrictEqual(value, wanted);
  return Object.entries(wanted).every(([name, member]) => Object.hasOwn(value, name) && contains(value[name], member));
}

function optionsOf({ timeoutMs = 10_000, since, endpoint }: Readonly<Record<string, unknown>>): EventWaitOptions {
  if (typeof timeoutMs !== "number" || !(timeoutMs >= 0 && timeoutMs <= LONGEST_WAIT_MS)) {
    throw invalid(`timeoutMs must be a number from 0 to ${LONGEST_WAIT_MS}.`);
  }
  if (endpoint !== undefined && typeof endpoint !== "string") throw invalid("endpoint must be a text.");
  return {
    timeoutMs,
    ...(since === undefined ? {} : { since: since === "now" ? since : timeOf(since) }),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
}

function timeOf(since: unknown): number {
  const time = typeof since === "string" ? Date.parse(since) : Number.NaN;
  if (Number.isNaN(time)) throw invalid("since must be `now` or a date in ISO 8601.");
  return time;
}

function textOf(body: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(message: string): HubError {
  return new HubError("ArgumentInvalid", message);
}
