/** What every store finds among devices: over scopes, in three orders, page by page, at a hundred thousand devices too. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DeviceSearchQuery } from "../../core/device-search.ts";
import type { Scope } from "../../core/integration.ts";
import type { Product } from "../../core/product.ts";
import { deviceId, event } from "./store-samples.ts";
import type { OpenStore, Store, StoreUnderTest } from "./store-under-test.ts";

export function describeDeviceSearch(open: OpenStore): void {
  describe("searching devices", () => {
    let under: StoreUnderTest;
    let store: Store;
    let ada: string;
    let fleet: Product;
    let pumps: Product;
    let all: readonly Scope[];

    beforeEach(async () => {
      under = await open();
      store = under.store;
      ada = (await store.createAccount({ username: "ada", passwordHash: "x" }))!.id;
      fleet = (await store.createProduct({ ownerId: ada, name: "Fleet", slug: "fleet", description: "" }))!;
      pumps = (await store.createProduct({ ownerId: ada, name: "Pumps", slug: "pumps", description: "" }))!;
      all = [
        { kind: "sandbox", accountId: ada },
        { kind: "product", productId: fleet.id },
        { kind: "product", productId: pumps.id },
      ];
    });

    afterEach(() => under.dispose());

    /** All pages, one after the other, as the numbers of their devices. */
    async function found(query: Partial<DeviceSearchQuery> = {}): Promise<readonly number[]> {
      const numbers: number[] = [];
      let after: DeviceSearchQuery["after"] = null;
      for (let pages = 0; pages < 50; pages++) {
        const page = await store.searchDevices({
          scopes: all,
          text: null,
          approval: null,
          kind: null,
          sort: "id",
          descending: false,
          limit: 2,
          ...query,
          after,
        });
        expect(page.devices.length).toBeLessThanOrEqual(query.limit ?? 2);
        numbers.push(...page.devices.map(({ id }) => Number.parseInt(id, 16)));
        if (page.next === null) return numbers;
        after = page.next;
      }
      throw new Error("There was no last page");
    }

    test("a count follows devices that come, go and are approved", async () => {
      const count = (approval: "approved" | "quarantined" | null = null): Promise<number | null> =>
        store.countDevices({ scopes: all, text: null, approval, kind: null });
      expect(await count()).toBe(0);
      await store.addToProduct(fleet.id, [1, 2, 3].map(deviceId));
      await store.claimDevice(ada, deviceId(9));
      expect([await count(), await count("quarantined")]).toEqual([4, 0]);
      await store.setApproval(deviceId(2), "quarantined");
      expect([await count("approved"), await count("quarantined")]).toEqual([3, 1]);
      expect((await store.devicesIn(fleet.id, { page: 1, perPage: 1, quarantined: true })).total).toBe(1);
      await store.removeFromProduct(fleet.id, deviceId(2));
      expect([await count(), await count("quarantined")]).toEqual([3, 0]);
      expect((await store.devicesIn(fleet.id, { page: 1, perPage: 1, quarantined: true })).total).toBe(0);
    });

    test("devices of the sandbox and of products are one list, each device once", async () => {
      for (const n of [1, 4, 9]) await store.claimDevice(ada, deviceId(n));
      await store.addToProduct(fleet.id, [2, 4, 6].map(deviceId));
      await store.addToProduct(pumps.id, [3, 5].map(deviceId));
      const eve = (await store.createAccount({ username: "eve", passwordHash: "x" }))!.id;
      await store.claimDevice(eve, deviceId(7));
      expect(await found()).toEqual([1, 2, 3, 4, 5, 6, 9]);
      expect(await found({ descending: true })).toEqual([9, 6, 5, 4, 3, 2, 1]);
      expect(await found({ scopes: [all[0]!] })).toEqual([1, 4, 9]);
      expect(await found({ scopes: [] })).toEqual([]);
      const every = { text: null, approval: null, kind: null };
      expect(await store.countDevices({ scopes: all, ...every })).toBe(7);
      expect(await store.countDevices({ scopes: [all[1]!], ...every })).toBe(3);
      expect(await store.countDevices({ scopes: all, ...every, text: "1" })).toBe(null);
    });

    test("by name, letter case aside; those without one come last in both directions", async () => {
      await store.addToProduct(fleet.id, [1, 2, 3].map(deviceId));
      await store.addToProduct(pumps.id, [4, 5, 6].map(deviceId));
      for (const [n, name] of [
        [1, "beta"],
        [3, "Alpha"],
        [4, "alpha"],
        [5, "Gamma"],
      ] as const) {
        await store.updateDevice(deviceId(n), { name });
      }
      for (const limit of [1, 2, 10]) {
        expect(await found({ sort: "name", limit })).toEqual([3, 4, 1, 5, 2, 6]);
        expect(await found({ sort: "name", descending: true, limit })).toEqual([5, 1, 4, 3, 6, 2]);
      }
    });

    test("by when they were heard; those that never were come last", async () => {
      await store.addToProduct(fleet.id, [1, 2, 3, 4].map(deviceId));
      for (const [n, receivedAt] of [
        [1, 5_000],
        [2, 9_000],
        [4, 5_000],
      ] as const) {
        await store.append(event({ deviceId: deviceId(n), receivedAt }), []);
      }
      expect(await found({ sort: "last_heard", descending: true })).toEqual([2, 4, 1, 3]);
      expect(await found({ sort: "last_heard", limit: 1 })).toEqual([1, 4, 2, 3]);
    });

    test("a text is looked for in ids, names and serial numbers, as it stands", async () => {
      await store.addToProduct(fleet.id, [0xabc1, 2, 3, 4].map(deviceId));
      await store.updateDevice(deviceId(2), { name: "Pump 100%" });
      await store.updateDevice(deviceId(3), { name: "Pump 1000" });
      await store.updateDevice(deviceId(4), { serialNumber: "P046_X" });
      expect(await found({ text: "ABC" })).toEqual([0xabc1]);
      expect(await found({ text: "pump", sort: "name" })).toEqual([2, 3]);
      expect(await found({ text: "100%" })).toEqual([2]);
      expect(await found({ text: "6_x" })).toEqual([4]);
      expect(await found({ text: "0_0" })).toEqual([]);
      for (const sort of ["id", "name", "last_heard"] as const) {
        expect(await found({ text: deviceId(0xabc1).toUpperCase(), sort })).toEqual([0xabc1]);
      }
      expect(await found({ text: deviceId(9) })).toEqual([]);
      expect(await found({ text: "\\" })).toEqual([]);
    });

    test("by approval and by kind", async () => {
      await store.addToProduct(fleet.id, [1, 2, 3].map(deviceId));
      await store.addToProduct(fleet.id, ["not-a-cloud-id"]);
      await store.setApproval(deviceId(2), "quarantined");
      await store.setApproval(deviceId(3), "denied");
      expect(await found({ approval: "quarantined" })).toEqual([2]);
      expect(await found({ approval: "approved", kind: "device" })).toEqual([1]);
      expect(await found({ kind: "thing" })).toHaveLength(1);
      expect(await found({ kind: "device" })).toEqual([1, 2, 3]);
      expect(await store.countDevices({ scopes: all, text: null, approval: "denied", kind: null })).toBe(1);
      expect(await store.countDevices({ scopes: all, text: null, approval: null, kind: "thing" })).toBe(1);
    });

    test("among many thousands the last one is found, and no other's is", async () => {
      const many = 12_000;
      const ids = Array.from({ length: many }, (_, n) => deviceId(n + 1));
      await store.addToProduct(fleet.id, ids);
      await store.updateDevice(deviceId(many), { name: "the needle" });
      for (const sort of ["id", "name", "last_heard"] as const) {
        expect(await found({ text: "needle", sort })).toEqual([many]);
      }
      expect(await found({ text: "needle", descending: true })).toEqual([many]);
      expect(await found({ text: "no such thing" })).toEqual([]);
      const { devices } = await store.searchDevices({
        scopes: all,
        text: null,
        approval: "approved",
        kind: "device",
        sort: "id",
        descending: false,
        limit: 50,
        after: { key: null, id: deviceId(11_000) },
      });
      expect(devices.map(({ id }) => id)).toEqual(ids.slice(11_000, 11_050));
    });
  });
}
