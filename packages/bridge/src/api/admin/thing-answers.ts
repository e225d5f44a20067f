/** What the admin face answers where a Thing could not be made or changed: a code, a sentence, the next step. */
import type { Failure } from "../../core/failure.ts";
import type { KeysShown, StateFault, ThingMade, ThingUpdated } from "../../core/state-control.ts";
import { ApiError, notFound } from "../api-error.ts";
import { hubRefusal } from "../hub-refusal.ts";

export function refusedThing(
  refused: Exclude<ThingMade | ThingUpdated | KeysShown, { kind: "made" | "updated" | "shown" }>,
  now: number,
): ApiError {
  switch (refused.kind) {
    case "fault":
      return stateRefused(refused.fault);
    case "unknown":
      return notFound("Thing");
    case "hub":
      return hubRefused(refused.failure, now);
    case "id_taken":
      return conflict(
        "id_taken",
        "A device has this id already",
        "Choose another id, or leave it out to get a new one.",
      );
    case "no_hub":
      return conflict("no_hub", refused.message, refused.nextStep);
    case "version":
      return new ApiError(412, {
        ok: false,
        error: `The Thing has version ${refused.stored} by now; nothing was changed`,
        code: "version_mismatch",
        next_step: "Read it again and send the change with the version that it has then.",
      });
  }
}

/** A state that no twin holds. */
export function stateRefused({ path, message }: StateFault): ApiError {
  return new ApiError(400, {
    ok: false,
    error: message,
    code: "state_refused",
    path,
    next_step: "A device's twin could not hold this, so nothing was stored. Change what the path names.",
  });
}

/** The hub, not the caller, said no. */
function hubRefused(failure: Failure, now: number): ApiError {
  const { status, code, message, next_step, headers } = hubRefusal(failure, now);
  return new ApiError(status, { ok: false, error: message, code, next_step }, headers);
}

function conflict(code: string, error: string, nextStep: string): ApiError {
  return new ApiError(409, { ok: false, error, code, next_step: nextStep });
}
