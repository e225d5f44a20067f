/** What every store must keep of sources: settings, sealed secrets, progress, gaps. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { emptyProgress } from "../../core/source.ts";
import type { SourceSettings } from "../../core/source.ts";
import { deviceId } from "./store-samples.ts";
import type { OpenStore, Store, StoreUnderTest } from "./store-under-test.ts";

const CLOUD: SourceSettings = {
  kind: "particle-cloud",
  productId: 7,
  name: "Fleet",
  disabled: false,
  event: "temp",
  createDevices: true,
  systemEvents: false,
  baseUrl: "https://api.particle.io",
  particleProduct: "weather-v2",
  particleDevice: null,
  followEvents: true,
};
const WEBHOOK: SourceSettings = {
  kind: "inbound-webhook",
  productId: 7,
  name: "Webhook",
  disabled: true,
  event: "",
  createDevices: false,
  systemEvents: true,
  fields: { data: "reading.value" },
};

export function describeSources(open: OpenStore): void {
  describe("sources", () => {
    let under: StoreUnderTest;
    let store: Store;
    let now = 1_700_000_000_000;

    beforeEach(async () => {
      under = await open({ now: () => now });
      store = under.store;
    });

    afterEach(() => under.dispose());

    test("settings and secrets come back whole after a restart", async () => {
      const cloud = await store.createSource(CLOUD, "token-1");
      const webhook = await store.createSource(WEBHOOK, "hash-1");
      expect(cloud).toEqual({ ...CLOUD, id: cloud.id, createdAt: now, updatedAt: now });
      store = await under.reopen();
      expect(await store.source(cloud.id)).toEqual(cloud);
      expect(await store.source(webhook.id)).toEqual(webhook);
      expect(await store.sourceSecret(cloud.id)).toBe("token-1");
      expect(await store.sourceSecret(webhook.id)).toBe("hash-1");
      expect(new Set((await store.sourcesIn(7)).map(({ id }) => id))).toEqual(new Set([cloud.id, webhook.id]));
      expect(await store.sourcesIn(8)).toEqual([]);
      expect(await store.allSources()).toHaveLength(2);
    });

    test("a change keeps the secret unless a new one is given, and never the kind's", async () => {
      const { id } = await store.createSource(CLOUD, "token-1");
      expect(await store.sourceSecret(id)).toBe("token-1");
      now += 5;
      expect(await store.updateSource(id, { ...CLOUD, disabled: true })).toMatchObject({
        disabled: true,
        updatedAt: now,
      });
      expect(await store.sourceSecret(id)).toBe("token-1");
      await store.updateSource(id, CLOUD, "token-2");
      expect(await store.sourceSecret(id)).toBe("token-2");
      expect(await store.updateSource(id, WEBHOOK, "hash")).toBeNull();
      expect(await store.source(id)).toMatchObject({ kind: "particle-cloud", disabled: false });
    });

    test("a deleted source takes everything with it, and no late word brings it back", async () => {
      const { id } = await store.createSource(CLOUD, "token-1");
      await store.saveSourceProgress(id, emptyProgress("2026-03-01"));
      await store.openGap(id, 5, "closed");
      await store.saveToldDevices(id, [{ deviceId: deviceId(1), name: "n", approval: "approved" }]);
      expect(await store.deleteSource(id)).toBe(true);
      expect(await store.deleteSource(id)).toBe(false);
      expect(await store.source(id)).toBeNull();
      expect(await store.sourceSecret(id)).toBeNull();
      expect(await store.updateSource(id, CLOUD, "token-2")).toBeNull();
      await store.saveSourceProgress(id, emptyProgress("2026-03-02"));
      await store.openGap(id, 9, "closed");
      expect(await store.sourceProgress(id)).toBeNull();
      expect(await store.gaps(id, { limit: 5 })).toEqual([]);
      expect(await store.toldDevices(id, [deviceId(1)])).toEqual([]);
    });

    test("one gap is open at a time; those that ended are listed, newest first, after a restart too", async () => {
      const { id } = await store.createSource(CLOUD, "token-1");
      const other = await store.createSource(CLOUD, "token-1");
      await store.openGap(id, 10, "closed");
      await store.openGap(id, 20, "again");
      await store.openGap(other.id, 15, "other");
      store = await under.reopen();
      expect(await store.gaps(id, { limit: 5 })).toMatchObject([{ beganAt: 10, endedAt: null, reason: "closed" }]);
      await store.closeGap(id, 30);
      await store.closeGap(id, 40);
      await store.openGap(id, 50, "second");
      await store.closeGap(id, 45);
      const [second, first] = await store.gaps(id, { limit: 5 });
      expect(first).toMatchObject({ beganAt: 10, endedAt: 30 });
      expect(second).toMatchObject({ beganAt: 50, endedAt: 50 });
      expect(await store.gaps(id, { before: second!.id, limit: 5 })).toEqual([first]);
      expect(await store.gaps(other.id, { limit: 5 })).toMatchObject([{ reason: "other", endedAt: null }]);
    });

    test("of a source that breaks for ever the newest thousand gaps are kept", async () => {
      const { id } = await store.createSource(CLOUD, "token-1");
      const changes: Promise<void>[] = [];
      for (let i = 1; i <= 1_100; i++) changes.push(store.openGap(id, i, "closed"), store.closeGap(id, i));
      await Promise.all(changes);
      const gaps = await store.gaps(id, { limit: 2_000 });
      expect(gaps).toHaveLength(1_000);
      expect(gaps[0]).toMatchObject({ beganAt: 1_100 });
    });

    test("progress and what was told of devices come back as they were last", async () => {
      const { id } = await store.createSource(CLOUD, "token-1");
      const progress = { ...emptyProgress("2026-03-01"), lastByteAt: 9, accepted: 3 };
      await store.saveSourceProgress(id, emptyProgress("2026-02-28"));
      await store.saveSourceProgress(id, progress);
      const devices = [1, 2].map(
        (n) => ({ deviceId: deviceId(n), name: n === 1 ? null : "b", approval: "denied" }) as const,
      );
      await store.saveToldDevices(id, devices);
      await store.saveToldDevices(id, [{ deviceId: deviceId(1), name: "a", approval: "approved" }]);
      store = await under.reopen();
      expect(await store.sourceProgress(id)).toEqual(progress);
      expect(await store.toldDevices(id, [deviceId(1), deviceId(2), deviceId(3)])).toEqual([
        { deviceId: deviceId(1), name: "a", approval: "approved" },
        devices[1],
      ]);
    });
  });
}
