/** Device states in the embedded store, how far their hubs' messages are read, and what is to be deleted there. */
import type { DeviceState, StateChange } from "../core/device-state.ts";
import type { DeviceStates, HubRemovals, ReadingPositions } from "../core/state-store.ts";
import type { Row } from "./sqlite/driver.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";
import { toDeviceState } from "./sqlite/state-rows.ts";

export function createStates(worker: GroupCommit): DeviceStates & ReadingPositions & HubRemovals {
  return {
    async deviceState(deviceId) {
      const row = await worker.call("deviceState", deviceId);
      return row === null ? null : toDeviceState(row);
    },
    async deviceStates(deviceIds) {
      return byKey(await worker.call("deviceStates", deviceIds), "deviceId");
    },
    async statesInHub(connectionId, hubDeviceIds) {
      return byKey(await worker.call("statesInHub", connectionId, hubDeviceIds), "hubDeviceId");
    },
    async saveStates(changes: readonly StateChange[]) {
      return changes.length === 0 ? [] : worker.call("saveStates", changes);
    },
    async statesToPush(connectionId, options) {
      return (await worker.call("statesToPush", connectionId, options)).map(toDeviceState);
    },
    async statesOf(connectionId, options) {
      return (await worker.call("statesOf", connectionId, options)).map(toDeviceState);
    },
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

function byKey(rows: readonly Row[], key: "deviceId" | "hubDeviceId"): ReadonlyMap<string, DeviceState> {
  return new Map(rows.map(toDeviceState).map((state) => [state[key], state]));
}
