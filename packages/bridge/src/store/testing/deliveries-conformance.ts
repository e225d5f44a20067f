/** What every store must do with events and deliveries: order, the ledger, and forgetting only what nobody needs. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DeliveryRecord, DeliveryState, PendingDelivery } from "../../core/delivery.ts";
import { deviceId, event, IN_USE, REFUSED } from "./store-samples.ts";
import type { OpenStore, Store, StoreUnderTest } from "./store-under-test.ts";

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;
const ALL = { kind: "all" } as const;

export function describeDeliveries(open: OpenStore): void {
  describe("events and deliveries", () => {
    let under: StoreUnderTest;
    let store: Store;
    let now: number;
    beforeEach(async () => {
      now = NOW;
      under = await open({ now: () => now });
      store = under.store;
    });
    afterEach(() => under.dispose());

    const append = async (n: number, integrations = ["i1"], at = now): Promise<readonly PendingDelivery[]> =>
      store.append(event({ deviceId: deviceId(n), receivedAt: at }), integrations);
    const deliver = (delivery: PendingDelivery): Promise<void> =>
      store.settle({ kind: "delivered", id: delivery.id, integrationId: delivery.integrationId, at: now });
    const park = (delivery: PendingDelivery): Promise<void> =>
      store.settle({
        kind: "parked",
        id: delivery.id,
        integrationId: delivery.integrationId,
        at: now,
        failure: REFUSED,
      });
    const pendingSeqs = async (n: number, integration = "i1"): Promise<number[]> =>
      (await store.pending(integration, deviceId(n), 0, 1_000)).map((delivery) => delivery.seq);
    const records = async (id: string, query: Parameters<Store["page"]>[1]): Promise<readonly DeliveryRecord[]> =>
      (await store.page(id, query)).records;
    const pruneAll = async (before: number, limit = 3): Promise<number> => {
      let removed = 0;
      for (;;) {
        const step = await store.prune(before, limit);
        removed += step.removed;
        if (step.done) return removed;
      }
    };

    test("what was appended is read back whole, over a restart too", async () => {
      const texts = ["", " ", "a\0b", "\0", "é😀\n", '{"a":1}', "x".repeat(1024), null];
      const events = texts.map((data, i) =>
        event({ data, name: `temp/${i}`, productId: 7, firmwareVersion: 3, publishedAt: NOW - 5 }),
      );
      const placed: (readonly PendingDelivery[])[] = [];
      for (const one of events) placed.push(await store.append(one, ["i1", "i2"]));
      for (const integration of ["i1", "i2"]) {
        const read = await store.pending(integration, deviceId(1), 0, 100);
        expect(read).toEqual(placed.map((pair) => pair.find((delivery) => delivery.integrationId === integration)));
        expect(read.map((delivery) => delivery.event)).toEqual(events);
      }
      store = await under.reopen();
      expect((await store.pending("i1", deviceId(1), 0, 100)).map((delivery) => delivery.event)).toEqual(events);
    });

    test("an event without device or match is accepted and leaves nothing to deliver", async () => {
      expect(await store.append(event({ deviceId: null }), ["i1"])).toEqual([]);
      expect(await append(1, [])).toEqual([]);
      expect(await store.ledger("i1")).toMatchObject({ accepted: 0, pending: 0 });
    });

    test("an event that comes again under one of its prints is not stored again, over a restart too", async () => {
      const first = event();
      const placed = await store.appendOnce(first, ["i1"], ["p1", "p2"]);
      expect(placed).toMatchObject({ deliveries: [{ seq: 1, event: first }] });
      const again = [["p1"], ["p2", "p3"]].map((prints) => store.appendOnce(event(), ["i1"], prints));
      expect(await Promise.all(again)).toEqual([{ firstId: first.id }, { firstId: first.id }]);
      store = await under.reopen();
      expect(await store.appendOnce(event(), ["i1"], ["p2"])).toEqual({ firstId: first.id });
      expect(await pendingSeqs(1)).toEqual([1]);
      expect(await store.ledger("i1")).toMatchObject({ accepted: 1 });
    });

    test("two that arrive together under one print are one", async () => {
      const results = await Promise.all(
        Array.from({ length: 20 }, () => store.appendOnce(event(), ["i1"], ["together"])),
      );
      expect(results.filter((result) => "deliveries" in result)).toHaveLength(1);
      expect(new Set(results.flatMap((result) => ("firstId" in result ? [result.firstId] : []))).size).toBe(1);
      expect(await pendingSeqs(1)).toEqual([1]);
    });

    test("after a day a print is as good as new", async () => {
      await store.appendOnce(event({ receivedAt: now }), ["i1"], ["daily"]);
      const nearly = event({ receivedAt: now + 24 * HOUR });
      expect(await store.appendOnce(nearly, ["i1"], ["daily"])).toHaveProperty("firstId");
      const later = event({ receivedAt: now + 24 * HOUR + 1 });
      expect(await store.appendOnce(later, ["i1"], ["daily"])).toHaveProperty("deliveries");
      const repeat = event({ receivedAt: now + 25 * HOUR });
      expect(await store.appendOnce(repeat, ["i1"], ["daily"])).toEqual({ firstId: later.id });
    });

    test("seq is gapless per device and integration, whoever appends at once, over restarts", async () => {
      for (let round = 0; round < 3; round++) {
        await Promise.all(Array.from({ length: 60 }, (_, i) => append(i % 3, i % 2 === 0 ? ["i1", "i2"] : ["i1"])));
        store = await under.reopen();
      }
      for (const n of [0, 1, 2]) {
        expect(await pendingSeqs(n)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
        expect(await pendingSeqs(n, "i2")).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
      }
    });

    test("seq goes on after a lane is empty and its past is forgotten", async () => {
      const [first] = await append(1);
      await deliver(first!);
      await pruneAll(now + 1);
      store = await under.reopen();
      expect((await append(1))[0]!.seq).toBe(2);
    });

    test("appends keep the order in which they were called", async () => {
      const placed = await Promise.all(Array.from({ length: 500 }, () => append(1)));
      expect(placed.map(([delivery]) => delivery!.seq)).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
    });

    test("pending deliveries are read in pages, settled ones no more", async () => {
      const placed: PendingDelivery[] = [];
      for (let i = 0; i < 5; i++) placed.push((await append(1))[0]!);
      await deliver(placed[0]!);
      await park(placed[2]!);
      expect(await pendingSeqs(1)).toEqual([2, 4, 5]);
      expect((await store.pending("i1", deviceId(1), 2, 1)).map((delivery) => delivery.seq)).toEqual([4]);
    });

    test("devices with pending deliveries are listed once each, in pages", async () => {
      for (const n of [5, 3, 3, 9, 1]) await append(n);
      await append(7, ["i2"]);
      const [done] = await append(8);
      await deliver(done!);
      const page = (after: string, limit: number): Promise<readonly string[]> =>
        store.devicesWithPending("i1", after, limit);
      expect(await page("", 10)).toEqual([1, 3, 5, 9].map(deviceId));
      expect(await page("", 2)).toEqual([1, 3].map(deviceId));
      expect(await page(deviceId(3), 2)).toEqual([5, 9].map(deviceId));
      expect(await page(deviceId(9), 2)).toEqual([]);
      expect(await store.devicesWithPending("i3", "", 2)).toEqual([]);
    });

    test("a delivery settles once", async () => {
      const [delivery] = await append(1);
      await deliver(delivery!);
      await deliver(delivery!);
      await park(delivery!);
      await store.settle({
        kind: "retry",
        id: 1,
        integrationId: "i1",
        at: now,
        failure: IN_USE,
        nextAttemptAt: now,
        attempts: 1,
      });
      expect(await store.ledger("i1")).toEqual({
        accepted: 1,
        delivered: 1,
        pending: 0,
        parked: 0,
        expired: 0,
        erased: 0,
      });
      expect(await store.today("i1")).toEqual({ success: 1, error: 0 });
    });

    test("a retry keeps the place in the lane and remembers tries and failure", async () => {
      const [delivery] = await append(1);
      await append(1);
      const { id, integrationId } = delivery!;
      await store.settle({
        kind: "retry",
        id,
        integrationId,
        at: now,
        failure: IN_USE,
        nextAttemptAt: now + 5,
        attempts: 3,
      });
      expect((await store.pending("i1", deviceId(1), 0, 1))[0]).toEqual({ ...delivery, attempts: 3 });
      expect((await records("i1", { limit: 10 }))[1]).toMatchObject({
        id,
        state: "pending",
        attempts: 3,
        failure: IN_USE,
      });
      expect(await store.today("i1")).toEqual({ success: 0, error: 1 });
    });

    test("every try counts: those before a delivery, the delivery itself, and those before somebody retried it", async () => {
      const [first, second] = [(await append(1))[0]!, (await append(2))[0]!];
      const retry = { kind: "retry", at: now, failure: IN_USE, nextAttemptAt: now } as const;
      await store.settle({ ...retry, id: first.id, integrationId: "i1", attempts: 1 });
      await deliver(first);
      await park(second);
      await store.retry("i1", ALL);
      await deliver(second);
      expect((await records("i1", { limit: 2 })).map(({ attempts }) => attempts)).toEqual([2, 2]);
    });

    test("the day's counts begin at midnight UTC; the ledger does not", async () => {
      now = Date.UTC(2026, 0, 31, 23, 59, 59, 999);
      const [first, second] = [(await append(1))[0]!, (await append(1))[0]!];
      await deliver(first);
      await park(second);
      expect(await store.today("i1")).toEqual({ success: 1, error: 1 });
      now += 1;
      expect(await store.today("i1")).toEqual({ success: 0, error: 0 });
      expect((await store.retry("i1", ALL)).count).toBe(1);
      expect(await store.ledger("i1")).toMatchObject({ accepted: 2, delivered: 1, pending: 1, parked: 0 });
    });

    test("records are listed newest first, by state, before an id", async () => {
      const placed: PendingDelivery[] = [];
      for (let n = 0; n < 6; n++) placed.push((await append(n))[0]!);
      await deliver(placed[1]!);
      await park(placed[3]!);
      const ids = async (query: { state?: DeliveryState; before?: number; limit: number }): Promise<number[]> =>
        (await records("i1", query)).map((record) => record.id);
      const all = placed.map((delivery) => delivery.id).toReversed();
      expect(await ids({ limit: 100 })).toEqual(all);
      expect(await ids({ limit: 2 })).toEqual(all.slice(0, 2));
      expect(await ids({ limit: 2, before: all[1]! })).toEqual(all.slice(2, 4));
      expect(await ids({ limit: 9, state: "pending" })).toEqual([5, 4, 2, 0].map((n) => placed[n]!.id));
      expect(await records("i1", { limit: 9, state: "parked" })).toEqual([
        {
          id: placed[3]!.id,
          eventId: placed[3]!.event.id,
          event: "temperature",
          deviceId: deviceId(3),
          state: "parked",
          seq: 1,
          attempts: 1,
          acceptedAt: now,
          settledAt: now,
          nextAttemptAt: null,
          failure: REFUSED,
          reason: null,
          replayId: null,
        },
      ]);
      expect(await ids({ limit: 9, state: "delivered" })).toEqual([placed[1]!.id]);
      expect(await records("i2", { limit: 9 })).toEqual([]);
    });

    test("parked deliveries are retried all, or those that are named, with the lanes of those that are pending", async () => {
      const placed: PendingDelivery[] = [];
      for (let n = 0; n < 6; n++) placed.push((await append(n % 2))[0]!);
      for (const delivery of placed.slice(0, 4)) await park(delivery);
      const [foreign] = await append(1, ["i2"]);
      await park(foreign!);
      const { id } = placed[0]!;
      expect(await store.retry("i1", { kind: "ids", ids: [id, id, placed[5]!.id, foreign!.id, 999] })).toEqual({
        count: 2,
        lanes: new Map([["i1", new Set([deviceId(0), deviceId(1)])]]),
      });
      expect(await pendingSeqs(0)).toEqual([1, 3]);
      const rest = await store.retry("i1", ALL);
      expect(rest).toEqual({ count: 3, lanes: new Map([["i1", new Set([deviceId(1), deviceId(0)])]]) });
      expect((await store.retry("i1", ALL)).count).toBe(0);
      expect(await pendingSeqs(1)).toEqual([1, 2, 3]);
      expect(await store.ledger("i2")).toMatchObject({ parked: 1 });
    });

    test("what a deleted integration leaves pending or parked ends as expired", async () => {
      for (let n = 0; n < 5; n++) await append(n, ["i1", "i2"]);
      const [first, second] = await store
        .pending("i1", deviceId(0), 0, 1)
        .then(async (found) => [found[0]!, (await store.pending("i1", deviceId(1), 0, 1))[0]!]);
      await deliver(first!);
      await park(second!);
      expect(await store.expirePending("i1")).toBe(4);
      expect(await store.expirePending("i1")).toBe(0);
      expect(await store.ledger("i1")).toEqual({
        accepted: 5,
        delivered: 1,
        pending: 0,
        parked: 0,
        expired: 4,
        erased: 0,
      });
      expect(await store.ledger("i2")).toMatchObject({ pending: 5, expired: 0 });
    });

    test.each([1, 2, 3, 4, 7, 1_000])(
      "pruning in steps of %i keeps what somebody needs, whole, and nothing else",
      async (limit) => {
        for (let i = 0; i < 24; i++) {
          const placed = await append(i % 4, i % 3 === 0 ? ["i1", "i2", "i3"] : i % 3 === 1 ? ["i1"] : []);
          const [first, second, third] = placed;
          if (first !== undefined && i % 4 !== 1) await deliver(first);
          if (second !== undefined) await (i % 2 === 0 ? park(second) : deliver(second));
          if (third !== undefined && i % 5 !== 0) await deliver(third);
        }
        const needed = async (): Promise<unknown> => {
          const pending = [];
          for (const integration of ["i1", "i2", "i3"]) {
            for (const n of [0, 1, 2, 3]) pending.push(await store.pending(integration, deviceId(n), 0, 100));
          }
          return [pending, await records("i2", { state: "parked", limit: 100 })];
        };
        const before = await needed();
        const ledgers = await Promise.all(["i1", "i2", "i3"].map((id) => store.ledger(id)));
        expect(await pruneAll(now, limit)).toBe(0);
        expect(await pruneAll(now + 1, limit)).toBeGreaterThan(0);
        expect(await needed()).toEqual(before);
        expect(await Promise.all(["i1", "i2", "i3"].map((id) => store.ledger(id)))).toEqual(ledgers);
        expect(await records("i1", { state: "delivered", limit: 9 })).toEqual([]);
        expect(await pruneAll(now + 1, limit)).toBe(0);
      },
    );

    test("a pending event survives however long it waits, and while others are appended and forgotten", async () => {
      const [waiting] = await append(1);
      for (let hour = 1; hour <= 6; hour++) {
        now += HOUR;
        for (let i = 0; i < 5; i++) await deliver((await append(2))[0]!);
        await pruneAll(now + 1, 2);
        if (hour === 3) store = await under.reopen();
      }
      expect(await store.pending("i1", deviceId(1), 0, 9)).toEqual([waiting]);
      await deliver(waiting!);
      expect(await pruneAll(now + 1, 2)).toBe(2);
    });

    test("a clock that jumped forward costs no pending event", async () => {
      now = 1_000;
      const [old] = await append(1);
      const [done] = await append(2);
      await deliver(done!);
      await store.prune(NOW, 1);
      const [next] = await append(3);
      now = NOW;
      await pruneAll(NOW, 1);
      expect(await store.pending("i1", deviceId(1), 0, 9)).toEqual([old]);
      expect(await store.pending("i1", deviceId(3), 0, 9)).toEqual([next]);
    });
  });
}
