/** What a change of a record tells of the twin's sections: for the history, which a hub does not keep. */
import type { DeviceState } from "../core/device-state.ts";
import type { TwinAuthor, TwinChange } from "../core/twin-history.ts";
import { patchBetween } from "./document/merge-patch.ts";
import { leavesOf } from "./document/paths.ts";
import type { Side } from "./document/state-draft.ts";

const SIDES: readonly Side[] = ["desired", "reported"];

/** None where a twin is seen for the first time: what it held before is nobody's change. */
export function twinSightings(before: DeviceState, next: DeviceState, now: number): readonly TwinChange[] {
  const { deviceId, connectionId, hubDeviceId } = next;
  if (connectionId === null || before.connectionId !== connectionId) return [];
  return SIDES.flatMap((section): TwinChange[] => {
    const { version, properties, updatedAt } = next[section];
    if (before[section].version === 0 || version <= before[section].version) return [];
    const patch = patchBetween(before[section].properties, properties);
    if (Object.keys(patch).length === 0) return [];
    const at = Math.min(now, updatedAt || now);
    return [{ deviceId, connectionId, hubDeviceId, at, by: authorOf(section, next, patch), section, patch, version }];
  });
}

function authorOf(section: Side, { stamps, reach }: DeviceState, patch: TwinChange["patch"]): TwinAuthor {
  if (section === "reported") return { kind: "device", name: reach === "bridge" ? "through the bridge" : null };
  const paths = patch === null ? [] : [...leavesOf(patch).keys()];
  const isOthers = paths.some((path) => stamps[path]?.[1] === "desired");
  return isOthers ? { kind: "hub", name: null } : { kind: "bridge", name: "state" };
}
