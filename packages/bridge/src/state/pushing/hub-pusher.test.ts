import { expect, onTestFinished, test } from "vitest";
import { STATE_DEFAULTS, type DeviceState } from "../../core/device-state.ts";
import { VirtualClock } from "../../delivery/testing/virtual-clock.ts";
import { SILENT_LOG } from "../../hub/testing/hub-under-test.ts";
import { initialState } from "../document/writing.ts";
import { StateRecords } from "../state-records.ts";
import { HubPusher } from "./hub-pusher.ts";

function waiting(deviceId: string): DeviceState {
  const of = {
    deviceId,
    reach: "itself",
    connectionId: "c",
    hubDeviceId: deviceId,
    state: { on: true },
    at: 1,
  } as const;
  const made = initialState(of);
  if (!made.ok) throw new Error(made.fault.message);
  return made.state;
}

test("a mistake of our own is not made again at once without end, and what waits goes on when it is mended", async () => {
  const clock = new VirtualClock();
  const rows = new Map(["a", "b"].map((id) => [id, waiting(id)]));
  const states = {
    deviceState: async (id: string) => rows.get(id) ?? null,
    deviceStates: async (ids: readonly string[]) => new Map(ids.map((id) => [id, rows.get(id)!])),
    saveStates: async (changes: readonly { readonly next: DeviceState }[]) => {
      for (const { next } of changes) rows.set(next.deviceId, next);
      return [];
    },
    statesToPush: async (_: string, { dueAt }: { readonly dueAt: number }) =>
      [...rows.values()].filter(
        ({ pendingSince, trouble }) => pendingSince !== null && (trouble?.retryAt ?? 0) <= dueAt,
      ),
  };
  let asked = 0;
  let isMended = false;
  const pusher = new HubPusher({
    connectionId: "c",
    hub: () => {
      asked += 1;
      // Without end nothing else would have a turn, this test neither.
      if (!isMended && asked < 1_000) throw new Error("a mistake");
      return undefined;
    },
    states,
    records: new StateRecords({ states, onSaved: () => undefined }),
    settingsOf: async () => STATE_DEFAULTS,
    onPushed: () => undefined,
    clock,
    random: () => 0.5,
    log: SILENT_LOG,
  });
  onTestFinished(() => pusher.stop());
  pusher.start();
  await pusher.push("a");
  await clock.advance(60_000);
  expect(asked).toBeGreaterThan(3);
  expect(asked).toBeLessThan(60);
  expect(rows.get("a")?.trouble).toMatchObject({ failure: { code: "hub_error" } });
  isMended = true;
  await clock.advance(120_000);
  expect(pusher.failure).toMatchObject({ code: "hub_unreachable" });
});
