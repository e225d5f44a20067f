/** What every store must do with devices and products. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { deviceId, event } from "./store-samples.ts";
import type { OpenStore, Store, StoreUnderTest } from "./store-under-test.ts";

export function describeDevices(open: OpenStore): void {
  describe("devices", () => {
    let under: StoreUnderTest;
    let store: Store;
    beforeEach(async () => {
      under = await open({ now: () => 1_700_000_000_000 });
      store = under.store;
    });
    afterEach(() => under.dispose());

    const account = async (username = "ada@example.com"): Promise<string> =>
      (await store.createAccount({ username, passwordHash: "scrypt$1" }))!.id;

    test("a device belongs to who claims it first", async () => {
      const [ada, eve] = [await account(), await account("eve@example.com")];
      expect(await store.claimDevice(ada, deviceId(1))).toBe("claimed");
      expect(await store.claimDevice(ada, deviceId(1))).toBe("claimed");
      expect(await store.claimDevice(eve, deviceId(1))).toBe("taken");
      expect((await store.device(deviceId(1)))?.ownerId).toBe(ada);
      await store.unclaimDevice(deviceId(1));
      expect(await store.device(deviceId(1))).toBeNull();
      expect(await store.claimDevice(eve, deviceId(1))).toBe("claimed");
    });

    test("a name is unique among its owner's devices", async () => {
      const [ada, eve] = [await account(), await account("eve@example.com")];
      for (const n of [1, 2]) await store.claimDevice(ada, deviceId(n));
      await store.claimDevice(eve, deviceId(3));
      expect(await store.updateDevice(deviceId(1), { name: "boiler", notes: "cellar" })).toBe("updated");
      expect(await store.updateDevice(deviceId(1), { name: "boiler", firmwareVersion: 3 })).toBe("updated");
      expect(await store.updateDevice(deviceId(2), { name: "boiler" })).toBe("name_taken");
      expect(await store.updateDevice(deviceId(3), { name: "boiler" })).toBe("updated");
      expect(await store.updateDevice(deviceId(9), { name: "boiler" })).toBe("unknown");
      expect(await store.deviceByName(ada, "boiler")).toMatchObject({ notes: "cellar", firmwareVersion: 3 });
      expect(await store.updateDevice(deviceId(1), { name: null })).toBe("updated");
      expect(await store.deviceByName(ada, "boiler")).toBeNull();
    });

    test("a product device loses its name to one that its new owner already uses", async () => {
      const ada = await account();
      const product = await store.createProduct({ ownerId: ada, name: "Fleet", slug: "fleet", description: "" });
      await store.addToProduct(product!.id, [deviceId(1)]);
      await store.updateDevice(deviceId(1), { name: "boiler" });
      await store.claimDevice(ada, deviceId(2));
      await store.updateDevice(deviceId(2), { name: "boiler" });
      expect(await store.claimDevice(ada, deviceId(1))).toBe("claimed");
      expect((await store.device(deviceId(1)))?.name).toBeNull();
      expect((await store.deviceByName(ada, "boiler"))?.id).toBe(deviceId(2));
    });

    test("what is read of a device is never older than a finished change", async () => {
      await store.claimDevice(await account(), deviceId(1));
      for (let version = 1; version <= 50; version++) {
        const reads = [store.device(deviceId(1))];
        const change = store.updateDevice(deviceId(1), { firmwareVersion: version });
        reads.push(
          store.device(deviceId(1)),
          store.append(event(), []).then(() => store.device(deviceId(1))),
        );
        await change;
        expect((await store.device(deviceId(1)))?.firmwareVersion).toBe(version);
        await Promise.all(reads);
        expect((await store.device(deviceId(1)))?.firmwareVersion).toBe(version);
      }
    });

    test("the last event's time shows at once, alone and in lists, and after a restart", async () => {
      const ada = await account();
      await store.claimDevice(ada, deviceId(1));
      for (const receivedAt of [1_700_000_000_100, 1_700_000_000_200, 1_700_000_000_300]) {
        await store.append(event({ receivedAt }), []);
        expect((await store.device(deviceId(1)))?.lastHeard).toBe(receivedAt);
        await store.updateDevice(deviceId(1), { notes: String(receivedAt) });
        expect((await store.device(deviceId(1)))?.lastHeard).toBe(receivedAt);
        expect((await store.devicesOf(ada))[0]?.lastHeard).toBe(receivedAt);
      }
      await store.append(event({ receivedAt: 1_700_000_000_400 }), []);
      store = await under.reopen();
      expect((await store.device(deviceId(1)))?.lastHeard).toBe(1_700_000_000_400);
    });

    test("a device's token stands for it until revoked, and dies with the device", async () => {
      const ada = await account();
      await store.claimDevice(ada, deviceId(1));
      const [first, second] = [await store.createDeviceToken(deviceId(1)), await store.createDeviceToken(deviceId(1))];
      expect((await store.deviceByToken(first))?.id).toBe(deviceId(1));
      expect((await store.deviceByToken(second))?.id).toBe(deviceId(1));
      expect(await store.revokeDeviceTokens(deviceId(1))).toBe(2);
      expect(await store.deviceByToken(first)).toBeNull();
      const third = await store.createDeviceToken(deviceId(1));
      expect(await store.deviceByToken(third)).not.toBeNull();
      await store.unclaimDevice(deviceId(1));
      await store.claimDevice(ada, deviceId(1));
      expect(await store.deviceByToken(third)).toBeNull();
    });

    test("a product takes devices that are in no other, and forgets those without an owner when they leave", async () => {
      const ada = await account();
      const make = (slug: string): ReturnType<Store["createProduct"]> =>
        store.createProduct({ ownerId: ada, name: slug, slug, description: "" });
      const [fleet, lab] = [await make("fleet"), await make("lab")];
      expect(await make("fleet")).toBeNull();
      expect(await store.product("fleet")).toEqual(fleet);
      expect(await store.product(String(lab!.id))).toEqual(lab);
      expect((await store.productsOf(ada)).map((product) => product.slug)).toEqual(["fleet", "lab"]);
      await store.claimDevice(ada, deviceId(2));
      expect(await store.addToProduct(fleet!.id, [deviceId(1), deviceId(2)])).toEqual({
        added: [deviceId(1), deviceId(2)],
        nonmember: [],
      });
      expect(await store.addToProduct(lab!.id, [deviceId(1), deviceId(3)])).toEqual({
        added: [deviceId(3)],
        nonmember: [deviceId(1)],
      });
      await store.setApproval(deviceId(1), "quarantined");
      expect(await store.device(deviceId(1))).toMatchObject({ approval: "quarantined", ownerId: null });
      for (const n of [1, 2]) await store.removeFromProduct(fleet!.id, deviceId(n));
      expect(await store.device(deviceId(1))).toBeNull();
      expect(await store.device(deviceId(2))).toMatchObject({ ownerId: ada, productId: null });
    });

    test("a product's devices are filtered, sorted and paged", async () => {
      const ada = await account();
      const fleet = await store.createProduct({ ownerId: ada, name: "Fleet", slug: "fleet", description: "" });
      const ids = Array.from({ length: 7 }, (_, n) => deviceId(n + 1));
      await store.addToProduct(fleet!.id, ids);
      for (const [n, id] of ids.entries()) await store.updateDevice(id, { name: `Pump_${n}%`, firmwareVersion: 9 - n });
      await store.setApproval(deviceId(3), "quarantined");
      const list = async (query: object): Promise<[string[], number]> => {
        const { devices, total } = await store.devicesIn(fleet!.id, { page: 1, perPage: 100, ...query });
        return [devices.map((device) => device.id), total];
      };
      expect(await list({ page: 2, perPage: 3 })).toEqual([ids.slice(3, 6), 7]);
      expect(await list({ descending: true, perPage: 2 })).toEqual([[ids[6], ids[5]], 7]);
      expect(await list({ sortBy: "firmwareVersion", perPage: 1 })).toEqual([[ids[6]], 7]);
      expect(await list({ quarantined: true })).toEqual([[ids[2]], 1]);
      expect((await list({ quarantined: false }))[1]).toBe(6);
      expect(await list({ deviceName: "pUMP_4" })).toEqual([[ids[4]], 1]);
      expect((await list({ deviceName: "_" }))[1]).toBe(7);
      expect((await list({ deviceName: "%" }))[1]).toBe(7);
      expect((await list({ deviceName: "p%p" }))[1]).toBe(0);
      expect(await list({ deviceId: deviceId(5).slice(-4) })).toEqual([[ids[4]], 1]);
    });
  });
}
