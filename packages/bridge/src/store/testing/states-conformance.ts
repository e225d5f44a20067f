/** What every store must keep of device states: whole records, one writer at a time, what waits for a hub. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DeviceState, StateChange, StateConflict } from "../../core/device-state.ts";
import type { ReadingPosition } from "../../core/state-store.ts";
import { deviceId } from "./store-samples.ts";
import type { OpenStore, Store, StoreUnderTest } from "./store-under-test.ts";

/** A record as the first write makes it. */
export function deviceState(n: number, overrides: Partial<DeviceState> = {}): DeviceState {
  return {
    deviceId: deviceId(n),
    reach: "bridge",
    connectionId: "hub",
    hubDeviceId: deviceId(n),
    state: { fan: { speed: 3 } },
    stamps: { "fan.speed": [1_700_000_000_000, "api"] },
    desired: { properties: {}, version: 0, pending: { fan: { speed: 3 } } },
    reported: { properties: {}, version: 0, pending: null },
    pendingSince: null,
    messageFor: null,
    etag: null,
    standing: {
      generationId: "",
      status: "enabled",
      connectionState: "disconnected",
      lastActivity: null,
      missingSince: null,
    },
    trouble: null,
    conflicts: 0,
    changedAt: 1_700_000_000_000,
    revision: 1,
    ...overrides,
  };
}

const written = (next: DeviceState): StateChange => ({ next, conflicts: [] });

const conflict = (n: number, at: number, overrides: Partial<StateConflict> = {}): StateConflict => ({
  deviceId: deviceId(n),
  at,
  path: "fan.speed",
  ours: 1,
  theirs: null,
  theirSource: "reported",
  kept: "theirs",
  rule: "newest",
  ...overrides,
});

export function describeStates(open: OpenStore): void {
  describe("device states", () => {
    let under: StoreUnderTest;
    let store: Store;

    beforeEach(async () => {
      under = await open({ now: () => 1_700_000_000_000 });
      store = under.store;
      for (let n = 1; n <= 5; n++) await store.claimDevice("ada", deviceId(n));
    });
    afterEach(() => under.dispose());

    test("a record comes back whole, after a restart too", async () => {
      const hostile = JSON.parse(
        '{"__proto__": {"a": 1}, "constructor": 2, "nul\\u0000": "x\\u0000y", "e": {}}',
      ) as object;
      const full = deviceState(1, {
        reach: "itself",
        state: { ...deviceState(1).state, hostile: hostile as never, list: [1, null, "ä", { a: [] }] },
        stamps: { "fan.speed": [5, "telemetry", "rest", null], __proto__x: [1, "api"] },
        desired: { properties: { a: 1.5 }, version: 7, pending: null },
        reported: { properties: {}, version: 2 ** 53 - 1, pending: { b: null } },
        pendingSince: 12,
        messageFor: 41,
        etag: '"AAAA="',
        standing: {
          generationId: "g",
          status: "disabled",
          connectionState: "connected",
          lastActivity: 3,
          missingSince: 4,
        },
        trouble: { failure: { code: "message_refused", message: "No." }, attempts: 2, retryAt: 99 },
        conflicts: 17,
        changedAt: 21,
      });
      expect(await store.saveStates([written(full), written(deviceState(2))])).toEqual([]);
      store = await under.reopen();
      expect(await store.deviceState(deviceId(1))).toEqual(full);
      expect(Object.keys((await store.deviceState(deviceId(1)))!.state["hostile"] as object)).toContain("__proto__");
      expect(await store.deviceState(deviceId(2))).toEqual(deviceState(2));
      expect(await store.deviceState(deviceId(3))).toBeNull();
      expect([...(await store.deviceStates([deviceId(3), deviceId(2)])).keys()]).toEqual([deviceId(2)]);
    });

    test("of two writes of the same revision the first one stands; the others of the call are written", async () => {
      await store.saveStates([written(deviceState(1))]);
      const second = deviceState(1, { revision: 2, state: { by: "first" } });
      const late = deviceState(1, { revision: 2, state: { by: "second" } });
      const [first, stale] = await Promise.all([
        store.saveStates([written(second)]),
        store.saveStates([written(late), written(deviceState(2))]),
      ]);
      expect(first).toEqual([]);
      expect(stale).toEqual([deviceId(1)]);
      expect(await store.deviceState(deviceId(1))).toEqual(second);
      expect(await store.deviceState(deviceId(2))).not.toBeNull();
      // Neither as if there were none, nor as if there were more than there are.
      for (const revision of [1, 4])
        expect(await store.saveStates([written(deviceState(1, { revision }))])).toEqual([deviceId(1)]);
    });

    test("a device that is not there has no state, however late the word comes", async () => {
      await store.saveStates([written(deviceState(1))]);
      await store.unclaimDevice(deviceId(1));
      expect(await store.deviceState(deviceId(1))).toBeNull();
      expect(await store.saveStates([written(deviceState(1, { revision: 2 }))])).toEqual([deviceId(1)]);
      expect(await store.saveStates([written(deviceState(1))])).toEqual([deviceId(1)]);
      expect(await store.deviceState(deviceId(1))).toBeNull();
    });

    test("what waits for a hub is given when it is due, the longest waiting first", async () => {
      const failure = { code: "message_refused", message: "No." } as const;
      await store.saveStates(
        [
          deviceState(1, { pendingSince: 30 }),
          deviceState(2, { pendingSince: 10, trouble: { failure, attempts: 1, retryAt: 100 } }),
          deviceState(3, { pendingSince: 20 }),
          deviceState(4, { pendingSince: 5, connectionId: "other" }),
          deviceState(5),
        ].map(written),
      );
      const due = async (dueAt: number, limit = 10): Promise<readonly string[]> =>
        (await store.statesToPush("hub", { dueAt, limit })).map((state) => state.deviceId);
      expect(await due(99)).toEqual([deviceId(3), deviceId(1)]);
      expect(await due(100)).toEqual([deviceId(2), deviceId(3), deviceId(1)]);
      expect(await due(100, 1)).toEqual([deviceId(2)]);
      expect(await store.stateConnections()).toEqual([
        { connectionId: "hub", devices: 4, things: 0, pending: 3, missing: 0, oldestPending: 10 },
        { connectionId: "other", devices: 1, things: 0, pending: 1, missing: 0, oldestPending: 5 },
      ]);
    });

    test("how many states a hub has is right after each change, a refused one, and a restart", async () => {
      const one = deviceState(1, { reach: "itself", pendingSince: 3 });
      const two = deviceState(2, { pendingSince: 2 });
      const missing = { ...one.standing, missingSince: 9 };
      const counts = async (): Promise<unknown[]> =>
        (await store.stateConnections()).map(
          ({ connectionId, devices, things, pending, missing: gone, oldestPending }) => [
            connectionId,
            [devices, things, pending, gone],
            oldestPending,
          ],
        );
      await store.saveStates([one, two, deviceState(3, { connectionId: null })].map(written));
      expect(await counts()).toEqual([["hub", [2, 1, 2, 0], 2]]);
      await store.saveStates([written({ ...two, revision: 2, pendingSince: null, connectionId: "other" })]);
      expect(await counts()).toEqual([
        ["hub", [1, 1, 1, 0], 3],
        ["other", [1, 0, 0, 0], null],
      ]);
      await store.saveStates([written({ ...one, revision: 7 }), written({ ...one, standing: missing, revision: 2 })]);
      await store.saveStates([written(deviceState(3, { revision: 2, connectionId: "other" }))]);
      await store.unclaimDevice(deviceId(2));
      const last = [
        ["hub", [1, 1, 1, 1], 3],
        ["other", [1, 0, 0, 0], null],
      ];
      expect(await counts()).toEqual(last);
      store = await under.reopen();
      expect(await counts()).toEqual(last);
    });

    test("states are found by their hub and walked through in pages", async () => {
      const missing = { ...deviceState(2).standing, missingSince: 8 };
      await store.saveStates(
        [
          deviceState(1, { hubDeviceId: "one", reach: "itself" }),
          deviceState(2, { hubDeviceId: "two", reach: "itself", standing: missing }),
          deviceState(3, { hubDeviceId: "one", connectionId: "other" }),
          deviceState(4, { connectionId: null }),
        ].map(written),
      );
      const found = await store.statesInHub("hub", ["two", "one", "three"]);
      expect([...found].map(([id, state]) => [id, state.deviceId])).toEqual([
        ["two", deviceId(2)],
        ["one", deviceId(1)],
      ]);
      const first = await store.statesOf("hub", { after: "", limit: 1 });
      expect(first.map((state) => state.deviceId)).toEqual([deviceId(1)]);
      const rest = await store.statesOf("hub", { after: deviceId(1), limit: 5 });
      expect(rest.map((state) => state.deviceId)).toEqual([deviceId(2)]);
      expect(await store.stateConnections()).toMatchObject([
        { connectionId: "hub", devices: 2, things: 2, missing: 1, pending: 0, oldestPending: null },
        { connectionId: "other", devices: 1 },
      ]);
    });

    test("the newest twenty conflicts of a device are kept, and shown with their scope", async () => {
      await store.claimDevice("bob", deviceId(9));
      const product = (await store.createProduct({ slug: "p", name: "p", description: "", ownerId: "ada" }))!;
      await store.addToProduct(product.id, [deviceId(2)]);
      await store.saveStates([1, 2, 9].map((n) => written(deviceState(n))));
      const many = Array.from({ length: 25 }, (_, i) => conflict(1, i));
      const stale = await store.saveStates([
        { next: deviceState(1, { revision: 2, conflicts: 25 }), conflicts: many },
        { next: deviceState(2, { revision: 2 }), conflicts: [conflict(2, 90, { path: "a\0b", ours: { x: [1] } })] },
        { next: deviceState(9, { revision: 5 }), conflicts: [conflict(9, 91)] },
      ]);
      expect(stale).toEqual([deviceId(9)]);
      const one = { next: deviceState(1, { revision: 3, conflicts: 26 }), conflicts: [conflict(1, 99)] };
      await store.saveStates([one]);
      store = await under.reopen();
      const kept = await store.conflictsOf(deviceId(1));
      expect(kept.map(({ at }) => at)).toEqual([99, ...Array.from({ length: 19 }, (_, i) => 24 - i)]);
      expect(await store.conflictsOf(deviceId(9))).toEqual([]);
      const ofProduct = await store.conflictsIn({ kind: "product", productId: product.id }, 10);
      expect(ofProduct).toEqual([conflict(2, 90, { path: "a\0b", ours: { x: [1] } })]);
      expect(await store.conflictsIn({ kind: "sandbox", accountId: "ada" }, 3)).toEqual(kept.slice(0, 3));
      expect(await store.conflictsIn({ kind: "sandbox", accountId: "bob" }, 3)).toEqual([]);
    });

    test("a device that joins or leaves a product leaves its hub, and keeps what it is to be", async () => {
      const product = (await store.createProduct({ slug: "p", name: "p", description: "", ownerId: "ada" }))!;
      const seen = deviceState(1, {
        desired: { properties: { a: 1, b: { c: 2 } }, version: 7, pending: { a: null, b: { d: 3 } } },
        pendingSince: 5,
        messageFor: 41,
        standing: { ...deviceState(1).standing, generationId: "g", status: "disabled", missingSince: 6 },
        trouble: { failure: { code: "message_refused", message: "No." }, attempts: 2, retryAt: 99 },
      });
      await store.saveStates([written(seen)]);
      await store.addToProduct(product.id, [deviceId(1)]);
      const { standing } = deviceState(1);
      const left = { ...seen, connectionId: null, pendingSince: null, messageFor: null, trouble: null, standing };
      expect(await store.deviceState(deviceId(1))).toEqual({ ...left, revision: 2 });
      await store.saveStates([written({ ...seen, connectionId: "fleet", revision: 3 })]);
      // Nothing changes for one that is a member already.
      await store.addToProduct(product.id, [deviceId(1)]);
      expect(await store.deviceState(deviceId(1))).toMatchObject({ connectionId: "fleet", revision: 3 });
      await store.removeFromProduct(product.id, deviceId(1));
      expect(await store.deviceState(deviceId(1))).toEqual({ ...left, revision: 4 });
    });

    test("another owner sees nothing of what the device was to be for the former one", async () => {
      const bob = (await store.createAccount({ username: "bob", passwordHash: "h" }))!;
      await store.saveStates([{ next: deviceState(1), conflicts: [conflict(1, 5)] }]);
      const transfer = (await store.requestTransfer(deviceId(1), bob.id))!;
      expect(await store.acceptTransfer(transfer.id)).toBe(true);
      expect(await store.deviceState(deviceId(1))).toBeNull();
      expect(await store.conflictsOf(deviceId(1))).toEqual([]);
    });

    test("of a device that reaches its hub by itself, the hub's device is to be deleted when it is forgotten here", async () => {
      const product = (await store.createProduct({ slug: "p", name: "p", description: "", ownerId: "ada" }))!;
      const [first, second, third] = [11, 12, 13].map(deviceId) as [string, string, string];
      await store.addToProduct(product.id, [first, second, third]);
      const itself = { reach: "itself" } as const;
      await store.saveStates(
        [
          deviceState(11, { ...itself, hubDeviceId: "thing-11" }),
          deviceState(12, itself),
          deviceState(13, { ...itself, connectionId: null }),
        ].map(written),
      );
      await store.removeFromProduct(product.id, first);
      await store.removeFromProduct(product.id, third);
      const removal = { connectionId: "hub", hubDeviceId: "thing-11", since: 1_700_000_000_000, attempts: 0 };
      expect(await store.hubRemovals({ dueAt: 0, limit: 5 })).toEqual([{ ...removal, retryAt: 0, reason: null }]);
      await store.deleteProduct(product.id);
      store = await under.reopen();
      expect(await store.hubRemovalCount()).toBe(2);
      expect(await store.hubRemovalCount("hub")).toBe(2);
      expect(await store.hubRemovalCount("other")).toBe(0);
    });

    test("a removal from a hub is kept with its tries until it is done", async () => {
      const product = (await store.createProduct({ slug: "p", name: "p", description: "", ownerId: "ada" }))!;
      const ids = [11, 12].map(deviceId);
      await store.addToProduct(product.id, ids);
      await store.saveStates(
        [11, 12].map((n) => written(deviceState(n, { reach: "itself", connectionId: `hub-${n}`, hubDeviceId: "x" }))),
      );
      for (const id of ids) await store.removeFromProduct(product.id, id);
      const [removal] = await store.hubRemovals({ dueAt: 0, limit: 1 });
      const failed = { ...removal!, attempts: 3, retryAt: 50, reason: "The hub said no." };
      await store.hubRemovalFailed(failed);
      store = await under.reopen();
      expect(await store.hubRemoval(failed.connectionId, "x")).toEqual(failed);
      const due = async (dueAt: number, without?: readonly string[]): Promise<readonly string[]> =>
        (await store.hubRemovals({ dueAt, limit: 5, ...(without === undefined ? {} : { without }) })).map(
          ({ connectionId }) => connectionId,
        );
      const other = failed.connectionId === "hub-11" ? "hub-12" : "hub-11";
      expect(await due(49)).toEqual([other]);
      expect(await due(50)).toEqual([other, failed.connectionId]);
      expect(await due(50, [other])).toEqual([failed.connectionId]);
      await store.hubRemovalDone(failed.connectionId, "x");
      // A late word of one that is done does not bring it back.
      await store.hubRemovalFailed(failed);
      expect(await store.hubRemoval(failed.connectionId, "x")).toBeNull();
      expect(await store.hubRemovalCount()).toBe(1);
    });

    test("reading goes on after a restart where it was, by consumer group and partition", async () => {
      const at = (partitionId: string, sequenceNumber: number): ReadingPosition => ({
        partitionId,
        offset: `${sequenceNumber * 100}`,
        sequenceNumber,
        enqueuedTime: 1_700_000_000_000 + sequenceNumber,
      });
      expect(await store.readingPositions("hub", "$Default")).toBeNull();
      await store.saveReadingPosition("hub", "$Default", at("0", 1));
      expect(await store.readingPositions("hub", "$Default")).toBeNull();
      await store.beginReading("hub", "$Default", 5);
      await store.beginReading("hub", "$Default", 9);
      await store.beginReading("hub", "isthmus", 6);
      await store.saveReadingPosition("hub", "$Default", at("1", 4));
      await store.saveReadingPosition("hub", "$Default", at("0", 2));
      await store.saveReadingPosition("hub", "$Default", at("0", 3));
      store = await under.reopen();
      expect(await store.readingPositions("hub", "$Default")).toEqual({
        since: 5,
        positions: [at("0", 3), at("1", 4)],
      });
      expect(await store.readingPositions("hub", "isthmus")).toEqual({ since: 6, positions: [] });
      await store.restartReading("hub", "$Default", 12);
      expect(await store.readingPositions("hub", "$Default")).toEqual({ since: 12, positions: [] });
      expect(await store.readingPositions("hub", "isthmus")).toMatchObject({ since: 6 });
    });
  });
}
