/** What every store must do with Things and the keys of apps. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Product } from "../../core/product.ts";
import type { Thing, ThingWithState } from "../../core/thing.ts";
import { deviceId, event, settings } from "./store-samples.ts";
import type { OpenStore, Store, StoreUnderTest } from "./store-under-test.ts";
import { newThing, stateOf } from "./thing-samples.ts";

const HUB = "hub-1";

export function describeThings(open: OpenStore): void {
  describe("things", () => {
    let under: StoreUnderTest;
    let store: Store;
    let fleet: Product;
    let ada: string;

    beforeEach(async () => {
      under = await open({ now: () => 1_700_000_000_000 });
      store = under.store;
      ada = (await store.createAccount({ username: "ada@example.com", passwordHash: "scrypt$1" }))!.id;
      fleet = (await store.createProduct({ ownerId: ada, name: "Fleet", slug: "fleet", description: "" }))!;
    });
    afterEach(() => under.dispose());

    async function make(id: string, overrides: Partial<Thing> = {}): Promise<ThingWithState> {
      expect(await store.noteThing(newThing(id, fleet.id, overrides), HUB)).toBe("noted");
      return (await store.confirmThing(id, { next: stateOf(id, HUB), conflicts: [] }))!;
    }

    test("a Thing is there once it is confirmed, with its device and its state, after a restart too", async () => {
      const thing = newThing("17", fleet.id, { name: "Boiler", tags: ["a", "b"], properties: { room: { floor: 3 } } });
      expect(await store.noteThing(thing, HUB)).toBe("noted");
      expect(await store.thing("17")).toBeNull();
      expect(await store.device("17")).toBeNull();
      expect(await store.countThings(fleet.id)).toBe(0);
      const state = stateOf("17", HUB);
      const made = await store.confirmThing("17", { next: state, conflicts: [] });
      expect(made).toEqual({ thing: { ...thing, docId: made!.thing.docId, revision: 1 }, state });
      store = await under.reopen();
      expect(await store.thing("17")).toEqual(made);
      expect(await store.device("17")).toMatchObject({
        name: "Boiler",
        productId: fleet.id,
        ownerId: null,
        approval: "approved",
      });
      expect(await store.countThings(fleet.id)).toBe(1);
      expect(await store.confirmThing("17", { next: state, conflicts: [] })).toBeNull();
    });

    test("an id is taken by a device of anybody, by a Thing, and by one that is being made or still to be deleted", async () => {
      await store.claimDevice(ada, deviceId(1));
      await make("2");
      expect(await store.noteThing(newThing("3", fleet.id), HUB)).toBe("noted");
      const ids = [deviceId(1), "2", "3"];
      const noted = await Promise.all(ids.map((id) => store.noteThing(newThing(id, fleet.id), HUB)));
      expect(noted).toEqual(["taken", "taken", "taken"]);
      await store.deleteThing("2");
      expect(await store.noteThing(newThing("2", fleet.id), HUB)).toBe("taken");
      await store.hubRemovalDone(HUB, "2");
      expect(await store.noteThing(newThing("2", fleet.id), HUB)).toBe("noted");
    });

    test("what was not made in the hub is forgotten, with its device there when that may exist", async () => {
      for (const id of ["1", "2"]) await store.noteThing(newThing(id, fleet.id), HUB);
      await store.dropThing("1", false);
      expect(await store.hubRemovals({ dueAt: 9e15, limit: 9 })).toEqual([]);
      await store.dropThing("2", true);
      await store.dropThing("2", true);
      expect(await store.hubRemovals({ dueAt: 9e15, limit: 9 })).toMatchObject([
        { connectionId: HUB, hubDeviceId: "2" },
      ]);
      expect(await store.noteThing(newThing("1", fleet.id), HUB)).toBe("noted");
    });

    test("what a start before this one left unconfirmed is removed from the hub; what this one makes is not", async () => {
      await store.noteThing(newThing("1", fleet.id), HUB);
      store = await under.reopen();
      await store.noteThing(newThing("2", fleet.id), HUB);
      expect(await store.dropUnconfirmedThings()).toBe(1);
      expect(await store.hubRemovals({ dueAt: 9e15, limit: 9 })).toMatchObject([{ hubDeviceId: "1" }]);
      expect(await store.confirmThing("1", { next: stateOf("1", HUB), conflicts: [] })).toBeNull();
      expect(await store.confirmThing("2", { next: stateOf("2", HUB), conflicts: [] })).not.toBeNull();
    });

    test("a change writes Thing, device name and state together, or nothing when one of them is stale", async () => {
      const { thing, state } = await make("1");
      const renamed: Thing = { ...thing, name: "Kettle", updated: 5, revision: 2 };
      const warmer = { ...state, state: { warm: true }, revision: 2 };
      expect(await store.saveThing(renamed, { next: warmer, conflicts: [] })).toBe("saved");
      expect(await store.thing("1")).toEqual({ thing: renamed, state: warmer });
      expect((await store.device("1"))?.name).toBe("Kettle");
      const later: Thing = { ...renamed, name: "Late", revision: 3 };
      expect(await store.saveThing({ ...later, revision: 2 }, null)).toBe("stale");
      expect(await store.saveThing(later, { next: warmer, conflicts: [] })).toBe("stale");
      expect(await store.thing("1")).toEqual({ thing: renamed, state: warmer });
      expect(await store.saveThing(later, null)).toBe("saved");
      expect(await store.saveThing({ ...later, id: "9" }, null)).toBe("unknown");
    });

    test("a new name of its device is the Thing's new name, and never none", async () => {
      const { thing } = await make("1");
      expect(await store.updateDevice("1", { name: "Kettle" })).toBe("updated");
      expect((await store.thing("1"))?.thing).toMatchObject({ name: "Kettle", revision: thing.revision + 1 });
      await store.updateDevice("1", { notes: "cellar" });
      expect((await store.thing("1"))?.thing.revision).toBe(thing.revision + 1);
      await store.updateDevice("1", { name: null });
      expect((await store.thing("1"))?.thing.name).toBe("ParaObject 1");
      expect((await store.device("1"))?.name).toBe("ParaObject 1");
    });

    test("a deleted Thing takes its device and state along and notes its device in the hub for deletion", async () => {
      await make("1");
      expect(await store.deleteThing("1")).toBe(true);
      expect(await store.deleteThing("1")).toBe(false);
      expect([await store.thing("1"), await store.device("1"), await store.deviceState("1")]).toEqual([
        null,
        null,
        null,
      ]);
      expect(await store.hubRemovals({ dueAt: 9e15, limit: 9 })).toMatchObject([
        { connectionId: HUB, hubDeviceId: "1" },
      ]);
      expect(await store.countThings(fleet.id)).toBe(0);
    });

    test("a Thing that leaves its product is deleted like any other", async () => {
      await make("1");
      await store.removeFromProduct(fleet.id, "1");
      expect(await store.thing("1")).toBeNull();
      expect(await store.hubRemovals({ dueAt: 9e15, limit: 9 })).toMatchObject([{ hubDeviceId: "1" }]);
    });

    test("things are read in the order of the ids that are asked for", async () => {
      for (const id of ["1", "2", "3"]) await make(id);
      expect((await store.things(["3", "9", "1"])).map(({ thing }) => thing.id)).toEqual(["3", "1"]);
    });

    test("nobody claims, moves or admits a Thing or one that is being made", async () => {
      const other = (await store.createProduct({ ownerId: ada, name: "Other", slug: "other", description: "" }))!;
      await make("1");
      await store.noteThing(newThing("2", fleet.id), HUB);
      for (const id of ["1", "2"]) {
        expect(await store.claimDevice(ada, id)).toBe("taken");
        expect(await store.addToProduct(other.id, [id])).toEqual({ added: [], nonmember: [id] });
        expect(await store.admitToProduct(other.id, id)).toBeNull();
        expect(await store.requestTransfer(id, ada)).toBeNull();
      }
      expect(await store.device("1")).toMatchObject({ ownerId: null, productId: fleet.id });
      expect(await store.confirmThing("2", { next: stateOf("2", HUB), conflicts: [] })).not.toBeNull();
    });

    test("a product with Things is not deleted, nor one in which a Thing is being made", async () => {
      await store.noteThing(newThing("1", fleet.id), HUB);
      expect(await store.deleteProduct(fleet.id)).toBe("has_things");
      await store.confirmThing("1", { next: stateOf("1", HUB), conflicts: [] });
      expect(await store.deleteProduct(fleet.id)).toBe("has_things");
      await store.deleteThing("1");
      expect(await store.deleteProduct(fleet.id)).toBe("deleted");
    });

    test("things show among their product's devices, and can be in its groups", async () => {
      await make("1", { name: "Boiler" });
      await store.addToProduct(fleet.id, [deviceId(1)]);
      await store.updateDevice("1", { groups: ["cellar"] });
      expect(await store.devicesIn(fleet.id, { page: 1, perPage: 10 })).toMatchObject({ total: 2 });
      const inGroup = await store.devicesIn(fleet.id, { page: 1, perPage: 10, groups: ["cellar"] });
      expect(inGroup.devices.map(({ id }) => id)).toEqual(["1"]);
      await store.deleteThing("1");
      expect((await store.groupsIn(fleet.id))[0]).toMatchObject({ name: "cellar", deviceCount: 0 });
    });

    test("what waited to be delivered for a deleted Thing ends with it, and the ledger adds up", async () => {
      await make("1");
      const integration = await store.createIntegration(settings({ kind: "product", productId: fleet.id }));
      await store.append(event({ deviceId: "1", productId: fleet.id }), [integration.id]);
      await store.deleteThing("1");
      expect(await store.ledger(integration.id)).toMatchObject({ accepted: 1, pending: 0, expired: 1 });
    });
  });

  describe("the keys of apps", () => {
    let under: StoreUnderTest;
    let store: Store;
    let fleet: Product;

    beforeEach(async () => {
      under = await open();
      store = under.store;
      fleet = (await store.createProduct({ ownerId: "ada", name: "Fleet", slug: "fleet", description: "" }))!;
    });
    afterEach(() => under.dispose());

    test("a product has the secret that it was given last, after a restart too", async () => {
      expect(await store.appSecret(fleet.id)).toBeNull();
      await store.renewAppSecret(fleet.id, "secret-1");
      expect(await store.appSecret(fleet.id)).toBe("secret-1");
      await store.renewAppSecret(fleet.id, "secret-2");
      expect(await store.appSecret(fleet.id)).toBe("secret-2");
      store = await under.reopen();
      expect(await store.appSecret(fleet.id)).toBe("secret-2");
    });

    test("a deleted product's secret is gone, and none is made for a product that is not there", async () => {
      await store.renewAppSecret(fleet.id, "secret-1");
      expect(await store.appSecret(fleet.id)).toBe("secret-1");
      await store.deleteProduct(fleet.id);
      expect(await store.appSecret(fleet.id)).toBeNull();
      await store.renewAppSecret(fleet.id, "secret-2");
      expect(await store.appSecret(fleet.id)).toBeNull();
    });

    test("the root app is the one that was set, until it is deleted", async () => {
      expect(await store.rootApp()).toBeNull();
      await store.setRootApp(fleet.id);
      expect(await store.rootApp()).toEqual(fleet);
      store = await under.reopen();
      expect(await store.rootApp()).toEqual(fleet);
      await store.deleteProduct(fleet.id);
      expect(await store.rootApp()).toBeNull();
    });

    test("the root's keys are taken once", async () => {
      const takers = await Promise.all([store.takeRootSetup(), store.takeRootSetup()]);
      expect(takers).toEqual([true, false]);
      store = await under.reopen();
      expect(await store.takeRootSetup()).toBe(false);
    });
  });
}
