/** What must be true of a state and its twin when all is quiet. */
import { sameJson, withEntry } from "../document/json-values.ts";
import { leafAt, leavesOf, pathFrom } from "../document/paths.ts";
import { isLastOf, type Check, type Ending } from "./ending.ts";
import { orderPromises } from "./order-promises.ts";

export function brokenPromises(ending: Ending): string[] {
  const { deviceId, record, view, isDeleted, isMeddled } = ending;
  if (isDeleted) return record !== null || view !== null ? [`${deviceId} was deleted here, and is there again.`] : [];
  if (record === null)
    return ending.localWrites.some(({ answeredAt }) => answeredAt !== null) ? [`${deviceId} is forgotten.`] : [];
  // Who publishes here gets an identity with the next that is written.
  if (view === null) return record.reach === "bridge" && record.pendingSince === null ? [] : [`${deviceId} is gone.`];
  const checks = [inStep, sparing, guarded, byTheRule, ...(isMeddled ? [] : [inPlace, told, ...orderPromises])];
  return checks.flatMap((check) => check(ending, record, view)).map((sentence) => `${deviceId}: ${sentence}`);
}

const inStep: Check = ({ origins }, record, view) => {
  const broken: string[] = [];
  if (record.pendingSince !== null || record.desired.pending !== null || record.reported.pending !== null) {
    broken.push(`still waits: ${JSON.stringify([record.desired.pending, record.reported.pending, record.trouble])}`);
  }
  const desired = withEntry(view.desired.properties, "deviceName", undefined);
  for (const [side, there] of [
    ["desired", desired],
    ["reported", view.reported.properties],
  ] as const) {
    if (!sameJson(record[side].properties, there)) {
      broken.push(`${side} is ${JSON.stringify(there)}, known as ${JSON.stringify(record[side].properties)}`);
    }
  }
  if (record.standing.missingSince !== null) broken.push("is believed missing");
  for (const [path, value] of leavesOf(record.state)) {
    const [, source] = record.stamps[path] ?? [];
    if (source === "api" && !sameJson(value, {}) && !sameJson(leafAt(desired, pathFrom(path)), value)) {
      broken.push(`${path} = ${JSON.stringify(value)} from the API is not in desired`);
    }
  }
  for (const [path, value] of leavesOf(desired)) {
    if (origins.isOfDevice(value)) broken.push(`${path} = ${JSON.stringify(value)} of the device came back to it`);
  }
  return broken;
};

/** What is shown is where its writer put it. */
const inPlace: Check = ({ origins, settings, lastTelemetry }, record, view) =>
  [...leavesOf(record.state)].flatMap(([text, value]) => {
    if (sameJson(value, {})) return [];
    const path = pathFrom(text);
    const origin = origins.of(value);
    const place =
      origin === "api" || origin === "service"
        ? view.desired.properties
        : origin === "telemetry"
          ? settings.telemetry === "replace"
            ? (lastTelemetry ?? {})
            : record.state
          : view.reported.properties;
    return sameJson(leafAt(place, path), value)
      ? []
      : [`${text} = ${JSON.stringify(value)} is shown, and not where it was written (${origin ?? "by nobody"})`];
  });

/** At most two messages a change; the same again only where nobody can know whether it arrived. */
const sparing: Check = ({ pushes, messages, repeats, localWrites, isMeddled }) => {
  const allowed = localWrites.length + repeats + (isMeddled ? 60 : 0);
  const ids = new Set(messages.map(({ messageId }) => messageId));
  const wishes = localWrites.filter(({ kind }) => kind !== "report").length + (isMeddled ? 60 : 0);
  return [
    ...(pushes > allowed ? [`${pushes} writes for ${localWrites.length} changes and ${repeats} lost answers`] : []),
    ...(messages.length > allowed ? [`${messages.length} messages for ${localWrites.length} changes`] : []),
    ...(ids.size > wishes ? [`messages with ${ids.size} ids for ${wishes} changes`] : []),
  ];
};

/** Nothing is written on the ground of a twin that may be another one by now. */
const guarded: Check = ({ unguarded }) => (unguarded > 0 ? [`${unguarded} writes came without an etag`] : []);

/** Conflicts are decided as it was set. */
const byTheRule: Check = ({ conflicts, settings, isFlat }) =>
  conflicts.flatMap(({ rule, kept, path }) => {
    const isOtherwise = (rule === "ours" && kept === "theirs") || (isFlat && rule === "hub" && kept === "ours");
    return rule !== settings.conflicts || isOtherwise
      ? [`a conflict at ${path} was decided for ${kept} by ${rule}`]
      : [];
  });

/** With `cloud_to_device` the device was sent the newest that was written here. */
const told: Check = ({ messages, settings, localWrites, conflicts, isFlat }, record) => {
  if (!settings.cloudToDevice || record.reach !== "itself" || !isFlat) return [];
  return localWrites.flatMap((write) => {
    const { path, value, kind } = write;
    if (value === undefined || kind === "report" || !isLastOf(write, localWrites)) return [];
    const isTold = messages.some(({ body }) => sameJson(leafAt(body, pathFrom(path)), value));
    const isShown = sameJson(leafAt(record.state, pathFrom(path)), value);
    return isTold || !isShown || conflicts.some((conflict) => conflict.path === path)
      ? []
      : [`the device was not sent ${path} = ${JSON.stringify(value)}`];
  });
};
