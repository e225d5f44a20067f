/** What every store must tell of deliveries, and do with them when somebody asks: pages, causes, log, copies, replays, erasing. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { replayQueue, type PendingDelivery } from "../../core/delivery.ts";
import type { DeliveryFilter } from "../../core/delivery-history.ts";
import type { Failure } from "../../core/failure.ts";
import { deviceId, event, IN_USE, REFUSED, settings } from "./store-samples.ts";
import type { OpenStore, Store, StoreUnderTest } from "./store-under-test.ts";

const NOW = 1_700_000_100_000;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const ALL = { kind: "all" } as const;
const TOO_LARGE: Failure = { code: "message_too_large", message: "Too large." };
const REPLAYED = replayQueue("i1");

export function describeHistory(open: OpenStore): void {
  describe("history of deliveries", () => {
    let under: StoreUnderTest;
    let store: Store;
    let now: number;
    beforeEach(async () => {
      now = NOW;
      under = await open({ now: () => now });
      store = under.store;
    });
    afterEach(() => under.dispose());

    const append = async (n: number, about: { name?: string; integration?: string } = {}): Promise<PendingDelivery> => {
      const { name = "temp", integration = "i1" } = about;
      const [delivery] = await store.append(event({ deviceId: deviceId(n), name, receivedAt: now }), [integration]);
      return delivery!;
    };
    const about = ({ id, integrationId }: PendingDelivery): { id: number; integrationId: string; at: number } => ({
      id,
      integrationId,
      at: now,
    });
    const deliver = (delivery: PendingDelivery): Promise<void> =>
      store.settle({ ...about(delivery), kind: "delivered" });
    const park = (delivery: PendingDelivery, failure = REFUSED): Promise<void> =>
      store.settle({ ...about(delivery), kind: "parked", failure });
    const waits = (delivery: PendingDelivery, attempts = 1): Promise<void> =>
      store.settle({ ...about(delivery), kind: "retry", failure: IN_USE, nextAttemptAt: now, attempts });
    const found = async (filter: DeliveryFilter): Promise<number[]> => {
      const ids: number[] = [];
      let before: number | null = Number.MAX_SAFE_INTEGER;
      while (before !== null) {
        const page: Awaited<ReturnType<Store["page"]>> = await store.page("i1", { ...filter, before, limit: 2 });
        ids.push(...page.records.map(({ id }) => id));
        before = page.next;
      }
      return ids;
    };
    const pendingOf = async (queue: string, n: number): Promise<readonly PendingDelivery[]> =>
      store.pending(queue, deviceId(n), 0, 100);
    const ledger = async (): Promise<unknown> => {
      const { accepted, delivered, pending, parked, expired, erased } = await store.ledger("i1");
      return [accepted, delivered, pending, parked, expired, erased];
    };

    test("every filter finds what fits it, alone and together, page by page", async () => {
      const all: (PendingDelivery & { state: string; code?: string; at: number })[] = [];
      for (let i = 0; i < 24; i++) {
        now = NOW + i * MINUTE;
        const delivery = await append(i % 3, { name: i % 4 === 0 ? "temp/a" : "hum" });
        const [state, code] = (
          [["pending"], ["delivered"], ["parked", "message_refused"], ["parked", "message_too_large"]] as const
        )[i % 4]!;
        if (state === "delivered") await deliver(delivery);
        if (state === "parked") await park(delivery, code === "message_too_large" ? TOO_LARGE : REFUSED);
        all.push({ ...delivery, state, at: now, ...(code !== undefined && { code }) });
      }
      await append(0, { integration: "i2" });
      const expected = (fits: (one: (typeof all)[number]) => boolean): number[] =>
        all
          .filter(fits)
          .map(({ id }) => id)
          .toReversed();
      expect(await found({})).toEqual(expected(() => true));
      expect(await found({ state: "parked" })).toEqual(expected((one) => one.state === "parked"));
      expect(await found({ code: "message_refused" })).toEqual(expected((one) => one.code === "message_refused"));
      expect(await found({ deviceId: deviceId(1) })).toEqual(expected((one) => one.event.deviceId === deviceId(1)));
      expect(await found({ event: "temp" })).toEqual(expected((one) => one.event.name === "temp/a"));
      expect(await found({ event: "TEMP" })).toEqual([]);
      const [since, until] = [NOW + 5 * MINUTE, NOW + 15 * MINUTE];
      expect(await found({ since, until })).toEqual(expected((one) => one.at >= since && one.at < until));
      expect(await found({ deviceId: deviceId(2), state: "parked", code: "message_too_large", since })).toEqual(
        expected((one) => one.event.deviceId === deviceId(2) && one.code === "message_too_large" && one.at >= since),
      );
      expect(await found({ state: "delivered", event: "hum", until })).toEqual(
        expected((one) => one.state === "delivered" && one.at < until),
      );
      expect(await found({ since: NOW + DAY })).toEqual([]);
    });

    test("a delivery is shown with its event and the last tries, newest first, over a restart too", async () => {
      const delivery = await append(1);
      for (let i = 1; i <= 7; i++) {
        now += 1;
        await waits(delivery, i);
      }
      now += 1;
      const exchange = { request: "{}", response: "accepted", status: "accepted", durationMs: 5 };
      await store.settle({ ...about(delivery), kind: "delivered", exchange });
      for (const round of [0, 1]) {
        if (round === 1) store = await under.reopen();
        const shown = (await store.delivery("i1", delivery.id))!;
        expect(shown.event).toEqual(delivery.event);
        expect(shown.record).toMatchObject({ state: "delivered", attempts: 8, settledAt: now });
        expect(shown.attempts.map(({ at, outcome }) => [at - NOW, outcome])).toEqual([
          [8, "delivered"],
          ...[7, 6, 5, 4, 3].map((at) => [at, "retry"]),
        ]);
        expect(shown.attempts[0]?.exchange).toEqual(exchange);
        expect(await store.delivery("i2", delivery.id)).toBeNull();
      }
    });

    test("the log keeps ten of each outcome, also of tries that a target in trouble held", async () => {
      for (let i = 0; i < 13; i++) {
        now += 1;
        await deliver(await append(1));
      }
      const held = await append(2);
      for (let i = 0; i < 12; i++) {
        now += 1;
        await store.settle({ ...about(held), kind: "held", failure: { code: "hub_error", message: "Trouble." } });
      }
      store = await under.reopen();
      const log = await store.log("i1");
      expect(log.filter(({ outcome }) => outcome === "delivered").map(({ at }) => at - NOW)).toEqual([
        13, 12, 11, 10, 9, 8, 7, 6, 5, 4,
      ]);
      expect(log.filter(({ outcome }) => outcome === "held")).toHaveLength(10);
      expect(log[0]).toMatchObject({ deviceId: deviceId(2), event: "temp", failure: { code: "hub_error" } });
      expect((await store.delivery("i1", held.id))?.record).toMatchObject({
        state: "pending",
        attempts: 0,
        failure: null,
      });
      expect(await store.today("i1")).toEqual({ success: 13, error: 12 });
    });

    test("causes are counted as deliveries come into them and leave them", async () => {
      const placed: PendingDelivery[] = [];
      for (let i = 0; i < 5; i++) placed.push(await append(i));
      now += MINUTE;
      await park(placed[0]!);
      await park(placed[1]!, TOO_LARGE);
      now += MINUTE;
      await park(placed[2]!);
      await waits(placed[3]!);
      const causes = async (): Promise<unknown> =>
        (await store.failures("i1"))
          .map(({ code, parked, waiting, firstAt, lastAt, sampleId }) => [
            code,
            parked,
            waiting,
            firstAt - NOW,
            lastAt - NOW,
            sampleId,
          ])
          .toSorted((a, b) => String(a[0]).localeCompare(String(b[0])));
      const inUse = ["identity_in_use", 0, 1, 2 * MINUTE, 2 * MINUTE, placed[3]!.id];
      const tooLarge = ["message_too_large", 1, 0, MINUTE, MINUTE, placed[1]!.id];
      expect(await causes()).toEqual([inUse, ["message_refused", 2, 0, MINUTE, 2 * MINUTE, placed[2]!.id], tooLarge]);
      expect((await store.retry("i1", { kind: "code", code: "message_refused" })).count).toBe(2);
      await deliver(placed[0]!);
      await deliver(placed[2]!);
      store = await under.reopen();
      expect(await causes()).toEqual([inUse, tooLarge]);
      expect(await ledger()).toEqual([5, 2, 2, 1, 0, 0]);
      await store.discard("i1", ALL, "old");
      await deliver(placed[3]!);
      expect(await causes()).toEqual([]);
    });

    test("what is discarded ends as expired with its reason; pending ones only by name", async () => {
      const [first, second, third] = [await append(1), await append(2), await append(3)];
      await park(first);
      await park(second, TOO_LARGE);
      expect((await store.discard("i1", { kind: "code", code: "message_too_large" }, "too big")).count).toBe(1);
      expect(await ledger()).toEqual([3, 0, 1, 1, 1, 0]);
      const changes = await store.discard("i1", { kind: "ids", ids: [first.id, third.id, third.id, 999] }, "test data");
      expect(changes).toEqual({ count: 2, lanes: new Map([["i1", new Set([deviceId(3)])]]) });
      expect((await store.delivery("i1", third.id))?.record).toMatchObject({
        state: "expired",
        reason: { kind: "discarded", note: "test data" },
      });
      // Its send was under way: what came of it changes nothing any more.
      await deliver(third);
      expect(await ledger()).toEqual([3, 0, 0, 0, 3, 0]);
    });

    test("a copy is a new event in its device's lane, and the parked delivery ends", async () => {
      const parked = await append(1);
      await park(parked);
      const changed = { ...event({ deviceId: deviceId(1), data: "22" }), deviceId: deviceId(1) };
      const copy = await store.appendCopy("i1", parked.id, changed);
      expect(copy).toMatchObject({ seq: 2, attempts: 0, integrationId: "i1", event: changed });
      expect(await pendingOf("i1", 1)).toEqual([copy]);
      expect((await store.delivery("i1", parked.id))?.record).toMatchObject({
        state: "expired",
        reason: { kind: "copied" },
      });
      expect(await ledger()).toEqual([2, 0, 1, 0, 1, 0]);
    });

    test("a replay sends a window's deliveries again, apart from the live ones, with the same ids and numbers", async () => {
      const placed: PendingDelivery[] = [];
      for (let i = 0; i < 12; i++) {
        now = NOW + i * MINUTE;
        placed.push(await append(i % 2, { name: i === 6 ? "other" : "temp" }));
      }
      for (const delivery of placed.slice(0, 11)) await deliver(delivery);
      const window = { from: NOW + 2 * MINUTE, to: NOW + 9 * MINUTE, deviceId: null, event: "te" };
      const replay = (await store.createReplay("i1", window))!;
      expect(await store.createReplay("i1", window)).toBeNull();
      expect(await store.createReplay("i2", window)).not.toBeNull();
      expect(await store.replayStep(replay.id, 4)).toEqual({ deviceIds: [deviceId(0), deviceId(1)], idle: false });
      expect(await store.replayStep(replay.id, 4)).toEqual({ deviceIds: [], idle: true });
      expect(await ledger()).toEqual([16, 11, 5, 0, 0, 0]);
      store = await under.reopen();
      const again = [...(await pendingOf(REPLAYED, 0)), ...(await pendingOf(REPLAYED, 1))];
      expect(again.map(({ event: one, seq }) => [one.id, seq])).toEqual(
        [2, 4, 3, 5].map((i) => [placed[i]!.event.id, placed[i]!.seq]),
      );
      expect((await pendingOf("i1", 1)).map(({ id }) => id)).toEqual([placed[11]!.id]);
      expect(await store.devicesWithPending(REPLAYED, "", 9)).toEqual([deviceId(0), deviceId(1)]);
      for (const delivery of again.slice(0, 3)) await deliver(delivery);
      await park(again[3]!);
      await store.replayStep(replay.id, 4);
      for (const delivery of await pendingOf(REPLAYED, 1)) await deliver(delivery);
      for (const delivery of await pendingOf(REPLAYED, 0)) await deliver(delivery);
      await store.replayStep(replay.id, 4);
      expect((await store.replays("i1"))[0]).toMatchObject({
        state: "done",
        queued: 6,
        delivered: 5,
        parked: 1,
        expired: 0,
      });
      expect(await ledger()).toEqual([18, 16, 1, 1, 0, 0]);
      now += 1;
      // What a replay has sent is not sent once more by the next one.
      const next = (await store.createReplay("i1", { ...window, to: now + DAY }))!;
      await store.replayStep(next.id, 100);
      expect((await store.replays("i1"))[0]).toMatchObject({ id: next.id, queued: 8 });
    });

    test("a cancelled replay gives up what it has queued, and its events survive pruning until they are sent", async () => {
      for (let i = 0; i < 3; i++) await deliver(await append(i));
      now += DAY;
      const replay = (await store.createReplay("i1", { from: NOW, to: now, deviceId: null, event: null }))!;
      await store.replayStep(replay.id, 2);
      for (let i = 0; i < 9; i++) await store.prune(now + 1, 2);
      expect((await pendingOf(REPLAYED, 0))[0]?.event.data).toBe("21.5");
      const changes = await store.cancelReplay("i1", replay.id);
      expect(changes?.lanes).toEqual(new Map([[REPLAYED, new Set([deviceId(0), deviceId(1)])]]));
      expect((await store.replays("i1"))[0]).toMatchObject({ state: "cancelled", queued: 2, expired: 2 });
      expect(await ledger()).toEqual([5, 3, 0, 0, 2, 0]);
      expect(await store.cancelReplay("i2", replay.id)).toBeNull();
    });

    test("what waited or was parked for too long ends, counted from the last retry", async () => {
      const [old, parked, retried] = [await append(1), await append(2), await append(3)];
      await park(parked);
      await park(retried);
      now += 7 * DAY;
      await store.retry("i1", { kind: "ids", ids: [retried.id] });
      const young = await append(1);
      expect((await store.oldest())[0]).toEqual({ integrationId: "i1", pendingSince: NOW, parkedSince: NOW });
      expect(await store.expireOld("i1", "pending", now - DAY)).toEqual({
        count: 1,
        lanes: new Map([["i1", new Set([deviceId(1)])]]),
      });
      expect((await store.expireOld("i1", "parked", now - DAY)).count).toBe(1);
      expect((await store.delivery("i1", old.id))?.record.reason?.kind).toBe("retention");
      expect((await pendingOf("i1", 1)).map(({ id }) => id)).toEqual([young.id]);
      expect((await pendingOf("i1", 3)).map(({ id }) => id)).toEqual([retried.id]);
    });

    test("counts over time are merged to the asked interval, and kept when minutes become quarters of an hour", async () => {
      for (const minute of [0, 1, 1, 20]) {
        now = NOW + minute * MINUTE;
        await deliver(await append(1));
      }
      await park(await append(2));
      const series = async (bucketMs: number): Promise<unknown> =>
        (await store.series("i1", { from: NOW - DAY, to: NOW + DAY, bucketMs })).map(
          ({ accepted, success, failure }) => [accepted, success, failure],
        );
      const byMinute = [
        [1, 1, 0],
        [2, 2, 0],
        [2, 1, 1],
      ];
      expect(await series(MINUTE)).toEqual(byMinute);
      store = await under.reopen();
      expect(await series(MINUTE)).toEqual(byMinute);
      now += 3 * DAY;
      await store.tidySeries();
      expect(await series(MINUTE)).toEqual([
        [3, 3, 0],
        [2, 1, 1],
      ]);
      expect(await series(2 * DAY)).toEqual([[5, 4, 1]]);
      now += 31 * DAY;
      await store.tidySeries();
      expect(await series(MINUTE)).toEqual([]);
      expect(await store.ledger("i1")).toMatchObject({ accepted: 5, delivered: 4, parked: 1 });
    });

    test("the counts of several integrations come in one go, of unknown ones too", async () => {
      await deliver(await append(1));
      await park(await append(2));
      const query = { from: NOW - DAY, to: NOW + DAY, bucketMs: 60 * MINUTE };
      const counts = await store.counts(["i1", "nobody"], query);
      expect([...counts.keys()]).toEqual(["i1", "nobody"]);
      expect(counts.get("i1")).toEqual({
        today: await store.today("i1"),
        ledger: await store.ledger("i1"),
        series: await store.series("i1", query),
      });
      expect(counts.get("i1")).toMatchObject({ today: { success: 1, error: 1 }, ledger: { parked: 1 } });
      expect(counts.get("nobody")).toMatchObject({ ledger: { accepted: 0 }, series: [] });
    });

    test("a deleted integration's ledger stays readable, with the reasons of what expired", async () => {
      const scope = { kind: "product", productId: 7 } as const;
      const { id } = await store.createIntegration(settings(scope));
      const [first] = [await append(1, { integration: id }), await append(2, { integration: id })];
      await deliver(first);
      expect(await store.deleteIntegration(id)).toBe(true);
      await store.expirePending(id);
      store = await under.reopen();
      expect((await store.ledgers()).find(({ integrationId }) => integrationId === id)).toEqual({
        integrationId: id,
        name: "To the hub",
        event: "temp",
        scope,
        deletedAt: now,
        ledger: { accepted: 2, delivered: 1, pending: 0, parked: 0, expired: 1, erased: 0 },
        expiredBy: { integration_deleted: 1 },
      });
      expect(await store.log(id)).toEqual([]);
    });

    test("what a device said is erased; what was not delivered becomes erased in the ledger", async () => {
      const placed: PendingDelivery[] = [];
      for (let i = 0; i < 6; i++) placed.push(await append(i < 4 ? 1 : 2));
      await deliver(placed[0]!);
      await park(placed[1]!);
      await deliver(placed[4]!);
      const erased = await store.eraseDevice(deviceId(1));
      expect(erased).toEqual({ events: 4, count: 4, lanes: new Map([["i1", new Set([deviceId(1)])]]) });
      expect(await ledger()).toEqual([6, 2, 1, 0, 0, 3]);
      expect(await found({})).toEqual([placed[5]!.id, placed[4]!.id]);
      expect((await store.log("i1")).map(({ deliveryId }) => deliveryId)).toEqual([placed[4]!.id]);
      expect(await store.failures("i1")).toEqual([]);
      expect((await append(1)).seq).toBe(5);
      expect((await append(1)).id).toBeGreaterThan(placed[5]!.id);
    });

    test("integrations with a long backlog are named, and no others", async () => {
      for (let i = 0; i < 3; i++) await append(i);
      await append(1, { integration: "i2" });
      expect(await store.overBacklog(2)).toEqual(["i1"]);
      expect(await store.overBacklog(3)).toEqual([]);
    });
  });
}
