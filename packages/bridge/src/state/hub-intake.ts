/** What is seen in hubs, taken into the states: many devices in one write, in the order in which it is told. */
import type { ConflictRule, DeviceState, StateChange, StateSettings } from "../core/device-state.ts";
import type { Json, JsonObject } from "../core/json.ts";
import { isWithinBounds, TWIN_BOUNDS, valuesIn } from "../core/json-bounds.ts";
import type { Log } from "../core/log.ts";
import type { DeviceStates } from "../core/state-store.ts";
import { takeDevice, takeMissing } from "./document/hub-answer.ts";
import {
  contradicts,
  later,
  takeSectionPatch,
  takeMessages,
  takeTwin,
  type SectionPatch,
} from "./document/hub-change.ts";
import { isObject, sameJson } from "./document/json-values.ts";
import type { Judging } from "./document/state-draft.ts";
import { grouped } from "./grouped.ts";
import type { HubChanges, StandingSeen, TwinChangeSeen, TelemetrySeen } from "./hub-changes.ts";
import { inTurn, type Edit, type StateRecords } from "./state-records.ts";

/** Values in messages that are taken in one go: some tenths of a second when each changes something. */
const VALUES_AT_ONCE = 5_000;

export interface HubIntakeOptions {
  readonly states: Pick<DeviceStates, "statesInHub">;
  readonly records: StateRecords;
  readonly settingsOf: (record: DeviceState) => Promise<StateSettings>;
  readonly now: () => number;
  /** The twin has to be read: changes of it were missed, or it may be another device's by now. */
  readonly read: (connectionId: string, deviceId: string) => Promise<void>;
  readonly log: Log;
}

export function createHubIntake(options: HubIntakeOptions): HubChanges {
  const { states, records, settingsOf, now, read, log } = options;

  /** Edits each device's record by what was told of it. Returns those that changed. */
  async function take<T extends { readonly hubDeviceId: string }>(
    connectionId: string,
    told: readonly T[],
    edit: (before: DeviceState, item: T, settings: StateSettings) => StateChange | null,
  ): Promise<readonly DeviceState[]> {
    return takeAll(connectionId, told, (before, items, settings) =>
      inTurn(
        before,
        items.map(
          (item): Edit =>
            (record) =>
              edit(record, item, settings),
        ),
      ),
    );
  }

  /** The same by all at once. */
  async function takeAll<T extends { readonly hubDeviceId: string }>(
    connectionId: string,
    told: readonly T[],
    edit: (before: DeviceState, items: readonly T[], settings: StateSettings) => StateChange | null,
  ): Promise<readonly DeviceState[]> {
    const byDevice = grouped(told, ({ hubDeviceId }) => hubDeviceId);
    const found = await states.statesInHub(connectionId, [...byDevice.keys()]);
    const settings = new Map<string, StateSettings>();
    for (const record of found.values()) settings.set(record.deviceId, await settingsOf(record));
    return records.changeEach(settings.keys(), (before) => {
      const set = settings.get(before.deviceId);
      if (set === undefined || before.connectionId !== connectionId) return null;
      return edit(before, byDevice.get(before.hubDeviceId) ?? [], set);
    });
  }

  const judging = (rule: ConflictRule): Judging => ({ rule, now: now() });

  return {
    async takeTelemetry(connectionId, messages) {
      for (const part of inParts(messages))
        await takeAll(connectionId, part, (before, all, { telemetry, conflicts }) => {
          if (telemetry === "ignore" || before.reach !== "itself") return null;
          const { change, unfit } = takeMessages(before, all, { ...judging(conflicts), mode: telemetry });
          if (unfit > 0)
            log.info({ deviceId: before.deviceId, connectionId, messages: unfit }, "state.telemetry_unfit");
          return change;
        });
    },

    async takeTwinChanges(connectionId, changes) {
      const gaps = new Set<string>();
      await take(connectionId, changes, (before, seen, { conflicts }) => {
        if (isOfAnother(before, seen)) {
          gaps.add(before.deviceId);
          return null;
        }
        return inTurn(
          before,
          sectionPatches(seen).map((patch): Edit => (record) => {
            const change = takeSectionPatch(record, patch, judging(conflicts));
            if (change !== "gap") return change;
            gaps.add(before.deviceId);
            return null;
          }),
        );
      });
      // What fails is left to the sweep.
      for (const deviceId of gaps) void read(connectionId, deviceId);
    },

    async takeTwins(connectionId, twins) {
      const doubtful = new Set<string>();
      const repaired = new Set<string>();
      const seen = twins.map((view) => ({ hubDeviceId: view.deviceId, view }));
      await take(connectionId, seen, (before, { view }, { conflicts }) => {
        doubtful.delete(before.deviceId);
        repaired.delete(before.deviceId);
        if (contradicts(before, view)) {
          doubtful.add(before.deviceId);
          return null;
        }
        const change = takeTwin(before, view, judging(conflicts));
        if (change !== null && isRepair(before, change)) repaired.add(before.deviceId);
        return change;
      });
      await Promise.all([...doubtful].map((deviceId) => read(connectionId, deviceId)));
      return repaired.size;
    },

    async takeStandings(connectionId, standings) {
      await take(connectionId, standings, takeStanding);
    },

    async takeDevices(connectionId, devices) {
      const told = devices.map((device) => ({ hubDeviceId: device.deviceId, device }));
      await take(connectionId, told, (before, { device }, { conflicts }) =>
        takeDevice(before, device, judging(conflicts)),
      );
    },

    async takeMissing(connectionId, missing) {
      const gone = await take(connectionId, missing, (before, { generationId }, { conflicts }) =>
        takeMissing(before, generationId, judging(conflicts)),
      );
      for (const { deviceId } of gone) log.warn({ deviceId, connectionId }, "state.missing");
    },

    async generationOf(connectionId, hubDeviceId) {
      const found = await states.statesInHub(connectionId, [hubDeviceId]);
      return found.get(hubDeviceId)?.standing.generationId ?? "";
    },
  };
}

/** More than that a twin was seen for the first time, or that its etag moved. */
function isRepair(before: DeviceState, { next, conflicts }: StateChange): boolean {
  const [was, is] = [before, next].map(({ state, desired, reported }) => [state, desired.pending, reported.pending]);
  return conflicts.length > 0 || !sameJson(was, is);
}

/** In their order; others have their turn between two parts. */
function* inParts(messages: readonly TelemetrySeen[]): Generator<readonly TelemetrySeen[]> {
  let part: TelemetrySeen[] = [];
  let values = 0;
  for (const message of messages) {
    const more = valuesIn(message.body, VALUES_AT_ONCE);
    if (part.length > 0 && values + more > VALUES_AT_ONCE) {
      yield part;
      [part, values] = [[], 0];
    }
    part.push(message);
    values += more;
  }
  if (part.length > 0) yield part;
}

function takeStanding(before: DeviceState, seen: StandingSeen): StateChange | null {
  const { standing } = before;
  const status = seen.status ?? standing.status;
  const connectionState = seen.connectionState ?? standing.connectionState;
  const lastActivity = later(standing.lastActivity, seen.lastActivity ?? null);
  const isSame =
    status === standing.status &&
    connectionState === standing.connectionState &&
    lastActivity === standing.lastActivity;
  if (isSame) return null;
  const next = { ...before, standing: { ...standing, status, connectionState, lastActivity } };
  return { next: { ...next, revision: before.revision + 1 }, conflicts: [] };
}

function isOfAnother({ standing }: DeviceState, { generationId }: TwinChangeSeen): boolean {
  return (
    generationId != null &&
    generationId !== "" &&
    standing.generationId !== "" &&
    generationId !== standing.generationId
  );
}

/** Sections as the hub sends them: values beside the hub's own `$version` and `$metadata`. */
function sectionPatches({ kind, desired, reported, at }: TwinChangeSeen): SectionPatch[] {
  return (
    [
      ["desired", desired],
      ["reported", reported],
    ] as const
  ).flatMap(([side, section]) => {
    if (section === undefined) return [];
    const { $version: version, $metadata: metadata } = section;
    const properties = valuesOf(section);
    if (typeof version !== "number" || !isWithinBounds(properties, TWIN_BOUNDS)) return [];
    return [{ side, kind, properties, version, metadata: isObject(metadata) ? metadata : {}, at }];
  });
}

function valuesOf(section: JsonObject): JsonObject {
  const entries = Object.entries(section).filter(([key]) => !key.startsWith("$"));
  return Object.fromEntries(entries) satisfies { readonly [key: string]: Json };
}
