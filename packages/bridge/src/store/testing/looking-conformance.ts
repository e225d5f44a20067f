/** What every store must find again of events, and remember of test identities. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lineKey } from "../../core/delivery-target.ts";
import { deviceId, event, settings } from "./store-samples.ts";
import type { OpenStore, Store, StoreUnderTest } from "./store-under-test.ts";

export function describeLooking(open: OpenStore): void {
  describe("looking at events again", () => {
    let under: StoreUnderTest;
    let store: Store;
    beforeEach(async () => {
      under = await open({ now: () => 1_700_000_000_000 });
      store = under.store;
    });
    afterEach(() => under.dispose());

    test("a scope's events are those of the devices that it has now, newest first", async () => {
      const { id: ada } = (await store.createAccount({ username: "ada", passwordHash: "x" }))!;
      const fleet = (await store.createProduct({ ownerId: ada, name: "Fleet", slug: "fleet", description: "" }))!;
      await store.claimDevice(ada, deviceId(1));
      await store.claimDevice(ada, deviceId(2));
      await store.addToProduct(fleet.id, [deviceId(2), deviceId(3)]);
      const published = [
        event({ name: "temp/1", deviceId: deviceId(1) }),
        event({ name: "temp/2", deviceId: deviceId(2), data: null }),
        event({ name: "TEMP", deviceId: deviceId(3), productId: fleet.id, firmwareVersion: 3 }),
        event({ name: "temp/4", deviceId: deviceId(4) }),
        event({ name: "temp/5", deviceId: null }),
        event({ name: "%", deviceId: deviceId(1) }),
      ];
      for (const one of published) await store.append(one, []);
      const names = async (...query: Parameters<Store["recentEvents"]>): Promise<string[]> =>
        (await store.recentEvents(...query)).map(({ name }) => name);
      const sandbox = { kind: "sandbox", accountId: ada } as const;
      const product = { kind: "product", productId: fleet.id } as const;
      expect(await names(sandbox, { limit: 10 })).toEqual(["%", "temp/2", "temp/1"]);
      expect(await names(sandbox, { limit: 2 })).toEqual(["%", "temp/2"]);
      expect(await names(sandbox, { limit: 10, prefix: "temp" })).toEqual(["temp/2", "temp/1"]);
      expect(await names(sandbox, { limit: 10, prefix: "%" })).toEqual(["%"]);
      expect(await names(sandbox, { limit: 10, deviceId: deviceId(1) })).toEqual(["%", "temp/1"]);
      expect(await store.recentEvents(product, { limit: 10 })).toEqual([published[2], published[1]]);
      expect(await names({ kind: "sandbox", accountId: "b" }, { limit: 10 })).toEqual([]);
      store = await under.reopen();
      expect(await store.recentEvent(published[0]!.id)).toEqual(published[0]);
      expect(await store.recentEvent("nothing")).toBeNull();
    });

    test("identities of tests are remembered until they are removed, or their connection is gone", async () => {
      const integration = await store.createIntegration(settings({ kind: "product", productId: 7 }));
      const connectionId = lineKey(integration);
      const [kept, removed] = ["isthmus-test-a", "isthmus-test-b"].map((id) => ({ connectionId, deviceId: id }));
      await store.noteTestIdentity(kept!);
      await store.noteTestIdentity(kept!);
      await store.noteTestIdentity(removed!);
      await store.forgetTestIdentity(removed!);
      store = await under.reopen();
      expect(await store.testIdentities(10)).toEqual([kept]);
      await store.deleteIntegration(integration.id);
      expect(await store.testIdentities(10)).toEqual([]);
    });
  });
}
