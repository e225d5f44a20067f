/** What every store keeps of what became of twins. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { KEPT_TWIN_CHANGES, type KeptTwinChange, type TwinChangeInHub } from "../../core/twin-history.ts";
import { deviceId } from "./store-samples.ts";
import type { OpenStore, Store, StoreUnderTest } from "./store-under-test.ts";

const DEVICE = deviceId(1);

function change(about: Partial<TwinChangeInHub> = {}): TwinChangeInHub {
  return {
    deviceId: DEVICE,
    hostName: "local",
    hubDeviceId: DEVICE,
    at: 1_000,
    by: { kind: "account", name: "ada" },
    section: "desired",
    patch: { lamp: { on: true } },
    version: 2,
    ...about,
  };
}

export function describeTwinHistory(open: OpenStore): void {
  describe("history of twins", () => {
    let under: StoreUnderTest;
    let store: Store;
    const changes = (limit = 100, before: number | null = null): Promise<readonly KeptTwinChange[]> =>
      store.twinChanges({ deviceId: DEVICE, hostName: "local", hubDeviceId: DEVICE, before, limit });

    beforeEach(async () => {
      under = await open();
      store = under.store;
      await store.claimDevice("owner", DEVICE);
    });

    afterEach(() => under.dispose());

    test("changes come back after a restart, newest first and in pages", async () => {
      await store.saveTwinChanges([1, 2, 3].map((version) => change({ version })));
      await store.saveTwinChanges([change({ section: "tags", version: null })]);
      store = await under.reopen();
      const all = await changes();
      expect(all.map(({ section, version }) => [section, version])).toEqual([
        ["tags", null],
        ["desired", 3],
        ["desired", 2],
        ["desired", 1],
      ]);
      expect(all[1]).toEqual({ ...change({ version: 3 }), id: expect.any(Number) as number });
      const [first, second] = await changes(2);
      expect(first).toEqual(all[0]);
      expect((await changes(2, second!.id)).map(({ version }) => version)).toEqual([2, 1]);
    });

    test("a version that two saw is told once, by whoever knows whose it was", async () => {
      await store.saveTwinChanges([change({ by: { kind: "hub", name: null } })]);
      await store.saveTwinChanges([change()]);
      await store.saveTwinChanges([change({ by: { kind: "hub", name: null }, at: 2_000 })]);
      expect(await changes()).toMatchObject([{ by: { kind: "account", name: "ada" }, at: 1_000 }]);
      // Much later the number is that of another twin.
      await store.saveTwinChanges([change({ at: 10_000_000 })]);
      expect(await changes()).toHaveLength(2);
    });

    test("only the newest of each section are kept, and no patch that is too long", async () => {
      const many = Array.from({ length: 60 }, (_, n) => change({ section: "reported", version: n }));
      await store.saveTwinChanges([change(), ...many]);
      expect((await changes(1_000)).map(({ section }) => section)).toEqual([
        ...Array.from({ length: KEPT_TWIN_CHANGES.reported }, () => "reported"),
        "desired",
      ]);
      await store.saveTwinChanges([change({ version: 3, patch: { long: "x".repeat(9_000) } })]);
      expect((await changes(1))[0]).toMatchObject({ version: 3, patch: null });
    });

    test("what is old is forgotten, and another hub's is not shown", async () => {
      await store.saveTwinChanges([
        change(),
        change({ version: 3, at: 5_000 }),
        change({ hostName: "other.azure-devices.net" }),
      ]);
      expect(await store.forgetTwinChanges(2_000)).toBe(2);
      expect((await changes()).map(({ version }) => version)).toEqual([3]);
    });

    test("it goes with the device's data and with the device, and nothing is kept of one that is gone", async () => {
      await store.saveTwinChanges([change()]);
      await store.eraseDevice(DEVICE);
      expect(await changes()).toEqual([]);
      await store.saveTwinChanges([change()]);
      await store.unclaimDevice(DEVICE);
      await store.saveTwinChanges([change()]);
      await store.claimDevice("other", DEVICE);
      expect(await changes()).toEqual([]);
    });
  });
}
