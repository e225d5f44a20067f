import { expect, test } from "vitest";
import { emptyState, writeState } from "./document/writing.ts";
import { StateCounter } from "./state-counter.ts";

test("values that changed are counted by who wrote them, conflicts by whose value was kept", () => {
  const counter = new StateCounter();
  const ids = { deviceId: "d", reach: "bridge", connectionId: "c", hubDeviceId: "d" } as const;
  const before = emptyState(ids);
  const first = writeState(before, { kind: "replace", state: { on: true, limits: { low: 1 } } }, { at: 5 });
  if (!first.ok || first.change === null) throw new Error("Nothing was written");
  counter.saved(before, first.change);
  const again = writeState(first.change.next, { kind: "merge", patch: { on: false } }, { at: 6 });
  if (!again.ok || again.change === null) throw new Error("Nothing was written");
  counter.saved(first.change.next, again.change);
  // Only how the hub stands: no value.
  counter.saved(again.change.next, { next: { ...again.change.next, etag: "1" }, conflicts: [] });
  const conflict = { deviceId: "d", at: 1, path: "on", ours: 1, theirs: 2, theirSource: "reported", rule: "newest" };
  counter.saved(before, { next: before, conflicts: [{ ...conflict, kept: "theirs" } as never] });
  counter.pushed("desired");
  expect(counter.counts()).toEqual({
    pushed: { desired: 1, reported: 0, message: 0 },
    changed: { api: 3, device: 0, desired: 0, reported: 0, telemetry: 0 },
    conflicts: { ours: 0, theirs: 1 },
  });
});
