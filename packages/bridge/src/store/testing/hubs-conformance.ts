/** What every store must do with what hubs meter, what is known of their identities, and plans for these. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { PlanLine, PlanReport } from "../../core/hub-identities.ts";
import { lineKey } from "../../core/delivery-target.ts";
import { deviceId, event, settings } from "./store-samples.ts";
import type { OpenStore, Store, StoreUnderTest } from "./store-under-test.ts";

const NOON = Date.parse("2026-03-01T12:00:00Z");
const MINUTE = 60_000;
const NOTHING = { create: 0, prepare: 0, adopt: 0, forget: 0, delete: 0 };

export function describeHubs(open: OpenStore): void {
  describe("hubs", () => {
    let under: StoreUnderTest;
    let store: Store;
    beforeEach(async () => {
      under = await open({ now: () => NOON });
      store = under.store;
    });
    afterEach(() => under.dispose());

    test("a delivered message counts in the blocks of its hub, a repeated settlement does not", async () => {
      const [delivery] = await store.append(event({ receivedAt: NOON }), ["i1"]);
      const { id, integrationId } = delivery!;
      const settled = { kind: "delivered", id, integrationId, at: NOON } as const;
      await store.settle({ ...settled, metered: { connectionId: "c1", bytes: 4_097 } });
      await store.settle({ ...settled, metered: { connectionId: "c1", bytes: 4_097 } });
      store = await under.reopen();
      const [day] = await store.meteredDays(["c1"], NOON + MINUTE);
      expect(day!.kinds).toEqual([{ kind: "telemetry", messages: 1, blocks: 2, freeBlocks: 9 }]);
      expect(day!.lastHour).toEqual({ blocks: 2, freeBlocks: 9, firstAt: NOON });
    });

    test("what is used counts by day, kind and connection, and is forgotten after two days", async () => {
      const use = (connectionId: string, at: number, kind: "twin" | "test" = "twin") =>
        ({ connectionId, at, kind, bytes: 0 }) as const;
      await store.addMetered([
        use("c1", NOON),
        use("c1", NOON, "test"),
        use("c1", NOON - 13 * 60 * MINUTE),
        use("c2", NOON),
      ]);
      const [first, second, none] = await store.meteredDays(["c1", "c2", "c3"], NOON + 10 * MINUTE);
      expect(first!.kinds.map(({ kind, messages }) => [kind, messages])).toEqual([
        ["test", 1],
        ["twin", 1],
      ]);
      expect(first!.lastHour.blocks).toBe(2);
      expect(second!.kinds).toHaveLength(1);
      expect(none).toEqual({ kinds: [], lastHour: { blocks: 0, freeBlocks: 0, firstAt: null } });
      await store.addMetered([use("c1", NOON + 3 * 24 * 60 * MINUTE)]);
      expect(await store.meterPoints("c1", 0)).toHaveLength(1);
    });

    test("what a user says of a hub goes with its connection", async () => {
      const integration = await store.createIntegration(settings({ kind: "product", productId: 7 }));
      const id = lineKey(integration);
      await store.setHubFacts(id, { name: "Plant", tier: "S1", units: 2 });
      store = await under.reopen();
      expect(await store.hubFacts([id, "other"])).toEqual([
        { name: "Plant", tier: "S1", units: 2 },
        { name: null, tier: null, units: 1 },
      ]);
      await store.deleteIntegration(integration.id);
      expect(await store.hubFacts([id])).toEqual([{ name: null, tier: null, units: 1 }]);
    });

    test("an identity that was made stays made, and one that somebody made anew is what it is then", async () => {
      const known = { generationId: "g1", nameWritten: null };
      await store.saveIdentity("c1", deviceId(1), { ...known, origin: "made" });
      await store.saveIdentity("c1", deviceId(1), { ...known, origin: "adopted", nameWritten: "boiler" });
      expect(await store.identity("c1", deviceId(1))).toEqual({ ...known, origin: "made", nameWritten: "boiler" });
      await store.saveIdentity("c1", deviceId(1), { generationId: "g2", nameWritten: null, origin: "adopted" });
      expect(await store.identity("c1", deviceId(1))).toMatchObject({ origin: "adopted" });
      await store.saveIdentity("c1", deviceId(2), known);
      store = await under.reopen();
      const scans = store.identityScans;
      expect(await scans.knownIdentities("c1", "", 10)).toEqual([
        { hubDeviceId: deviceId(1), generationId: "g2", origin: "adopted" },
        { hubDeviceId: deviceId(2), generationId: "g1", origin: null },
      ]);
      await scans.forgetIdentity("c1", deviceId(1));
      expect(await scans.knownIdentities("c1", "", 10)).toHaveLength(1);
    });

    test("it tells for which devices an identity may be, and who has sent", async () => {
      await store.claimDevice("ada", deviceId(1));
      await store.append(event({ deviceId: deviceId(1) }), ["i1"]);
      await store.saveIdentity("c2", `x-${deviceId(1)}`, { generationId: "g", nameWritten: null, origin: "made" });
      const scans = store.identityScans;
      const [facts, unknown] = await scans.identityFacts(
        ["c1", "c2"],
        [
          { hubDeviceId: `x-${deviceId(1)}`, deviceIds: [deviceId(1), deviceId(2)] },
          { hubDeviceId: "other", deviceIds: [] },
        ],
      );
      expect(facts).toMatchObject({
        known: { connectionId: "c2", generationId: "g", origin: "made" },
        isElsewhere: false,
        devices: [{ id: deviceId(1), ownerId: "ada", approval: "approved" }],
      });
      expect(unknown).toEqual({ known: null, isElsewhere: false, devices: [] });
      expect((await scans.deviceBriefs("", 10)).map(({ id }) => id)).toEqual([deviceId(1)]);
      expect(await scans.deviceBriefs(deviceId(1), 10)).toEqual([]);
      const pairs = [deviceId(1), deviceId(2)].map((id) => ({ integrationId: "i1", deviceId: id }));
      expect(await scans.haveSent(pairs)).toEqual([true, false]);
    });

    test("a test's identity is somebody's business", async () => {
      await store.noteTestIdentity({ connectionId: "c1", deviceId: "probe" });
      const [facts] = await store.identityScans.identityFacts(["c1"], [{ hubDeviceId: "probe", deviceIds: [] }]);
      expect(facts!.isElsewhere).toBe(true);
    });

    test("a plan keeps what became of it, and the ten newest of a hub are kept", async () => {
      const scans = store.identityScans;
      const plan = (n: number): PlanReport => ({
        id: `p${n}`,
        connectionId: "c1",
        state: "running",
        planned: { ...NOTHING, delete: 1 },
        results: { done: 0, skipped: 0, failed: 0 },
        message: null,
        createdAt: n,
        endedAt: null,
      });
      const line: PlanLine = { line: 1, action: "delete", hubDeviceId: "d", result: "skipped", message: "Made anew." };
      for (let n = 1; n <= 12; n++) await scans.startPlan({ ...plan(n), accountId: "ada" });
      await scans.continuePlan(
        { ...plan(12), state: "done", results: { done: 0, skipped: 1, failed: 0 }, endedAt: 13 },
        [line],
      );
      store = await under.reopen();
      const kept = await store.identityScans.plans("c1");
      expect(kept.map(({ id }) => id)).toEqual(["p12", "p11", "p10", "p9", "p8", "p7", "p6", "p5", "p4", "p3"]);
      expect(kept[0]).toEqual({ ...plan(12), state: "done", results: { done: 0, skipped: 1, failed: 0 }, endedAt: 13 });
      expect(await store.identityScans.planLines("p12", 0, 10)).toEqual([line]);
      expect(await store.identityScans.planLines("p12", 1, 10)).toEqual([]);
    });
  });
}
