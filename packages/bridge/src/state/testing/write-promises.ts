/** What must be true of a state as it is answered to who has just written it. */
import type { DeviceState } from "../../core/device-state.ts";
import type { JsonObject } from "../../core/json.ts";
import type { StateWrite } from "../../core/state-control.ts";
import { sameJson } from "../document/json-values.ts";
import { leafAt, leavesOf, overlaps, pathFrom } from "../document/paths.ts";
import { pendingTarget } from "../document/pending.ts";
import type { LocalWrite, Origins } from "./origins.ts";

export interface AnsweredWrite {
  readonly note: LocalWrite;
  /** `null`: a report. */
  readonly write: StateWrite | null;
  /** The record when it was asked for. */
  readonly before: DeviceState | null;
  readonly after: DeviceState;
  readonly origins: Origins;
}

export function brokenAnswer({ note, write, before, after, origins }: AnsweredWrite): string[] {
  const { path: text, value, deviceId } = note;
  const path = pathFrom(text);
  const broken: string[] = [];
  const side = note.kind === "report" ? after.reported : after.desired;
  for (const [what, document] of [
    ["state", after.state],
    ["section", pendingTarget(side)],
  ] as const) {
    const is = leafAt(document, path);
    // What stands in the section, the state may have from somebody else.
    if (what === "section" && after.connectionId === null) continue;
    if (!sameJson(is, value)) broken.push(`${what} has ${JSON.stringify(is)} at ${text} after ${JSON.stringify(note)}`);
  }
  if (write?.kind === "replace") broken.push(...brokenReplacement(write.state, after, origins));
  const isOurs =
    value !== undefined &&
    before !== null &&
    after.revision === before.revision + 1 &&
    !sameJson(leafAt(before.state, path), value);
  if (isOurs) {
    for (const [other, kept] of leavesOf(before.state)) {
      if (overlaps(pathFrom(other), path) || (write?.kind === "replace" && !origins.isOfDevice(kept))) continue;
      if (!sameJson(leafAt(after.state, pathFrom(other)), kept))
        broken.push(`${other} = ${JSON.stringify(kept)} is gone after ${JSON.stringify(note)}`);
    }
  }
  return broken.map((sentence) => `${deviceId}: ${sentence}`);
}

/** Of what was written from this side, only what the whole state names is left. */
function brokenReplacement(given: JsonObject, after: DeviceState, origins: Origins): string[] {
  const named = leavesOf(given);
  const left = [...leavesOf(after.state)].filter(
    ([text, value]) => !named.has(text) && !origins.isOfDevice(value) && !sameJson(value, {}),
  );
  const wished = [...leavesOf(pendingTarget(after.desired))].filter(
    ([text, value]) => text !== "deviceName" && !named.has(text) && !sameJson(value, {}),
  );
  return [...left, ...wished].map(([text, value]) => `a whole state left ${text} = ${JSON.stringify(value)}`);
}
