/**
 * What a caller means who sends a whole state. It takes the place of what was written from this side. What the device said
 * of itself stays unless it is named: the twin goes on reporting it, and who sends a whole state has often read it some
 * time ago and sends the device's old word back with a change of something else.
 */
import type { DeviceState } from "../../core/device-state.ts";
import type { JsonObject } from "../../core/json.ts";
import { saidByDevice } from "../../core/said-by-device.ts";
import { entry, isObject, sameJson } from "./json-values.ts";
import { DEVICE_NAME } from "./hub-change.ts";
import { mergePatch, patchBetween } from "./merge-patch.ts";
import { Edits } from "./edits.ts";
import { leafAt, leavesOf, pathFrom, withoutLeaves, type Path } from "./paths.ts";
import { pendingTarget } from "./pending.ts";

/** `seen`: what the device had said when the caller read the state, where the caller tells. May hold `null`, which removes. */
export function replacedState(before: DeviceState, given: JsonObject, seen: JsonObject | null): JsonObject {
  const said = saidByDevice(before);
  const edits = new Edits();
  let wanted = mergePatch(said, given);
  for (const [text, value] of leavesOf(seen ?? {})) {
    const path = pathFrom(text);
    const now = leafAt(said, path);
    const sent = givenAt(given, path);
    if (sent === undefined) wanted = now === undefined ? wanted : edits.remove(wanted, path);
    else if (sameJson(sent, value))
      wanted = now === undefined ? edits.remove(wanted, path) : edits.set(wanted, path, now);
  }
  return wanted;
}

/** As `leafAt`, and `null` where the caller removes what is above. */
function givenAt(given: JsonObject, [key = "", ...rest]: Path): ReturnType<typeof leafAt> {
  const value = entry(given, key);
  return isObject(value) && rest.length > 0 ? givenAt(value, rest) : value;
}

/** The patch that takes back what was wished and is in the whole state no more; the device may go on saying it. */
export function withdrawnWishes({ reach, desired }: DeviceState, given: JsonObject): JsonObject {
  const target = pendingTarget(desired);
  const withdrawn = [...leavesOf(target).keys()].map(pathFrom).filter((path) => {
    const isNames = reach === "bridge" && path[0] === DEVICE_NAME;
    return !isNames && givenAt(given, path) === undefined;
  });
  return patchBetween(target, withoutLeaves(target, withdrawn));
}
