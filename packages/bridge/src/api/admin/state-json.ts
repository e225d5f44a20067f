/** Device states and what became of them, as the admin face shows them. */
import type { DeviceState, StateConflict } from "../../core/device-state.ts";
import type { StateHubReport } from "../../core/state-control.ts";
import { syncOf } from "../para/thing-json.ts";
import { failureJson } from "../particle/integration-json.ts";
import { isoTime } from "../particle/iso-time.ts";

export function stateJson(record: DeviceState): Record<string, unknown> {
  const { desired, reported, standing, trouble } = record;
  return {
    device_id: record.deviceId,
    reach: record.reach,
    state: record.state,
    desired: { properties: desired.properties, version: desired.version },
    reported: { properties: reported.properties, version: reported.version },
    pending: { desired: desired.pending, reported: reported.pending, message: record.messageFor !== null },
    sync: syncOf(record),
    waiting_since: isoTime(record.pendingSince),
    error: trouble === null ? null : troubleJson(trouble),
    hub: {
      connection: record.connectionId,
      device_id: record.hubDeviceId,
      status: standing.status,
      connection_state: standing.connectionState,
      last_activity: isoTime(standing.lastActivity),
      missing_since: isoTime(standing.missingSince),
    },
    conflicts: record.conflicts,
    written: writtenJson(record),
    changed_at: isoTime(record.changedAt),
    revision: record.revision,
  };
}

/** Who wrote each value last, by its path; of removed ones for as long as it is known. */
function writtenJson({ stamps }: DeviceState): Record<string, unknown> {
  const written = Object.entries(stamps).filter(([path, [at]]) => path !== "" && at > 0);
  return Object.fromEntries(written.map(([path, [at, by]]) => [path, { at: isoTime(at), by }]));
}

/** Of a device for which nothing was ever written: the same fields, empty. */
export function noStateJson(deviceId: string): Record<string, unknown> {
  const section = { properties: {}, version: 0 };
  return {
    device_id: deviceId,
    reach: "bridge",
    state: {},
    desired: section,
    reported: section,
    pending: { desired: null, reported: null, message: false },
    sync: "in_step",
    waiting_since: null,
    error: null,
    hub: null,
    conflicts: 0,
    written: {},
    changed_at: null,
    revision: 0,
  };
}

function troubleJson({ failure, attempts, retryAt }: NonNullable<DeviceState["trouble"]>): Record<string, unknown> {
  return { ...failureJson(failure), attempts, retry_at: isoTime(retryAt) };
}

export function conflictJson(conflict: StateConflict): Record<string, unknown> {
  return {
    device_id: conflict.deviceId,
    at: isoTime(conflict.at),
    path: conflict.path,
    ours: conflict.ours,
    theirs: conflict.theirs,
    their_source: conflict.theirSource,
    kept: conflict.kept,
    rule: conflict.rule,
  };
}

/** `counted`: with figures that are about the devices of all who share the hub. */
export function stateHubJson(report: StateHubReport, counted: boolean): Record<string, unknown> {
  const { writing, reading, sweep } = report;
  return {
    connection: report.connectionId,
    host_name: report.hostName,
    ...(counted && {
      devices: report.devices,
      pending: report.pending,
      missing: report.missing,
      oldest_pending_at: isoTime(report.oldestPending),
      removals: report.removals,
    }),
    writing: { error: writing.failure === null ? null : failureJson(writing.failure) },
    reading: {
      consumer_group: reading.consumerGroup,
      is_reading: reading.isReading,
      last_event_at: isoTime(reading.lastEventAt),
      ...(counted && { behind: reading.behind, expired: reading.expired }),
      error: reading.failure === null ? null : failureJson(reading.failure),
    },
    sweep: {
      last_at: isoTime(sweep.lastAt),
      last_ms: sweep.lastMs,
      ...(counted && { repaired: sweep.repaired }),
      error: sweep.failure === null ? null : failureJson(sweep.failure),
    },
  };
}
