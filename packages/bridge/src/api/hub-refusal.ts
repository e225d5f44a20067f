/** A hub's refusal as an answer over HTTP, for each face to put in its own words. */
import type { Failure, FailureCode } from "../core/failure.ts";
import { failureJson } from "./particle/integration-json.ts";

/** Failures that are not the hub's to answer for (502), or that end by themselves (503). */
const STATUS: Readonly<Partial<Record<FailureCode, number>>> = {
  throttled: 503,
  create_throttled: 503,
  quota_exceeded: 503,
  device_id_refused: 400,
  device_missing: 409,
  device_not_online: 404,
  method_unanswered: 504,
  method_refused: 400,
  twin_refused: 400,
  message_refused: 400,
  message_too_large: 413,
  message_queue_full: 409,
  message_throttled: 503,
};
const RETRY_AFTER_SECONDS = 5;
const AGAIN = "Nothing is tried again by itself: try it again in a while.";

export type NextSteps = Readonly<Partial<Record<FailureCode, string>>>;

/** What was asked of a hub just now does not wait and go on by itself, as events do. */
export const NEXT_OF_REQUEST: NextSteps = {
  hub_unreachable:
    "Check that the hub is up and that Networking > Public network access allows this server, then try it again.",
  hub_error: AGAIN,
  throttled: AGAIN,
  create_throttled: "The hub limits how fast identities are created: 100 a minute on the smallest. Try it again then.",
  quota_exceeded: "The hub's daily quota is used up until midnight UTC: try it again then, or add units.",
  outcome_unknown: "It may have been done all the same: look before you try it again.",
};

export interface HubRefusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly next_step: string;
  /** When to try again, where everything is in order and the hub has no time. */
  readonly headers: Readonly<Record<string, string>>;
}

export function hubRefusal(failure: Failure, now: number, nextSteps: NextSteps = NEXT_OF_REQUEST): HubRefusal {
  const status = STATUS[failure.code] ?? 502;
  const seconds = failure.notBefore === undefined ? RETRY_AFTER_SECONDS : (failure.notBefore - now) / 1_000;
  const headers = status === 503 ? { "retry-after": String(Math.max(1, Math.ceil(seconds))) } : {};
  const json = failureJson(failure);
  return { ...json, next_step: nextSteps[failure.code] ?? json.next_step, status, headers };
}
