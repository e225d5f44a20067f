/** Small Things that tests are made of. */
import type { DeviceState } from "../../core/device-state.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Thing } from "../../core/thing.ts";

export function newThing(
  id: string,
  productId: number,
  overrides: Partial<Thing> = {},
): Omit<Thing, "docId" | "revision"> {
  return {
    id,
    productId,
    name: `Thing ${id}`,
    serviceBroker: "Azure",
    timestamp: 1_700_000_000_000,
    updated: null,
    creatorId: null,
    parentId: null,
    tags: [],
    votes: 0,
    version: 0,
    stored: true,
    indexed: true,
    cached: true,
    properties: {},
    ...overrides,
  };
}

/** The state of a Thing that was made a moment ago: the hub has it. */
export function stateOf(deviceId: string, connectionId: string, state: JsonObject = {}): DeviceState {
  return {
    deviceId,
    reach: "itself",
    connectionId,
    hubDeviceId: deviceId,
    state,
    stamps: {},
    desired: { properties: state, version: 1, pending: null },
    reported: { properties: {}, version: 1, pending: null },
    pendingSince: null,
    messageFor: null,
    etag: null,
    standing: {
      generationId: "1",
      status: "enabled",
      connectionState: "disconnected",
      lastActivity: null,
      missingSince: null,
    },
    trouble: null,
    conflicts: 0,
    changedAt: 1_700_000_000_000,
    revision: 1,
  };
}
