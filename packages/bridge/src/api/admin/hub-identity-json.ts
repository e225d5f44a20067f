import type { PlanLine, PlanReport, ScanReport, ScannedIdentity } from "../../core/hub-identities.ts";
import { actionFor } from "../../core/identity-actions.ts";
import { failureJson } from "../particle/integration-json.ts";
import { isoTime } from "../particle/iso-time.ts";

export function scanJson(scan: ScanReport): Record<string, unknown> {
  return {
    id: scan.id,
    state: scan.state,
    started_at: isoTime(scan.startedAt),
    ended_at: isoTime(scan.endedAt),
    in_hub: scan.inHub,
    devices: scan.devices,
    counts: scan.counts,
    disabled: scan.disabled,
    generations_compared: scan.generationsCompared,
    failure: scan.failure === null ? null : failureJson(scan.failure),
    plan: scan.plan,
    deletes_unasked: scan.deletesUnasked,
  };
}

/** Its fields are the columns of the CSV too. */
export function identityJson(identity: ScannedIdentity): Record<string, string | null> {
  const { hubDeviceId, class: name, deviceId, status } = identity;
  return { hub_device_id: hubDeviceId, class: name, action: actionFor(identity), device_id: deviceId, status };
}

export function planJson(plan: PlanReport): Record<string, unknown> {
  return {
    id: plan.id,
    state: plan.state,
    planned: plan.planned,
    results: plan.results,
    message: plan.message,
    created_at: isoTime(plan.createdAt),
    ended_at: isoTime(plan.endedAt),
  };
}

export function lineJson({ line, action, hubDeviceId, result, message }: PlanLine): Record<string, unknown> {
  return { line, action, hub_device_id: hubDeviceId, result, message };
}
