/** Why a Thing could not be made, changed or found, as answers of Para's face. */
import type { Failure } from "../../core/failure.ts";
import type { StateFault, ThingMade, ThingUpdated } from "../../core/state-control.ts";
import type { ApiError } from "../api-error.ts";
import { hubRefusal } from "../hub-refusal.ts";
import { paraError } from "./para-error.ts";

type NotMade = Exclude<ThingMade, { kind: "made" }>;

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
      return paraError(400, why.message, { error: "no_hub", nextStep: why.nextStep });
    case "hub":
      return refusedByHub(why.failure, now);
  }
}

/** The hub said no, or nothing. Nothing was stored. */
export function refusedByHub(failure: Failure, now: number): ApiError {
  const { status, code, message, next_step, headers } = hubRefusal(failure, now);
  return paraError(status, message, { error: code, nextStep: next_step, headers });
}

/** Why a Thing that was there was not changed. */
export function notChanged(why: Exclude<ThingUpdated, { kind: "updated" }>): ApiError {
  switch (why.kind) {
    case "fault":
      return stateFault(why.fault);
    case "version":
      return versionMismatch();
    case "unknown":
      return unknownThing();
  }
}

export function stateFault({ path, message }: StateFault): ApiError {
  return paraError(400, `deviceState${path === "" ? ": " : "."}${message}`, { error: "state_refused" });
}

function versionMismatch(): ApiError {
  return paraError(412, "Update failed due to 'version' mismatch.", {
    error: "version_mismatch",
    nextStep: "Read the thing again and send its version along with the change.",
  });
}

/** What is not there and what is another app's look the same. */
export function unknownThing(): ApiError {
  return paraError(404, "There is no such object in this app.", { error: "not_found" });
}
