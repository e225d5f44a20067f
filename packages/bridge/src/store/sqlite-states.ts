/** Device states in the embedded store, how far their hubs' messages are read, and what is to be deleted there. */
import type { DeviceState, StateChange } from "../core/device-state.ts";
import type { DeviceStates, HubRemovals, ReadingPositions } from "../core/state-store.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";

export function createStates(worker: GroupCommit): DeviceStates & ReadingPositions & HubRemovals {
  return {
    deviceState: (deviceId) => worker.call("deviceState", deviceId),
    async deviceStates(deviceIds) {
      return byKey(await worker.call("deviceStates", deviceIds), "deviceId");
    },
    async statesInHub(connectionId, hubDeviceIds) {
      return byKey(await worker.call("statesInHub", connectionId, hubDeviceIds), "hubDeviceId");
    },
    async saveStates(changes: readonly StateChange[]) {
      return changes.length === 0 ? [] : worker.call("saveStates", changes);
    },
    statesToPush: (connectionId, options) => worker.call("statesToPush", connectionId, options),
    statesOf: (connectionId, options) => worker.call("statesOf", connectionId, options),
    conflictsOf: (deviceId) => worker.call("conflictsOf", deviceId),
    conflictsIn: (scope, limit) => worker.call("conflictsIn", scope, limit),
    stateConnections: () => worker.call("stateConnections"),

    readingPositions: (connectionId, consumerGroup) => worker.call("readingPositions", connectionId, consumerGroup),
    async beginReading(connectionId, consumerGroup, since) {
      await worker.call("beginReading", connectionId, consumerGroup, since);
    },
    async saveReadingPosition(connectionId, consumerGroup, position) {
      await worker.call("saveReadingPosition", connectionId, consumerGroup, position);
    },
    async restartReading(connectionId, consumerGroup, since) {
      await worker.call("restartReading", connectionId, consumerGroup, since);
    },

    hubRemoval: (connectionId, hubDeviceId) => worker.call("hubRemoval", connectionId, hubDeviceId),
    hubRemovals: (options) => worker.call("hubRemovals", options),
    async hubRemovalDone(connectionId, hubDeviceId) {
      await worker.call("hubRemovalDone", connectionId, hubDeviceId);
    },
    async hubRemovalFailed(removal) {
      await worker.call("hubRemovalFailed", removal);
    },
    hubRemovalCount: (connectionId) => worker.call("hubRemovalCount", connectionId ?? null),
  };
}

function byKey(states: readonly DeviceState[], key: "deviceId" | "hubDeviceId"): ReadonlyMap<string, DeviceState> {
  return new Map(states.map((state) => [state[key], state]));
}
