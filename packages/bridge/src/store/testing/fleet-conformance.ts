/** What every store keeps of fleets: details and groups of devices, requests for them, and products that change and end. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Product } from "../../core/product.ts";
import { deviceId, settings } from "./store-samples.ts";
import type { OpenStore, Store, StoreUnderTest } from "./store-under-test.ts";

const PLAIN = {
  serialNumber: null,
  groups: [],
  desiredFirmwareVersion: null,
  development: false,
  lastLink: null,
  description: null,
};

export function describeFleet(open: OpenStore): void {
  describe("fleet", () => {
    let under: StoreUnderTest;
    let store: Store;
    let ada: string;
    let eve: string;
    let fleet: Product;

    beforeEach(async () => {
      under = await open();
      store = under.store;
      ada = (await store.createAccount({ username: "ada", passwordHash: "x" }))!.id;
      eve = (await store.createAccount({ username: "eve", passwordHash: "x" }))!.id;
      fleet = (await store.createProduct({ ownerId: ada, name: "Fleet", slug: "fleet", description: "" }))!;
    });

    afterEach(() => under.dispose());

    test("a device's details come back as they were set, and what was not set stays", async () => {
      await store.addToProduct(fleet.id, [deviceId(1), deviceId(2)]);
      const link = { connectedAt: 1_700_000_000_000, address: "192.0.2.7" };
      const description = { functions: ["open"], variables: { level: "int32" } };
      await store.saveDeviceLink(deviceId(1), link);
      await store.saveDeviceDescription(deviceId(1), description);
      await store.updateDevice(deviceId(1), { serialNumber: "P046", development: true, groups: ["north", "a", "a"] });
      await store.updateDevice(deviceId(1), { desiredFirmwareVersion: 12, name: "pump" });
      store = await under.reopen();
      const details = await store.deviceDetails([deviceId(1), deviceId(2), deviceId(9)]);
      expect(details.get(deviceId(1))).toEqual({
        serialNumber: "P046",
        groups: ["a", "north"],
        desiredFirmwareVersion: 12,
        development: true,
        lastLink: link,
        description,
      });
      expect(details.get(deviceId(2))).toEqual(PLAIN);
      expect(details.has(deviceId(9))).toBe(false);
      await store.updateDevice(deviceId(1), { serialNumber: null, groups: [] });
      expect((await store.deviceDetails([deviceId(1)])).get(deviceId(1))).toMatchObject({
        serialNumber: null,
        groups: [],
        development: true,
      });
    });

    test("devices are found by serial number and by group", async () => {
      await store.addToProduct(fleet.id, [1, 2, 3].map(deviceId));
      await store.updateDevice(deviceId(1), { serialNumber: "P046AB", groups: ["north", "roof"] });
      await store.updateDevice(deviceId(2), { serialNumber: "P047AC", groups: ["south"] });
      const found = async (query: object): Promise<readonly string[]> => {
        const { devices, total } = await store.devicesIn(fleet.id, { page: 1, perPage: 10, ...query });
        expect(total).toBe(devices.length);
        return devices.map(({ id }) => id);
      };
      expect(await found({ serialNumber: "p046" })).toEqual([deviceId(1)]);
      expect(await found({ serialNumber: "P04" })).toEqual([deviceId(1), deviceId(2)]);
      expect(await found({ groups: ["north"] })).toEqual([deviceId(1)]);
      expect(await found({ groups: ["roof", "south"] })).toEqual([deviceId(1), deviceId(2)]);
      expect(await found({ groups: ["west"] })).toEqual([]);
      expect(await found({ groups: ["south"], serialNumber: "P046" })).toEqual([]);
    });

    test("a group is made by using it, counted, renamed for its devices, and removed without them", async () => {
      await store.addToProduct(fleet.id, [1, 2].map(deviceId));
      await store.updateDevice(deviceId(1), { groups: ["north"] });
      await store.updateDevice(deviceId(2), { groups: ["north"] });
      expect(await store.createGroup(fleet.id, { name: "spare", description: "in the cellar" })).toBe(true);
      expect(await store.createGroup(fleet.id, { name: "north", description: "" })).toBe(false);
      const listed = async (): Promise<object> =>
        (await store.groupsIn(fleet.id)).map(({ name, description, deviceCount }) => [name, description, deviceCount]);
      expect(await listed()).toEqual([
        ["north", "", 2],
        ["spare", "in the cellar", 0],
      ]);
      expect(await store.updateGroup(fleet.id, "north", { name: "spare" })).toBe("taken");
      expect(await store.updateGroup(fleet.id, "west", { name: "east" })).toBe("unknown");
      expect(await store.updateGroup(fleet.id, "north", { name: "arctic", description: "cold" })).toBe("updated");
      expect((await store.deviceDetails([deviceId(1)])).get(deviceId(1))?.groups).toEqual(["arctic"]);
      expect(await store.deleteGroup(fleet.id, "arctic")).toBe(true);
      expect(await store.deleteGroup(fleet.id, "arctic")).toBe(false);
      expect((await store.deviceDetails([deviceId(1)])).get(deviceId(1))?.groups).toEqual([]);
      expect(await listed()).toEqual([["spare", "in the cellar", 0]]);
    });

    test("a device that leaves its product leaves its groups and its desired firmware there", async () => {
      await store.claimDevice(ada, deviceId(1));
      await store.addToProduct(fleet.id, [deviceId(1)]);
      await store.updateDevice(deviceId(1), { groups: ["north"], desiredFirmwareVersion: 3, development: true });
      await store.removeFromProduct(fleet.id, deviceId(1));
      expect((await store.deviceDetails([deviceId(1)])).get(deviceId(1))).toEqual(PLAIN);
      expect((await store.groupsIn(fleet.id))[0]?.deviceCount).toBe(0);
      await store.updateDevice(deviceId(1), { groups: ["north"] });
      expect((await store.deviceDetails([deviceId(1)])).get(deviceId(1))?.groups).toEqual([]);
    });

    test("a device that appears joins the product, approved or quarantined as the product says", async () => {
      expect(await store.admitToProduct(fleet.id, deviceId(1))).toMatchObject({ approval: "approved" });
      expect(await store.updateProduct(fleet.id, { quarantine: true })).toBe("updated");
      expect(await store.admitToProduct(fleet.id, deviceId(2))).toMatchObject({ approval: "quarantined" });
      expect(await store.admitToProduct(fleet.id, deviceId(1))).toMatchObject({ approval: "approved" });
      await store.setApproval(deviceId(2), "denied");
      expect(await store.admitToProduct(fleet.id, deviceId(2))).toMatchObject({ approval: "denied" });
    });

    test("a device of somebody else, or in another product, does not appear", async () => {
      const other = (await store.createProduct({ ownerId: ada, name: "Other", slug: "other", description: "" }))!;
      await store.claimDevice(eve, deviceId(1));
      await store.claimDevice(ada, deviceId(2));
      await store.addToProduct(other.id, [deviceId(3)]);
      expect(await store.admitToProduct(fleet.id, deviceId(1))).toBeNull();
      expect(await store.admitToProduct(fleet.id, deviceId(2))).toMatchObject({ productId: fleet.id, ownerId: ada });
      expect(await store.admitToProduct(fleet.id, deviceId(3))).toBeNull();
      expect(await store.admitToProduct(999, deviceId(4))).toBeNull();
      expect(await store.device(deviceId(4))).toBeNull();
    });

    test("a product is renamed, and is found by its new slug only", async () => {
      const other = (await store.createProduct({ ownerId: ada, name: "Other", slug: "other", description: "" }))!;
      expect(await store.product("fleet")).toEqual(fleet);
      expect(await store.updateProduct(fleet.id, { slug: "other" })).toBe("slug_taken");
      expect(await store.updateProduct(fleet.id, { slug: "armada", name: "Armada", quarantine: true })).toBe("updated");
      expect(await store.updateProduct(999, { name: "x" })).toBe("unknown");
      expect(await store.product("fleet")).toBeNull();
      const renamed = { ...fleet, slug: "armada", name: "Armada", quarantine: true };
      expect(await store.product("armada")).toEqual(renamed);
      expect(await store.product(String(fleet.id))).toEqual(renamed);
      expect(await store.productsOf(ada)).toEqual([renamed, other]);
    });

    test("a product that ends takes its own with it and leaves what is its owner's", async () => {
      await store.claimDevice(ada, deviceId(1));
      await store.addToProduct(fleet.id, [deviceId(1), deviceId(2)]);
      await store.updateDevice(deviceId(1), { groups: ["north"] });
      const [owned, orphan] = [await store.createDeviceToken(deviceId(1)), await store.createDeviceToken(deviceId(2))];
      const { token } = await store.createApiUser({ productId: fleet.id, friendlyName: "bot", scopes: [] });
      for (const each of [owned, orphan]) expect(await store.deviceByToken(each)).not.toBeNull();
      expect(await store.accessToken(token)).not.toBeNull();
      expect(await store.product("fleet")).not.toBeNull();
      expect(await store.deleteProduct(fleet.id)).toBe("deleted");
      expect(await store.deleteProduct(fleet.id)).toBe("unknown");
      expect(await store.product("fleet")).toBeNull();
      expect(await store.accessToken(token)).toBeNull();
      expect(await store.deviceByToken(orphan)).toBeNull();
      expect(await store.device(deviceId(2))).toBeNull();
      expect(await store.deviceByToken(owned)).toMatchObject({ id: deviceId(1), productId: null });
      expect(await store.groupsIn(fleet.id)).toEqual([]);
      const next = await store.createProduct({ ownerId: ada, name: "Fleet", slug: "fleet", description: "" });
      expect(next?.id).toBeGreaterThan(fleet.id);
    });

    test("a product with an integration stays", async () => {
      const { id } = await store.createIntegration(settings({ kind: "product", productId: fleet.id }));
      expect(await store.deleteProduct(fleet.id)).toBe("has_integrations");
      expect(await store.product("fleet")).toEqual(fleet);
      await store.deleteIntegration(id);
      expect(await store.deleteProduct(fleet.id)).toBe("deleted");
    });

    test("a product with a source stays", async () => {
      const about = { productId: fleet.id, name: "In", disabled: false, event: "", createDevices: true };
      const source = await store.createSource(
        { ...about, kind: "inbound-webhook", systemEvents: false, fields: {} },
        "the webhook's secret",
      );
      expect(await store.deleteProduct(fleet.id)).toBe("has_sources");
      await store.deleteSource(source.id);
      expect(await store.deleteProduct(fleet.id)).toBe("deleted");
    });

    test("a device goes to who asked for it when its owner says so, without its tokens", async () => {
      await store.claimDevice(ada, deviceId(1));
      await store.claimDevice(eve, deviceId(2));
      for (const n of [1, 2]) await store.updateDevice(deviceId(n), { name: "boiler" });
      const token = await store.createDeviceToken(deviceId(1));
      expect(await store.deviceByToken(token)).not.toBeNull();
      const transfer = (await store.requestTransfer(deviceId(1), eve))!;
      expect(transfer).toMatchObject({ deviceId: deviceId(1), ownerId: ada, requesterId: eve });
      expect(await store.requestTransfer(deviceId(1), eve)).toEqual(transfer);
      expect(await store.transfersOf(ada)).toEqual([transfer]);
      expect(await store.transfersOf(eve)).toEqual([transfer]);
      store = await under.reopen();
      expect(await store.transfer(transfer.id)).toEqual(transfer);
      expect(await store.acceptTransfer(transfer.id)).toBe(true);
      expect(await store.acceptTransfer(transfer.id)).toBe(false);
      expect(await store.device(deviceId(1))).toMatchObject({ ownerId: eve, name: null });
      expect(await store.deviceByToken(token)).toBeNull();
      expect(await store.transfersOf(ada)).toEqual([]);
    });

    test("a request ends when it is refused and when its device is released", async () => {
      await store.claimDevice(ada, deviceId(1));
      const first = (await store.requestTransfer(deviceId(1), eve))!;
      expect(await store.refuseTransfer(first.id)).toBe(true);
      expect(await store.refuseTransfer(first.id)).toBe(false);
      const second = (await store.requestTransfer(deviceId(1), eve))!;
      await store.unclaimDevice(deviceId(1));
      expect(await store.transfer(second.id)).toBeNull();
      expect(await store.acceptTransfer(second.id)).toBe(false);
    });

    test("nobody can ask for what is nobody's, one's own, or in the fleet of somebody else", async () => {
      await store.claimDevice(ada, deviceId(1));
      await store.addToProduct(fleet.id, [deviceId(2)]);
      await store.claimDevice(ada, deviceId(3));
      await store.addToProduct(fleet.id, [deviceId(3)]);
      expect(await store.requestTransfer(deviceId(1), ada)).toBeNull();
      expect(await store.requestTransfer(deviceId(2), eve)).toBeNull();
      expect(await store.requestTransfer(deviceId(3), eve)).toBeNull();
      expect(await store.requestTransfer(deviceId(9), eve)).toBeNull();
      const before = (await store.requestTransfer(deviceId(1), eve))!;
      await store.addToProduct(fleet.id, [deviceId(1)]);
      expect(await store.acceptTransfer(before.id)).toBe(false);
      expect((await store.device(deviceId(1)))?.ownerId).toBe(ada);
    });
  });
}
