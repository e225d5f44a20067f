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

    test("a view's events are paged back, newest first, each once, by where devices belong now", async () => {
      const { id: ada } = (await store.createAccount({ username: "ada", passwordHash: "x" }))!;
      const fleet = (await store.createProduct({ ownerId: ada, name: "Fleet", slug: "fleet", description: "" }))!;
      await store.claimDevice(ada, deviceId(1));
      await store.claimDevice("eve", deviceId(4));
      await store.addToProduct(fleet.id, [deviceId(1), deviceId(3)]);
      const published = [
        event({ name: "a", deviceId: deviceId(1) }),
        event({ name: "b", deviceId: deviceId(4) }),
        event({ name: "c", deviceId: deviceId(3), productId: fleet.id }),
        event({ name: "d", deviceId: null, accountId: ada }),
        event({ name: "e", deviceId: null, accountId: "eve" }),
        event({ name: "f", deviceId: null, productId: fleet.id }),
        event({ name: "aa", deviceId: deviceId(1) }),
      ];
      for (const one of published) await store.append(one, []);
      store = await under.reopen();
      const all = { accountId: ada, productIds: [fleet.id] };
      const names = async (...query: Parameters<Store["eventPage"]>): Promise<string> =>
        (await store.eventPage(...query)).events.map(({ name }) => name).join(" ");
      expect(await names(all, { limit: 10 })).toBe("aa f d c a");
      expect(await names({ accountId: ada, productIds: [] }, { limit: 10 })).toBe("aa d a");
      expect(await names({ accountId: null, productIds: [fleet.id] }, { limit: 10 })).toBe("aa f c a");
      expect(await names({ accountId: null, productIds: [] }, { limit: 10 })).toBe("");
      expect(await names(all, { limit: 10, prefix: "a" })).toBe("aa a");
      expect(await names(all, { limit: 10, deviceId: deviceId(3) })).toBe("c");
      const first = await store.eventPage(all, { limit: 2 });
      const second = await store.eventPage(all, { limit: 2, before: first.next! });
      const third = await store.eventPage(all, { limit: 2, before: second.next! });
      expect([...first.events, ...second.events, ...third.events]).toEqual(
        [6, 5, 3, 2, 0].map((place) => published[place]),
      );
      expect(third.next).toBeNull();
    });

    test("an event is found by its id with the deliveries that it became, among many and among copies of replays", async () => {
      const integration = await store.createIntegration(settings({ kind: "product", productId: 7 }));
      const other = await store.createIntegration(settings({ kind: "product", productId: 7 }));
      const from = 1_700_000_000_000;
      const published = Array.from({ length: 60 }, (_, n) => event({ receivedAt: from + n * 1_000 }));
      for (const [n, one] of published.entries()) {
        await store.append(one, n % 3 === 0 ? [] : n % 3 === 1 ? [integration.id] : [integration.id, other.id]);
      }
      const [waiting] = await store.pending(integration.id, deviceId(1), 0, 1);
      await store.settle({ kind: "delivered", id: waiting!.id, integrationId: integration.id, at: from + 60_000 });
      const replay = await store.createReplay(integration.id, {
        from,
        to: from + 100_000,
        deviceId: null,
        event: null,
      });
      await store.replayStep(replay!.id, 10);
      store = await under.reopen();
      for (const [n, one] of published.entries()) {
        const trace = (await store.eventTrace(one.id))!;
        expect(trace.event).toEqual(one);
        const took = n % 3 === 0 ? [] : n % 3 === 1 ? [integration.id] : [integration.id, other.id];
        expect(trace.deliveries.map(({ integrationId }) => integrationId)).toEqual(took);
        expect(trace.deliveries.map(({ record }) => record.eventId)).toEqual(took.map(() => one.id));
      }
      const [first] = (await store.eventTrace(published[1]!.id))!.deliveries;
      expect(first!.record).toMatchObject({ id: waiting!.id, state: "delivered", seq: 1 });
      const derived = event({ id: "018bcfe5-6800-8000-8000-000000000001", receivedAt: from + 90_000 });
      await store.append(derived, []);
      expect((await store.eventTrace(derived.id))?.event).toEqual(derived);
      expect(await store.eventTrace("nothing")).toBeNull();
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
