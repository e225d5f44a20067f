/** The hub's clock over HTTPS: `{ "advance": milliseconds or an ISO 8601 duration, "frozen": true or false }`. */
import { HubError } from "../hub/errors.ts";
import { requireObject } from "../hub/registry/identity-fields.ts";
import { readJson } from "./exchange.ts";
import type { HubRequest, HubResponse } from "./exchange.ts";

const UNITS_MS: readonly number[] = [7 * 24 * 3600_000, 24 * 3600_000, 3600_000, 60_000, 1000];
/** Weeks, days, hours, minutes, seconds. Months and years have no length of their own. */
const DURATION =
  /^P(?=.)(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?=.)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9}(?:\.\d{1,3})?)S)?)?$/;

export function showClock({ hub }: HubRequest): HubResponse {
  return { status: 200, json: { time: new Date(hub.now()).toISOString(), frozen: hub.clock.frozen } };
}

export function changeClock(request: HubRequest): HubResponse {
  const { advance, frozen } = requireObject(readJson(request), "The body");
  if (advance === undefined && frozen === undefined) throw invalid("The body needs advance, frozen or both.");
  if (frozen !== undefined && typeof frozen !== "boolean") throw invalid("frozen must be true or false.");
  const ms = advance === undefined ? 0 : millisecondsOf(advance);
  const { clock } = request.hub;
  if (frozen === true) clock.freeze();
  clock.advance(ms);
  if (frozen === false) clock.resume();
  return showClock(request);
}

function millisecondsOf(advance: unknown): number {
  if (typeof advance === "number" && Number.isFinite(advance) && advance >= 0) return advance;
  const match = typeof advance === "string" ? DURATION.exec(advance) : null;
  if (match === null)
    throw invalid("advance must be milliseconds or an ISO 8601 duration such as P1D, PT90S or PT1H30M.");
  return UNITS_MS.reduce((sum, unit, i) => sum + unit * Number(match[i + 1] ?? 0), 0);
}

function invalid(message: string): HubError {
  return new HubError("ArgumentInvalid", message);
}
