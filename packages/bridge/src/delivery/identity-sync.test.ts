import { expect, test } from "vitest";
import type { Device } from "../core/device.ts";
import type { FailureCode, Result } from "../core/failure.ts";
import type { Log } from "../core/log.ts";
import { IdentitySync } from "./identity-sync.ts";
import { aDevice } from "./testing/examples.ts";
import { createDice } from "./testing/dice.ts";
import { ModelStore, type StoreSession } from "./testing/model-store.ts";
import { ScriptedHub, type Fate, type HubCall } from "./testing/scripted-hub.ts";
import { VirtualClock } from "./testing/virtual-clock.ts";

const NO_LOG: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

interface Scene {
  readonly sync: IdentitySync;
  readonly hub: ScriptedHub;
  readonly clock: VirtualClock;
  readonly store: StoreSession;
  /** Calls that reached the hub, in order. */
  readonly calls: string[];
  /** Makes calls of a kind fail until told otherwise. */
  readonly fates: Map<HubCall, Partial<Fate>>;
  /** The same after a restart. */
  readonly again: () => IdentitySync;
  /** Runs virtual time until the work is done. */
  run<T>(work: Promise<T> | T): Promise<T>;
}

function newScene(): Scene {
  const clock = new VirtualClock();
  const fates = new Map<HubCall, Partial<Fate>>();
  const calls: string[] = [];
  const hub = new ScriptedHub({
    clock,
    fate: (call, deviceId) => {
      calls.push(`${call} ${deviceId}`);
      return { delayMs: 10, ...fates.get(call) };
    },
  });
  const store = new ModelStore({ clock, dice: createDice(1) }).session();
  const options = { connectionId: "hub", client: hub.client(), identities: store, log: NO_LOG, clock };
  const again = (): IdentitySync => new IdentitySync({ ...options, random: () => 1 });
  const run = async <T>(work: Promise<T> | T): Promise<T> => {
    let result: { readonly value: T } | undefined;
    void Promise.resolve(work).then((value) => (result = { value }));
    await clock.until(() => result !== undefined, 120_000);
    if (result === undefined) throw new Error("The work does not end.");
    return result.value;
  };
  return { sync: again(), again, hub, clock, store, calls, fates, run };
}

const codeOf = (result: Result<unknown>): FailureCode | null => (result.ok ? null : result.failure.code);
const named = (name: string, id = "d1"): Device => aDevice({ id, name });

test("an unknown device gets an identity, its name in the twin, and is known from then on", async () => {
  const { sync, hub, run, calls, store } = newScene();
  const device = named("kitchen");
  expect(await run(sync.isKnown(device, true))).toBe(false);
  expect(await run(sync.make(device))).toMatchObject({ ok: true });
  expect(hub.identities.get("d1")?.desired).toEqual({ deviceName: "kitchen" });
  expect(sync.isKnown(device, true)).toBe(true);
  expect(await run(store.identity("hub", "d1"))).toEqual({ generationId: "1", nameWritten: "kitchen" });
  expect(calls).toEqual(["create d1", "patch d1"]);
});

test("asked twice at once, an identity is made once", async () => {
  const { sync, run, calls } = newScene();
  const device = aDevice({ id: "d1" });
  await run(Promise.all([sync.make(device), sync.make(device), sync.make(device)]));
  expect(calls).toEqual(["create d1"]);
});

test("an identity that is there already is adopted", async () => {
  const { sync, hub, run } = newScene();
  hub.put("d1");
  expect(codeOf(await run(sync.make(aDevice({ id: "d1" }))))).toBe(null);
  expect(hub.identities.get("d1")?.generationId).toBe("1");
});

test("after a restart the store knows the device, and the hub is not asked", async () => {
  const { sync, store, run, calls } = newScene();
  await run(store.saveIdentity("hub", "d1", { generationId: "1", nameWritten: "kitchen" }));
  expect(await run(sync.isKnown(named("kitchen"), true))).toBe(true);
  expect(calls).toEqual([]);
});

test("a disabled identity is the device's failure, and is looked at again at the next try", async () => {
  const { sync, hub, run } = newScene();
  const device = aDevice({ id: "d1" });
  hub.put("d1", "disabled");
  expect(codeOf(await run(sync.make(device)))).toBe("device_disabled");
  hub.put("d1", "enabled");
  expect(codeOf(await run(sync.make(device)))).toBe(null);
});

test("while the registry throttles, new devices are refused without asking and known ones go on", async () => {
  const { sync, clock, run, calls, fates } = newScene();
  await run(sync.make(aDevice({ id: "old" })));
  fates.set("create", { failure: "throttled" });
  const first = await run(sync.make(aDevice({ id: "d1" })));
  expect(first).toMatchObject({ ok: false, failure: { code: "create_throttled", notBefore: clock.now() + 2_000 } });
  expect(codeOf(await run(sync.make(aDevice({ id: "d2" }))))).toBe("create_throttled");
  expect(calls).toEqual(["create old", "create d1"]);
  expect(sync.isKnown(aDevice({ id: "old" }), true)).toBe(true);
  fates.delete("create");
  await clock.advance(2_000);
  expect(codeOf(await run(sync.make(aDevice({ id: "d2" }))))).toBe(null);
});

test("creations that are throttled together lengthen the pause once, and those behind them do not ask", async () => {
  const { sync, clock, run, calls, fates } = newScene();
  fates.set("create", { failure: "throttled" });
  const devices = Array.from({ length: 100 }, (_, i) => aDevice({ id: `d${i}` }));
  const results = await run(Promise.all(devices.map((device) => sync.make(device))));
  expect(new Set(results.map(codeOf))).toEqual(new Set(["create_throttled"]));
  expect(calls).toHaveLength(16);
  await clock.advance(2_000);
  await run(sync.make(devices[0]!));
  expect(calls).toHaveLength(17);
});

test("at most sixteen identities are made at once, and all get their turn", async () => {
  const { sync, run, hub, clock, fates } = newScene();
  fates.set("create", { delayMs: 1_000 });
  const began = clock.elapsed();
  await run(Promise.all(Array.from({ length: 48 }, (_, i) => sync.make(aDevice({ id: `d${i}` })))));
  expect(hub.identities.size).toBe(48);
  const seconds = (clock.elapsed() - began) / 1_000;
  expect(seconds).toBeGreaterThanOrEqual(3);
  expect(seconds).toBeLessThan(3.2);
});

test("the first message waits for its device's name, but for three seconds at most", async () => {
  const { sync, hub, clock, run, fates } = newScene();
  fates.set("patch", { delayMs: 60_000 });
  const began = clock.elapsed();
  await run(sync.make(named("kitchen")));
  expect(clock.elapsed() - began).toBeGreaterThanOrEqual(3_000);
  expect(clock.elapsed() - began).toBeLessThan(3_100);
  expect(hub.identities.get("d1")?.desired).toEqual({});
  await clock.advance(60_000);
  expect(hub.identities.get("d1")?.desired).toEqual({ deviceName: "kitchen" });
});

test("a name that cannot be written holds nothing up and is tried again later, with an event", async () => {
  const { sync, hub, clock, run, calls, fates } = newScene();
  const device = named("kitchen");
  fates.set("patch", { failure: "permission_missing" });
  expect(codeOf(await run(sync.make(device)))).toBe(null);
  expect(sync.isKnown(device, true)).toBe(true);
  await clock.advance(1_000);
  expect(calls).toEqual(["create d1", "patch d1"]);
  fates.delete("patch");
  await clock.advance(4_000);
  expect(sync.isKnown(device, true)).toBe(true);
  await clock.advance(100);
  expect(calls).toEqual(["create d1", "patch d1", "patch d1"]);
  expect(hub.identities.get("d1")?.desired).toEqual({ deviceName: "kitchen" });
});

test("a rename reaches the twin, and without name sync only the first name does", async () => {
  const { sync, hub, clock, run, calls } = newScene();
  await run(sync.make(named("kitchen")));
  await run(sync.renamed(named("cellar")));
  expect(hub.identities.get("d1")?.desired).toEqual({ deviceName: "cellar" });
  expect(sync.isKnown(named("attic"), false)).toBe(true);
  await clock.advance(100);
  expect(calls).toEqual(["create d1", "patch d1", "patch d1"]);
  // With name sync an event brings what a lost rename has left undone.
  expect(sync.isKnown(named("attic"), true)).toBe(true);
  await clock.advance(100);
  expect(hub.identities.get("d1")?.desired).toEqual({ deviceName: "attic" });
});

test("a device that this hub has never seen is not named by a rename", async () => {
  const { sync, run, calls } = newScene();
  await run(sync.renamed(named("cellar")));
  expect(calls).toEqual([]);
});

test("renames that follow closely land in their order", async () => {
  const { sync, hub, clock, run, fates } = newScene();
  await run(sync.make(named("kitchen")));
  fates.set("patch", { delayMs: 5_000 });
  const first = sync.renamed(named("cellar"));
  await clock.advance(10);
  fates.set("patch", { delayMs: 10 });
  await run(Promise.all([first, sync.renamed(named("attic"))]));
  expect(hub.identities.get("d1")?.desired).toEqual({ deviceName: "attic" });
});

test("an identity that vanished is made anew, and named anew", async () => {
  const { sync, hub, store, run } = newScene();
  const device = named("kitchen");
  await run(sync.make(device));
  hub.identities.delete("d1");
  await run(sync.vanished("d1"));
  expect(await run(store.identity("hub", "d1"))).toBe(null);
  expect(await run(sync.isKnown(device, true))).toBe(false);
  await run(sync.make(device));
  expect(hub.identities.get("d1")).toMatchObject({ generationId: "2", desired: { deviceName: "kitchen" } });
});

test("a name written to an identity that has vanished since counts for nothing", async () => {
  const { sync, hub, clock, run, fates } = newScene();
  fates.set("patch", { delayMs: 10_000 });
  await run(sync.make(named("kitchen")));
  await run(sync.vanished("d1"));
  await clock.advance(20_000);
  expect(await run(sync.isKnown(named("kitchen"), true))).toBe(false);
  expect(hub.identities.has("d1")).toBe(true);
});

test("a policy that may not create still sends for identities that others made", async () => {
  const { sync, hub, run, fates } = newScene();
  hub.put("d1");
  fates.set("create", { failure: "permission_missing" });
  expect(codeOf(await run(sync.make(aDevice({ id: "d1" }))))).toBe(null);
  expect(codeOf(await run(sync.make(aDevice({ id: "d2" }))))).toBe("create_not_permitted");
});

test("a policy without any registry permission tries to send, and every other time after the hub has missed the device", async () => {
  const { sync, run, fates } = newScene();
  const device = aDevice({ id: "d1" });
  fates.set("create", { failure: "permission_missing" });
  fates.set("get", { failure: "permission_missing" });
  for (let round = 0; round < 3; round += 1) {
    expect(codeOf(await run(sync.make(device)))).toBe(null);
    await run(sync.vanished("d1"));
    expect(codeOf(await run(sync.make(device)))).toBe("create_not_permitted");
  }
});

test("a wrong key shows in the send, an unreachable hub already here", async () => {
  const { sync, run, fates } = newScene();
  fates.set("create", { failure: "key_refused" });
  fates.set("get", { failure: "key_refused" });
  expect(codeOf(await run(sync.make(aDevice({ id: "d1" }))))).toBe(null);
  fates.set("create", { failure: "hub_unreachable" });
  expect(codeOf(await run(sync.make(aDevice({ id: "d2" }))))).toBe("hub_unreachable");
});

test("an identity that somebody keeps deleting is made anew three times a day, the count survives a restart", async () => {
  const { sync, store, hub, clock, run, again } = newScene();
  const device = aDevice({ id: "d1" });
  await run(sync.make(device));
  for (let i = 0; i < 3; i += 1) {
    await run(sync.vanished("d1"));
    expect(codeOf(await run(sync.make(device)))).toBe(null);
  }
  await run(sync.vanished("d1"));
  hub.identities.delete("d1");
  const midnight = Math.ceil(clock.now() / 86_400_000) * 86_400_000;
  for (const one of [sync, again()]) {
    expect(await run(one.make(device))).toMatchObject({
      failure: { code: "identity_keeps_vanishing", notBefore: midnight },
    });
  }
  expect(hub.identities.size).toBe(0);
  expect(await run(store.identityLosses("hub", "d1", new Date(clock.now()).toISOString().slice(0, 10)))).toBe(4);
  clock.jump(86_400_000);
  expect(codeOf(await run(sync.make(device)))).toBe(null);
});

test("who asks for another try gets one, however often the identity was deleted today", async () => {
  const { sync, run } = newScene();
  const device = aDevice({ id: "d1" });
  for (let i = 0; i < 5; i += 1) await run(sync.vanished("d1"));
  expect(codeOf(await run(sync.make(device)))).toBe("identity_keeps_vanishing");
  sync.forgive("d1");
  expect(codeOf(await run(sync.make(device)))).toBe(null);
});

test("an integration that makes no identities takes those that are there, and waits for the others", async () => {
  const { sync, hub, run, calls } = newScene();
  hub.put("d1");
  hub.put("d3", "disabled");
  expect(codeOf(await run(sync.make(named("kitchen"), false)))).toBe(null);
  expect(hub.identities.get("d1")?.desired).toEqual({ deviceName: "kitchen" });
  expect(codeOf(await run(sync.make(aDevice({ id: "d2" }), false)))).toBe("identity_not_created");
  expect(codeOf(await run(sync.make(aDevice({ id: "d3" }), false)))).toBe("device_disabled");
  hub.put("d2");
  expect(codeOf(await run(sync.make(aDevice({ id: "d2" }), false)))).toBe(null);
  expect(calls.filter((call) => call.startsWith("create"))).toEqual([]);
});

test("without leave to look, an integration that makes no identities finds out by sending", async () => {
  const { sync, run, fates } = newScene();
  const device = aDevice({ id: "d1" });
  fates.set("get", { failure: "permission_missing" });
  expect(codeOf(await run(sync.make(device, false)))).toBe(null);
  await run(sync.vanished("d1"));
  expect(codeOf(await run(sync.make(device, false)))).toBe("identity_not_created");
});

test("a hub without twins gets its messages all the same, is not asked again for an hour, and says why", async () => {
  const { sync, clock, run, calls, fates } = newScene();
  fates.set("patch", { failure: "not_in_tier" });
  for (const id of ["d1", "d2"]) expect(codeOf(await run(sync.make(named("kitchen", id))))).toBe(null);
  expect(sync.isKnown(named("kitchen"), true)).toBe(true);
  await clock.advance(30 * 60_000);
  expect(sync.isKnown(named("kitchen"), true)).toBe(true);
  expect(calls.filter((call) => call.startsWith("patch"))).toEqual(["patch d1"]);
  expect(sync.namesFailure?.code).toBe("not_in_tier");
  fates.delete("patch");
  await clock.advance(40 * 60_000);
  expect(sync.isKnown(named("kitchen"), true)).toBe(true);
  await clock.advance(100);
  expect(sync.namesFailure).toBe(null);
});
