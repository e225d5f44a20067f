/** Who must have won when all is quiet, by the times at which things were written. */
import type { StateConflict } from "../../core/device-state.ts";
import type { Json } from "../../core/json.ts";
import { sameJson } from "../document/json-values.ts";
import { leafAt, leavesOf, overlaps, pathFrom } from "../document/paths.ts";
import type { LocalWrite } from "./origins.ts";
import type { LeafWrite } from "./simulated-hub.ts";
import { isBefore, isValue, type Check } from "./ending.ts";

/** A push that was under way when its conflict was decided may take so long. */
const UNDER_WAY_MS = 15_000;
/** The hub's clock and ours differ by this at most. */
const SKEW_MS = 5_000;

/** What was written here does not come back after something else was written here in its place. */
const neverBack: Check = ({ localWrites }, { state }) =>
  localWrites.flatMap((write) => {
    const path = pathFrom(write.path);
    if (!isValue(write.value) || leafAt(state, path) !== write.value) return [];
    const later = localWrites.find(
      (other) =>
        isBefore(write, other) &&
        other.answeredAt !== null &&
        (overlaps(pathFrom(other.path), path) || (other.kind === "replace" && write.kind !== "report")),
    );
    return later === undefined
      ? []
      : [`${write.path} shows ${write.value} again, written before ${JSON.stringify(later)}`];
  });

/** The last that was written here is shown, unless somebody else wrote there later or won. */
const lastWriteShown: Check = ({ localWrites, writes, conflicts, settings, skewMs, isFlat }, { state, reach }) => {
  if (!isFlat) return [];
  return localWrites.flatMap((write) => {
    const { path, value, at, answeredAt } = write;
    if (answeredAt === null || !isValue(value)) return [];
    const concerns = (other: LocalWrite): boolean => other.path === path || other.kind === "replace";
    if (!localWrites.every((other) => other === write || !concerns(other) || isBefore(other, write))) return [];
    const shown = leafAt(state, pathFrom(path));
    if (shown === value) return [];
    const landedAt = landing(writes, path, value)?.at ?? Number.POSITIVE_INFINITY;
    const others = writes.filter((other) => other.path === path && other.by !== "bridge");
    // Taken as newer: by the hub's clock against ours, or against the hub's own date once it has ours.
    const isLater = others.some(
      (other) => sameJson(other.value, shown) && (other.at >= at || other.at - skewMs >= at || other.at >= landedAt),
    );
    const isLost = conflicts.some(
      (one) => one.path === path && one.kept === "theirs" && (isThat(one.theirs, shown) || one.ours === value),
    );
    const isRemoved =
      shown === undefined && others.some((other) => other.value === undefined && other.at > at - SKEW_MS);
    const isWithdrawn = reach === "itself" && settings.telemetry === "replace" && shown === undefined;
    return isLater || isLost || isRemoved || isWithdrawn
      ? []
      : [`${path} shows ${JSON.stringify(shown)} after ${JSON.stringify(write)} landed at ${landedAt}`];
  });
};

/** What is newest in the hub is shown, unless a conflict says otherwise. */
const newestShown: Check = ({ writes, conflicts, isFlat, localWrites }, record) => {
  if (!isFlat || record.reach !== "itself") return [];
  return [...new Set(writes.map(({ path }) => path))].flatMap((path) => {
    // That there is an object, both sides may see otherwise.
    if (writes.some((write) => write.path.startsWith(`${path}.`))) return [];
    const ofPath = writes.filter((write) => write.path === path);
    const shown = leafAt(record.state, pathFrom(path));
    const newest = Math.max(...ofPath.map(({ at }) => at));
    const newestOnes = ofPath.filter(({ at }) => at === newest);
    // That an object has nothing left in it, the twin may say and the state need not.
    if (newestOnes.some(({ value }) => sameJson(value, shown) || (shown === undefined && sameJson(value, {}))))
      return [];
    const isDecided = conflicts.some(
      (one) =>
        one.path === path &&
        ((one.kept === "ours" && newestOnes.some(({ value }) => isThat(one.theirs, value))) ||
          // What lost may have been on its way, and come to the hub as the newest.
          (one.kept === "theirs" && newestOnes.some(({ by, value }) => by === "bridge" && isThat(one.ours, value))) ||
          // So may what was written before it.
          (one.kept === "theirs" && newestOnes.some((newest) => mayPrecede(newest, one, localWrites))) ||
          // An older one that wins by the rule gives way to the next.
          (one.kept === "theirs" && (one.rule === "hub" || isThat(one.theirs, shown)))),
    );
    if (isDecided) return [];
    // A removal is dated by what was written around it, and may have been seen late.
    const isNear = ofPath.some(({ at, value }) => sameJson(value, shown) && at > newest - 2 * SKEW_MS);
    const removal = newestOnes.find(({ value }) => value === undefined);
    const isOfDevice = ofPath.some(({ by, value }) => by === "device" && sameJson(value, shown));
    if (shown !== undefined && removal !== undefined && (isNear || removal.by !== "bridge" || isOfDevice)) return [];
    // Removed here; the hub has nothing of it in desired that could be removed.
    const isRemovedHere = localWrites.some(
      ({ at, value, path: of, kind }) =>
        at > newest - SKEW_MS && ((kind === "replace" && of !== path) || (of === path && value === undefined)),
    );
    if (shown === undefined && isRemovedHere) return [];
    return [`${path} shows ${JSON.stringify(shown)}, the newest is ${JSON.stringify(newestOnes)}`];
  });
};

/** What came to the hub from here may have been written over here by the one that lost. */
function mayPrecede(
  { by, value }: LeafWrite,
  { path, ours }: StateConflict,
  localWrites: readonly LocalWrite[],
): boolean {
  const here = localWrites.filter((write) => write.path === path);
  const former = here.find((write) => isValue(value) && write.value === value);
  if (by !== "bridge" || former === undefined) return false;
  return here.some((lost) => lost !== former && isThat(ours, lost.value) && !isBefore(lost, former));
}

/** What lost is not wished of the device any more. What a device reports is written to its reported properties whoever wins. */
const losersStay: Check = ({ conflicts, writes, skewMs }) =>
  conflicts.flatMap(({ kept, ours, at, path }) => {
    if (kept !== "theirs" || !isValue(ours)) return [];
    const late = writes.find(
      (write) =>
        write.by === "bridge" &&
        write.kind === "desired" &&
        write.value === ours &&
        write.at - skewMs > at + UNDER_WAY_MS,
    );
    return late === undefined ? [] : [`${path} = ${ours} was written although it had lost: ${JSON.stringify(late)}`];
  });

/** What a service wrote after it was asked for here is not written over unseen. */
const nothingOverwrittenUnseen: Check = ({ writes, localWrites, conflicts, skewMs }) => {
  const desired = writes.filter(({ kind }) => kind === "desired");
  return desired.flatMap((push, i) => {
    if (push.by !== "bridge" || !isValue(push.value)) return [];
    const before = desired.slice(0, i).findLast(({ path }) => path === push.path);
    const asked = localWrites.find(({ value }) => value === push.value);
    if (before?.by !== "service" || !isValue(before.value) || asked?.answeredAt == null) return [];
    if (before.at - skewMs <= asked.answeredAt) return [];
    return conflicts.some(({ theirs }) => theirs === before.value)
      ? []
      : [`${push.path} = ${push.value} was written over ${before.value}, which was not seen`];
  });
};

/** Nobody is in conflict with what came from here. */
const neverWithItself: Check = ({ conflicts, origins }) =>
  conflicts.flatMap((conflict) => {
    const origin = origins.of(conflict.theirs);
    return origin === "api" || origin === "report"
      ? [`${conflict.path} = ${JSON.stringify(conflict.theirs)} came from here, and made a conflict`]
      : [];
  });

/** By `newest` the later one wins: the hub's date against when it was written here, or came to the hub. */
const laterWins: Check = ({ conflicts, writes, localWrites }) =>
  conflicts.flatMap((conflict) => {
    const { rule, kept, ours, theirs, path } = conflict;
    const theirWrite = writes.find((write) => write.by !== "bridge" && write.path === path && write.value === theirs);
    const ourWrite = localWrites.find((write) => write.path === path && write.value === ours);
    if (rule !== "newest" || !isValue(ours) || !isValue(theirs) || !theirWrite || !ourWrite) return [];
    const landed = landing(writes, path, ours)?.at;
    const earliest = Math.min(ourWrite.at, landed ?? ourWrite.at);
    const isWrong = kept === "theirs" && theirWrite.at < earliest;
    return isWrong ? [`${JSON.stringify(conflict)}: theirs is of ${theirWrite.at}, ours of ${earliest}`] : [];
  });

function landing(writes: readonly LeafWrite[], path: string, value: Json): LeafWrite | undefined {
  return writes.find((write) => write.by === "bridge" && write.path === path && write.value === value);
}

function isThat(told: StateConflict["theirs"], value: Json | undefined): boolean {
  return sameJson(told, value ?? null);
}

/** What the device says to the bridge last is what its twin reports. */
const lastReportThere: Check = ({ localWrites }, record, view) => {
  const reports = localWrites.filter(({ kind }) => kind === "report");
  const last = reports.at(-1);
  if (
    last === undefined ||
    last.answeredAt === null ||
    !reports.every((other) => other === last || isBefore(other, last))
  )
    return [];
  const is = leafAt(view.reported.properties, pathFrom(last.path));
  return sameJson(is, last.value) || leavesOf(record.reported.pending ?? {}).size > 0
    ? []
    : [`${last.path} is ${JSON.stringify(is)} in the twin, reported was ${JSON.stringify(last.value)}`];
};

export const orderPromises: readonly Check[] = [
  neverBack,
  lastWriteShown,
  newestShown,
  losersStay,
  nothingOverwrittenUnseen,
  neverWithItself,
  laterWins,
  lastReportThere,
];
