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
import { leafAt, leavesOf, pathFrom, withoutLeaves, valueAt, type Path } from "./paths.ts";
import { pendingTarget } from "./pending.ts";

/** `seen`: what the device had said when the caller read the state, where the caller tells. May hold `null`, which removes. */
export function replacedState(before: DeviceState, given: JsonObject, seen: JsonObject | null): JsonObject {
  const said = saidByDevice(before);
  const read = [...leavesOf(seen ?? {})].map(([text, value]) => [pathFrom(text), value] as const);
  const sentBack = read.filter(([path, value]) => sameJson(givenAt(given, path), value)).map(([path]) => path);
  const leftOut = read
    .map(([path]) => path)
    .filter((path) => givenAt(given, path) === undefined && leafAt(said, path) !== undefined);
  return withoutLeaves(mergePatch(said, withoutLeaves(given, sentBack)), leftOut);
}

/** As `leafAt`, and `null` where the caller removes what is above. */
function givenAt(given: JsonObject, [key = "", ...rest]: Path): ReturnType<typeof leafAt> {
  const value = entry(given, key);
  return isObject(value) && rest.length > 0 ? givenAt(value, rest) : value;
}

/** As below, of the paths that a merge patch removes, where the state has nothing there any more. */
export function removedWishes({ desired }: Pick<DeviceState, "desired">, patch: JsonObject): JsonObject {
  const target = pendingTarget(desired);
  const removed = [...leavesOf(patch)]
    .filter(([, value]) => value === null)
    .map(([text]) => pathFrom(text))
    .filter((path) => valueAt(target, path) !== undefined);
  return patchBetween(target, withoutLeaves(target, removed));
}

/** The patch that takes back what was wished and is in the whole state no more; the device may go on saying it. */
export function withdrawnWishes({ reach, desired }: DeviceState, given: JsonObject): JsonObject {
  const target = pendingTarget(desired);
  const withdrawn = [...leavesOf(target).keys()].map(pathFrom).filter((path) => {
    const isNames = reach === "bridge" && path[0] === DEVICE_NAME;
    return !isNames && (leafAt(given, path) ?? null) === null;
  });
  return patchBetween(target, withoutLeaves(target, withdrawn));
}
