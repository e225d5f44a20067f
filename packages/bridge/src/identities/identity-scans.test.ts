/** Scans and plans against hubs drawn by chance: whose identities they touch, and whose never. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { systemClock } from "../core/clock.ts";
import { fail, succeed } from "../core/failure.ts";
import { IDENTITY_ACTIONS, type ApplyAnswer, type ScanReport } from "../core/hub-identities.ts";
import { IdentityScans } from "./identity-scans.ts";
import { deletesUnasked } from "./classify.ts";
import { deviceId, IdentityWorld, type Inhabitant } from "./testing/identity-world.ts";

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined, debug: () => undefined };

function scansOf(world: IdentityWorld): IdentityScans {
  return new IdentityScans({
    store: world.store,
    identities: world,
    hub: async () => world.hub,
    sameHub: async (id) => [id],
    needs: async () => world.needs(),
    onChanged: (_connection, id) => void world.changed.push(id),
    clock: systemClock,
    log: SILENT as never,
  });
}

async function scanned(scans: IdentityScans): Promise<ScanReport> {
  const started = await scans.scan("c1");
  if (started === "full") throw new Error("nothing else runs");
  for (;;) {
    const report = scans.report("c1", started.id)!;
    if (report.state !== "running") return report;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function applied(scans: IdentityScans, scan: ScanReport, confirmedDeletes: number | null): Promise<ApplyAnswer> {
  const asked = { actions: IDENTITY_ACTIONS, hubDeviceIds: null, confirmedDeletes, accountId: "ada" };
  const answer = await scans.apply("c1", scan.id, asked);
  if (answer.kind !== "started") return answer;
  for (;;) {
    const [plan] = await scans.plans("c1");
    if (plan!.state !== "running") return { kind: "started", plan: plan! };
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const inhabitants: fc.Arbitrary<readonly Inhabitant[]> = fc.array(
  fc.record({
    inHub: fc.boolean(),
    known: fc.constantFrom(null, "made", "adopted", "unknown"),
    /** Somebody deleted it and made it anew. */
    remade: fc.boolean(),
    device: fc.constantFrom("none", "approved", "quarantined"),
    sent: fc.boolean(),
    state: fc.boolean(),
    disabled: fc.boolean(),
  }),
  { maxLength: 40 },
);

test("only what was made here, is as it was made and is needed by nobody is ever deleted", async () => {
  await fc.assert(
    fc.asyncProperty(inhabitants, fc.boolean(), async (people, isLarge) => {
      const world = new IdentityWorld(people, { isLarge });
      const before = world.snapshot();
      const scans = scansOf(world);
      const scan = await scanned(scans);
      expect(scan.state).toBe("done");
      const inHub = people.filter((one) => one.inHub).length;
      const { missing, unmade, gone, ...present } = scan.counts;
      expect(Object.values(present).reduce((sum, n) => sum + n, 0)).toBe(inHub);
      expect(scan.inHub).toBe(inHub);
      expect(missing + unmade + gone).toBeLessThanOrEqual(people.length - inHub);
      await applied(scans, scan, scan.plan.delete);
      for (const [i, one] of people.entries()) {
        const id = deviceId(i);
        const was = before.get(id);
        const is = world.snapshot().get(id);
        const mayGo =
          one.inHub && one.known === "made" && !one.remade && one.device === "none" && !one.state && was !== undefined;
        const isFine =
          was === undefined
            ? is === undefined || (one.device === "approved" && !one.state)
            : is === (mayGo ? undefined : was);
        expect({ one, was, is, isFine }).toMatchObject({ isFine: true });
      }
      // What is left to be done after a plan is nothing.
      const again = await scanned(scans);
      expect(again.plan).toMatchObject({ create: 0, prepare: 0, adopt: 0, delete: 0 });
      await scans.stop();
    }),
    { numRuns: 150 },
  );
});

test("a scan that did not end whole has no plan, and applies none", async () => {
  await fc.assert(
    fc.asyncProperty(inhabitants, fc.nat(3), async (people, pages) => {
      const world = new IdentityWorld(people, { isLarge: true, breaksAfter: pages });
      const before = world.snapshot();
      const scans = scansOf(world);
      const scan = await scanned(scans);
      if (scan.state === "done") return;
      expect(Object.values(scan.plan).every((n) => n === 0)).toBe(true);
      expect(await applied(scans, scan, 1_000)).toEqual({ kind: "not_whole" });
      expect(world.snapshot()).toEqual(before);
    }),
    { numRuns: 60 },
  );
});

const orphan: Inhabitant = {
  inHub: true,
  known: "made",
  remade: false,
  device: "none",
  sent: false,
  state: false,
  disabled: false,
};

test("an empty answer of the hub deletes nothing, and makes nobody forget", async () => {
  const world = new IdentityWorld([orphan, orphan, { ...orphan, device: "approved" }], {});
  const { hub } = world;
  world.hub = { ...hub, firstDevices: async () => succeed([]) };
  const scans = scansOf(world);
  const scan = await scanned(scans);
  expect(scan).toMatchObject({ inHub: 0, plan: { delete: 0, forget: 2, create: 1 } });
  const answer = await applied(scans, scan, null);
  // Each was looked at anew: they are there, so nothing is forgotten and nothing made twice.
  expect(answer).toMatchObject({ kind: "started", plan: { state: "done", results: { skipped: 2, done: 1 } } });
  expect(world.snapshot().size).toBe(3);
  expect(world.known.size).toBe(3);
  expect(world.known.get(deviceId(2))?.origin).toBe("made");
});

test("mass deletion needs its exact number, also in small portions and by one scan after another", async () => {
  const world = new IdentityWorld(
    Array.from({ length: 30 }, () => orphan),
    {},
  );
  const scans = scansOf(world);
  const scan = await scanned(scans);
  expect([scan.plan.delete, scan.deletesUnasked]).toEqual([30, 1]);
  for (const guess of [null, 29, 31]) {
    expect(await applied(scans, scan, guess)).toEqual({ kind: "mass_deletion", count: 30, inHub: 30 });
  }
  const one = (id: string, scanId: string = scan.id) =>
    scans.apply("c1", scanId, { actions: ["delete"], hubDeviceIds: [id], confirmedDeletes: null, accountId: "ada" });
  expect(await one(deviceId(0))).toMatchObject({ kind: "started" });
  await scans.stop();
  expect(await one(deviceId(1))).toMatchObject({ kind: "mass_deletion", count: 1 });
  const another = await scanned(scans);
  expect([another.plan.delete, another.deletesUnasked]).toEqual([29, 0]);
  expect(await one(deviceId(1), another.id)).toMatchObject({ kind: "mass_deletion", count: 1 });
  expect(world.snapshot().size).toBe(29);
});

test("of two who apply at once one is told to wait", async () => {
  const world = new IdentityWorld([orphan, orphan, orphan], {});
  const scans = scansOf(world);
  const scan = await scanned(scans);
  const asked = { actions: IDENTITY_ACTIONS, hubDeviceIds: null, confirmedDeletes: 3, accountId: "ada" };
  const answers = await Promise.all([scans.apply("c1", scan.id, asked), scans.apply("c1", scan.id, asked)]);
  expect(answers.map(({ kind }) => kind)).toEqual(["started", "busy"]);
  await scans.stop();
  expect(await scans.plans("c1")).toHaveLength(1);
});

test("who scans again and again pushes out the own scans only", async () => {
  const scans = scansOf(new IdentityWorld([orphan], {}));
  const looked = await scanned(scans);
  const own: string[] = [];
  for (let i = 0; i < 10; i++) {
    const started = await scans.scan("c2");
    if (started === "full") throw new Error("nothing else runs");
    own.push(started.id);
    while (scans.report("c2", started.id)?.state === "running") await new Promise((resolve) => setImmediate(resolve));
  }
  expect(scans.scans("c2").map(({ id }) => id)).toEqual(own.slice(-2).toReversed());
  expect(scans.report("c1", looked.id)?.state).toBe("done");
});

test("what was needed again since the scan stays, and what somebody made anew stays too", async () => {
  const world = new IdentityWorld([orphan, orphan, orphan], {});
  const scans = scansOf(world);
  const scan = await scanned(scans);
  world.adopt(deviceId(0));
  world.remake(deviceId(1));
  await applied(scans, scan, 3);
  expect([...world.snapshot().keys()]).toEqual([deviceId(0), deviceId(1)]);
  const [plan] = await scans.plans("c1");
  const lines = (await scans.planLines("c1", plan!.id, { after: 0, limit: 10 }))!.lines;
  expect(lines.map(({ result, message }) => [result, message])).toEqual(
    expect.arrayContaining([
      ["skipped", "An integration needs it again."],
      ["skipped", "Somebody has made or changed it anew: it stays."],
      ["done", "Deleted in the hub."],
    ]),
  );
});

test("a hub that is in trouble stops a plan, and the plan says so", async () => {
  const world = new IdentityWorld(
    Array.from({ length: 200 }, () => orphan),
    {},
  );
  const scans = scansOf(world);
  const scan = await scanned(scans);
  let asked = 0;
  const { deleteGeneration } = world.hub;
  world.hub = {
    ...world.hub,
    deleteGeneration: async (...which) =>
      (asked += 1) > 50 ? fail("hub_unreachable", "The hub does not answer.") : deleteGeneration(...which),
  };
  const fresh = scansOf(world);
  const answer = await applied(fresh, await scanned(fresh), scan.plan.delete);
  expect(answer).toMatchObject({
    kind: "started",
    plan: { state: "stopped", message: expect.stringContaining("not answer") as string },
  });
  expect(world.snapshot().size).toBe(150);
});

test("one scan of a hub runs at a time, and can be stopped", async () => {
  const world = new IdentityWorld([orphan], {});
  let go = (): void => undefined;
  const waiting = new Promise<void>((resolve) => (go = resolve));
  const { firstDevices } = world.hub;
  world.hub = { ...world.hub, firstDevices: () => waiting.then(() => firstDevices()) };
  const scans = scansOf(world);
  const [first, second] = await Promise.all([scans.scan("c1"), scans.scan("c1")]);
  if (first === "full" || second === "full") throw new Error("one runs");
  expect(second.id).toBe(first.id);
  expect(scans.cancel("c1", first.id)).toBe(true);
  expect(scans.cancel("c1", first.id)).toBe(false);
  go();
  await scans.stop();
  expect(scans.report("c1", first.id)?.state).toBe("cancelled");
  expect(scans.report("c2", first.id)).toBeNull();
});

test("a plan that a former process began is called interrupted", async () => {
  const world = new IdentityWorld([orphan], {});
  const planned = { create: 0, prepare: 0, adopt: 0, forget: 0, delete: 1 };
  const results = { done: 0, skipped: 0, failed: 0 };
  const plan = {
    id: "p",
    connectionId: "c1",
    state: "running",
    planned,
    results,
    message: null,
    createdAt: 1,
    endedAt: null,
  } as const;
  await world.store.startPlan({ ...plan, accountId: "ada" });
  expect(await scansOf(world).plans("c1")).toMatchObject([
    { state: "interrupted", message: expect.any(String) as string },
  ]);
});

test("ten deletions or a twentieth of a hub go without asking, whichever is less", () => {
  expect([0, 19, 20, 100, 199, 200, 100_000].map(deletesUnasked)).toEqual([0, 0, 1, 5, 9, 10, 10]);
});

test("a plan that is applied once more says what is there already, and leaves it as what it is", async () => {
  const world = new IdentityWorld([{ ...orphan, known: null, inHub: false, device: "approved", sent: true }], {});
  const scans = scansOf(world);
  const scan = await scanned(scans);
  await applied(scans, scan, null);
  await applied(scans, scan, null);
  const [plan] = await scans.plans("c1");
  const { lines } = (await scans.planLines("c1", plan!.id, { after: 0, limit: 10 }))!;
  expect(lines.at(-1)?.message).toBe("It is in the hub already, made by this server.");
  expect(world.known.get(deviceId(0))?.origin).toBe("made");
  await scans.stop();
});
