/** What the hub answered to what was written there, taken into the state. Pure. */
import type { DeviceState, StateChange, StateTrouble } from "../../core/device-state.ts";
import type { JsonObject } from "../../core/json.ts";
import type { HubDevice, TwinView } from "../../core/twin-hub.ts";
import { later, takeTwinInto, timeOf, wishAgain } from "./hub-change.ts";
import { cleaned, sameJson } from "./json-values.ts";
import { mergePatch, patchBetween } from "./merge-patch.ts";
import { leafAt, leavesOf, pathFrom, pathText, valueAt, withLeaves } from "./paths.ts";
import { addPending, isPending, pendingLeaves, pendingTarget } from "./pending.ts";
import { isOurs } from "./stamps.ts";
import { StateDraft, type Judging } from "./state-draft.ts";

/** News of the former device may carry dates of a clock that is so far ahead. */
const FORMER_NEWS_MS = 10_000;

/** The hub took this patch of desired properties and answered with the twin as it is then. */
export function desiredWritten(
  before: DeviceState,
  { patch, view }: { readonly patch: JsonObject; readonly view: TwinView },
  judging: Judging,
): StateChange | null {
  const draft = new StateDraft(before, judging);
  // Whoever wrote after us, and was heard of before our answer, has been judged against what waited.
  if (view.desired.version >= before.desired.version) {
    draft.settle("desired", patch);
    datePushed(draft, patch, view);
  }
  if (view.desired.version > before.desired.version) {
    draft.updateSection("desired", { properties: cleaned(mergePatch(before.desired.properties, patch)) });
  }
  takeTwinInto(draft, view);
  wishAgain(draft, [...leavesOf(patch).keys()].map(pathFrom));
  draft.update({ trouble: null });
  return draft.finish();
}

/** The hub took this patch of reported properties, written as the device itself would. */
export function reportedWritten(
  before: DeviceState,
  { patch, version }: { readonly patch: JsonObject; readonly version: number },
  judging: Judging,
): StateChange | null {
  const draft = new StateDraft(before, judging);
  const wanted = pendingTarget(before.reported);
  draft.settle("reported", patch);
  draft.updateSection("reported", { properties: cleaned(mergePatch(before.reported.properties, patch)) });
  // What was on its way when the device took it back is there now, and known for the first time.
  const takenBack = patchBetween(pendingTarget(draft.record.reported), wanted);
  draft.updateSection("reported", { pending: addPending(draft.record.reported, takenBack) });
  // Another version means that others wrote too: the twin is read, and shows what.
  if (version === before.reported.version + 1) draft.updateSection("reported", { version });
  draft.update({ etag: null, trouble: null });
  return draft.finish();
}

/** The cloud-to-device message is in the hub, or is not wanted any more. What was written here since then needs another one. */
export function messageSent(before: DeviceState, sentFor: number, judging: Judging): StateChange | null {
  const draft = new StateDraft(before, judging);
  const { messageFor } = before;
  draft.update({ messageFor: messageFor === sentFor ? null : messageFor, trouble: null });
  return draft.finish();
}

export function withTrouble(before: DeviceState, trouble: StateTrouble, judging: Judging): StateChange | null {
  const draft = new StateDraft(before, judging);
  draft.update({ trouble });
  return draft.finish();
}

/** The registry's record of the device. Another generation id than before means that it was deleted and made again. */
export function takeDevice(before: DeviceState, device: HubDevice, judging: Judging): StateChange | null {
  const draft = new StateDraft(before, judging);
  const { standing } = before;
  if (standing.generationId !== "" && standing.generationId !== device.generationId) forgetMirror(draft);
  const { generationId, status, connectionState } = device;
  const lastActivity = later(standing.lastActivity, device.lastActivity);
  draft.update({ standing: { generationId, status, connectionState, lastActivity, missingSince: null } });
  // What waited for the device need not wait on.
  if (standing.missingSince !== null) draft.update({ trouble: null });
  return draft.finish();
}

/** The registry had no such device when only this generation of it was known: a device made since then is there. */
export function takeMissing(before: DeviceState, generationId: string, judging: Judging): StateChange | null {
  const { standing } = before;
  if (standing.missingSince !== null || standing.generationId !== generationId) return null;
  const draft = new StateDraft(before, judging);
  draft.update({
    standing: { ...standing, connectionState: "disconnected", missingSince: judging.now },
    etag: null,
  });
  return draft.finish();
}

/** What was seen of the twin was not of this one. */
export function forgetTwin(before: DeviceState, judging: Judging): StateChange | null {
  const draft = new StateDraft(before, judging);
  forgetMirror(draft);
  return draft.finish();
}

/** From now on mirrored by this hub: all that was kept here alone is to be written there. */
export function joinHub(before: DeviceState, connectionId: string, judging: Judging): StateChange | null {
  const draft = new StateDraft(before, judging);
  draft.update({ connectionId });
  forgetMirror(draft);
  return draft.finish();
}

/** Pushed leaves are dated by the hub's clock, so that what the device writes is compared by one clock. */
function datePushed(draft: StateDraft, patch: JsonObject, view: TwinView): void {
  const under = stampedUnder(draft);
  for (const [path, value] of pendingLeaves(patch)) {
    const at = timeOf(view.desired.metadata, path);
    if (at === undefined) continue;
    const texts = value === null ? (under.get(pathText(path)) ?? []) : [pathText(path)];
    for (const text of texts) {
      const stamp = draft.stamp(text);
      const isWritten = sameJson(leafAt(draft.record.state, pathFrom(text)), value ?? undefined);
      if (stamp !== undefined && isOurs(stamp[1]) && isWritten) draft.setStamp(text, [at, stamp[1], ...stamp.slice(2)]);
    }
  }
}

/** The paths that have a stamp, by each path at or above them. */
function stampedUnder(draft: StateDraft): ReadonlyMap<string, readonly string[]> {
  const under = new Map<string, string[]>();
  for (const text of draft.stamped()) {
    const path = pathFrom(text);
    for (let length = 1; length <= path.length; length += 1) {
      const above = pathText(path.slice(0, length));
      const known = under.get(above);
      if (known === undefined) under.set(above, [text]);
      else known.push(text);
    }
  }
  return under;
}

/** What was known of the twin is forgotten, and what is in the state from here is written anew. */
function forgetMirror(draft: StateDraft): void {
  const updatedAt = draft.now + FORMER_NEWS_MS;
  for (const side of ["desired", "reported"] as const) {
    const { properties, pending } = draft.record[side];
    const isWrittenHere = side === "desired" || draft.record.reach === "bridge";
    const written = Array.from(
      isWrittenHere ? leavesOf(properties) : [],
      ([text, value]) => [pathFrom(text), value] as const,
    );
    const still = written.filter(([path, value]) => {
      const isStill = sameJson(valueAt(draft.record.state, path), value) || side === "reported";
      return isStill && !isPending(pending, path);
    });
    const again = still.length === 0 ? pending : addPending({ properties: {}, pending }, withLeaves({}, still));
    draft.updateSection(side, { properties: {}, version: 0, updatedAt, pending: again });
  }
  draft.update({ etag: null });
}
