import { expect, onTestFinished, test } from "vitest";
import type { Hubs } from "./core/hub-client.ts";
import { fail, succeed } from "./core/failure.ts";
import type { TwinChange, TwinChangeInHub } from "./core/twin-history.ts";
import { SILENT_LOG } from "./hub/testing/hub-under-test.ts";
import { notingHubs } from "./noting-hubs.ts";
import { createTwinNotes, type TwinNotes } from "./twin-notes.ts";

const DEVICE = "0123456789abcdef01234567";
const CHANGE: TwinChange = {
  deviceId: DEVICE,
  connectionId: "c1",
  hubDeviceId: DEVICE,
  at: 1_000,
  by: { kind: "account", name: "ada" },
  section: "tags",
  patch: { site: "north" },
  version: null,
};

interface Under {
  readonly notes: TwinNotes;
  readonly written: (readonly TwinChangeInHub[])[];
}

function startNotes(save: () => Promise<void> = async () => undefined): Under {
  const written: (readonly TwinChangeInHub[])[] = [];
  const notes = createTwinNotes({
    history: {
      async saveTwinChanges(changes) {
        written.push(changes);
        await save();
      },
      forgetTwinChanges: async () => 0,
    },
    hostName: async (id) => (id === "c1" ? "local" : null),
    now: () => 1_000,
    log: SILENT_LOG,
  });
  onTestFinished(() => notes.stop());
  return { notes, written };
}

test("many changes are one write, by the name of their hub; what led nowhere is left out", async () => {
  const { notes, written } = startNotes();
  notes.note(CHANGE);
  notes.note({ ...CHANGE, connectionId: "gone" });
  notes.note({ ...CHANGE, at: 2_000 });
  await notes.flush();
  const { connectionId: _, ...kept } = CHANGE;
  expect(written).toEqual([
    [
      { ...kept, hostName: "local" },
      { ...kept, at: 2_000, hostName: "local" },
    ],
  ]);
});

test("they are written by themselves after a moment, and at the end", async () => {
  const { notes, written } = startNotes();
  notes.note(CHANGE);
  await expect.poll(() => written.length).toBe(1);
  notes.note(CHANGE);
  await notes.stop();
  expect(written).toHaveLength(2);
  notes.note(CHANGE);
  await notes.flush();
  expect(written).toHaveLength(2);
});

test("a disk that fails is nobody's trouble who notes, and more than can wait is not kept", async () => {
  const { notes, written } = startNotes(async () => {
    throw new Error("The disk is full.");
  });
  for (let n = 0; n < 6_000; n += 1) notes.note(CHANGE);
  await notes.flush();
  expect(written.map(({ length }) => length)).toEqual([5_000]);
});

test("a name that came into a twin is told, and one that did not is not", async () => {
  const told: TwinChange[] = [];
  let isRefused = false;
  const hubs = {
    open: () => ({ patchDesired: async () => (isRefused ? fail("throttled", "Slowly.") : succeed(null)) }),
  } as unknown as Hubs;
  const client = notingHubs(
    hubs,
    (change) => told.push(change),
    () => 5,
  ).open({ id: "c1" } as never);
  await client.patchDesired(`site-4:${DEVICE}`, { deviceName: "cellar" });
  isRefused = true;
  await client.patchDesired(DEVICE, { deviceName: "attic" });
  expect(told).toEqual([
    {
      ...CHANGE,
      at: 5,
      hubDeviceId: `site-4:${DEVICE}`,
      by: { kind: "bridge", name: "device name" },
      section: "desired",
      patch: { deviceName: "cellar" },
    },
  ]);
});
