/** Why a Thing could not be made, changed or found, as answers of Para's face. */
import type { FailureCode } from "../../core/failure.ts";
import type { KeysShown, StateFault, ThingMade } from "../../core/state-control.ts";
import type { ApiError } from "../api-error.ts";
import { failureJson } from "../particle/integration-json.ts";
import { paraError } from "./para-error.ts";

/** Failures that are not the hub's to answer for (502), or that end by themselves (503). */
const STATUS: Readonly<Partial<Record<FailureCode, number>>> = {
  throttled: 503,
  create_throttled: 503,
  quota_exceeded: 503,
  device_id_refused: 400,
  device_missing: 409,
};
const RETRY_AFTER_SECONDS = 10;

type NotMade = Exclude<ThingMade, { kind: "made" }>;
type HubRefusal = Extract<KeysShown, { kind: "hub" }>;

export function notMade(why: NotMade, now: number): ApiError {
  switch (why.kind) {
    case "fault":
      return stateFault(why.fault);
    case "id_taken":
      return paraError(409, "There is a device with this id already, here or in the hub.", {
        error: "id_taken",
        nextStep: "Choose another id, or leave it out: one is made then.",
      });
    case "no_hub":
      return paraError(400, why.message, { error: "no_hub" });
    case "hub":
      return hubRefusal(why, now);
  }
}

/** The hub said no, or nothing. Nothing was stored. */
export function hubRefusal({ failure }: HubRefusal, now: number): ApiError {
  const { code, message, next_step } = failureJson(failure);
  const status = STATUS[failure.code] ?? 502;
  const waitMs = failure.notBefore === undefined ? RETRY_AFTER_SECONDS * 1_000 : failure.notBefore - now;
  const headers = status === 503 ? { "retry-after": String(Math.max(1, Math.ceil(waitMs / 1_000))) } : {};
  return paraError(status, message, { error: code, nextStep: next_step, headers });
}

export function stateFault({ path, message }: StateFault): ApiError {
  return paraError(400, `deviceState${path === "" ? ": " : "."}${message}`, { error: "state_not_possible" });
}

export function versionMismatch(): ApiError {
  return paraError(412, "Update failed due to 'version' mismatch.", {
    error: "version_mismatch",
    nextStep: "Read the thing again and send its version along with the change.",
  });
}

/** What is not there and what is another app's look the same. */
export function unknownThing(): ApiError {
  return paraError(404, "There is no such object in this app.", { error: "not_found" });
}
