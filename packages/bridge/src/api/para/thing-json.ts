/** A Thing as Para's clients read it. Keys are in it only where a device's details are given along. */
import type { DeviceState } from "../../core/device-state.ts";
import type { JsonObject } from "../../core/json.ts";
import { saidByDevice } from "../../core/said-by-device.ts";
import type { DeviceDetails, ThingWithState } from "../../core/thing.ts";
import { failureJson } from "../particle/integration-json.ts";
import { isoTime } from "../particle/iso-time.ts";

/** Whether hub and state say the same. `no_hub`: the state is kept here alone. */
export type Sync = "in_step" | "waiting" | "missing_in_hub" | "no_hub";

/**
 * All fields of a Thing, the user's own beside the declared ones. `appid` is the slug of its product. `details` are
 * shown once, when the device's keys are made.
 */
export function thingJson({ thing, state }: ThingWithState, appid: string, details?: DeviceDetails): JsonObject {
  // The declared ones come last: no field of the user's own stands in the place of one.
  return {
    ...thing.properties,
    id: thing.id,
    timestamp: thing.timestamp,
    type: "thing",
    appid,
    ...(thing.parentId !== null && { parentid: thing.parentId }),
    ...(thing.creatorId !== null && { creatorid: thing.creatorId }),
    ...(thing.updated !== null && { updated: thing.updated }),
    name: thing.name,
    ...(thing.tags.length > 0 && { tags: thing.tags }),
    votes: thing.votes,
    version: thing.version,
    stored: thing.stored,
    indexed: thing.indexed,
    cached: thing.cached,
    serviceBroker: thing.serviceBroker,
    deviceState: state.state,
    deviceStatus: deviceStatusJson(state),
    ...(details !== undefined && { deviceDetails: { ...details } }),
    plural: "things",
    objectURI: `/thing/${encodeURIComponent(thing.id)}`,
  };
}

/**
 * How the device stands in its hub, and what of its state the hub does not have yet. `reported` is the part of the state
 * that is the device's own word: a client that sends the whole object back tells by it what it had read.
 */
function deviceStatusJson(state: DeviceState): JsonObject {
  const { standing, trouble, pendingSince } = state;
  const said = saidByDevice(state);
  return {
    status: standing.status,
    connectionState: standing.connectionState,
    lastActivity: isoTime(standing.lastActivity),
    sync: syncOf(state),
    ...(pendingSince !== null && { waitingSince: isoTime(pendingSince) }),
    ...(standing.missingSince !== null && { missingSince: isoTime(standing.missingSince) }),
    ...(trouble !== null && { error: failureJson(trouble.failure) }),
    conflicts: state.conflicts,
    ...(Object.keys(said).length > 0 && { reported: said }),
  };
}

export function syncOf({ connectionId, standing, pendingSince }: DeviceState): Sync {
  if (connectionId === null) return "no_hub";
  if (standing.missingSince !== null) return "missing_in_hub";
  return pendingSince === null ? "in_step" : "waiting";
}
