import { expect, onTestFinished, test } from "vitest";
import { STATE_DEFAULTS } from "../core/device-state.ts";
import type { DeviceStates, StateConnectionCount } from "../core/state-store.ts";
import { VirtualClock } from "../delivery/testing/virtual-clock.ts";
import { SILENT_LOG } from "../hub/testing/hub-under-test.ts";
import { createStateEngine } from "./state-engine.ts";

test("a connection that mirrors no states any more is not asked for what waits", async () => {
  const clock = new VirtualClock();
  const asked: string[] = [];
  const connections = ["former", "present"];
  const states: Partial<DeviceStates> = {
    stateConnections: async () => connections.map((connectionId) => ({ connectionId }) as StateConnectionCount),
    statesToPush: async (connectionId) => {
      asked.push(connectionId);
      return [];
    },
  };
  const engine = createStateEngine({
    states: states as DeviceStates,
    device: async () => null,
    settingsOf: async () => STATE_DEFAULTS,
    hub: () => undefined,
    connectionFor: async () => ({ connectionId: "present" }),
    clock,
    random: () => 0.5,
    log: SILENT_LOG,
  });
  onTestFinished(() => engine.stop());
  await engine.start();
  await clock.advance(60_000);
  expect(new Set(asked)).toEqual(new Set(connections));
  connections.shift();
  await engine.start();
  asked.length = 0;
  await clock.advance(60_000);
  expect(new Set(asked)).toEqual(new Set(["present"]));
});
