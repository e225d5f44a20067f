/** Twins of the Local Hub read, changed and listed, with the vendor's clients on the other side. */
import { expect, test } from "vitest";
import { startTwinsUnderTest, valueOf } from "../testing/twins-under-test.ts";
import type { TwinView } from "../../core/twin-hub.ts";

const failed = (code: string): object => ({ ok: false, failure: expect.objectContaining({ code }) as object });

function present(twin: TwinView | "changed" | null): TwinView {
  if (twin === null || twin === "changed") throw new Error(`There is no twin: ${twin}.`);
  return twin;
}

test("a patch of desired properties is in the twin, and its answer is the whole twin", async () => {
  const { hub, registry } = await startTwinsUnderTest();
  valueOf(await hub.createDevice("d"));
  const before = present(valueOf(await hub.twin("d")));
  expect(before).toMatchObject({ desired: { properties: {}, version: 1 }, reported: { properties: {} } });
  const patch = { lamp: { on: true, level: 3 }, "a-b": [1, "x"] };
  const after = present(valueOf(await hub.patchDesired("d", patch, before.etag)));
  expect(after.desired).toMatchObject({ properties: patch, version: 2 });
  expect(after.desired.metadata).toMatchObject({ lamp: { on: { $lastUpdated: expect.any(String) as string } } });
  expect(after.etag).not.toBe(before.etag);
  expect(after.version).toBeGreaterThan(before.version);
  const seen = (await registry.getTwin("d")).responseBody;
  expect(seen.properties.desired).toMatchObject(patch);
  expect(seen.etag).toBe(after.etag);
  const removed = present(valueOf(await hub.patchDesired("d", { lamp: { level: null } }, null)));
  expect(removed.desired.properties).toEqual({ lamp: { on: true }, "a-b": [1, "x"] });
});

test("a patch with an old etag changes nothing and says so", async () => {
  const { hub, registry } = await startTwinsUnderTest();
  valueOf(await hub.createDevice("d"));
  const { etag } = present(valueOf(await hub.twin("d")));
  await registry.updateTwin("d", { properties: { desired: { theirs: 1 } } }, "*");
  expect(await hub.patchDesired("d", { ours: 1 }, etag)).toEqual({ ok: true, value: "changed" });
  expect(present(valueOf(await hub.twin("d"))).desired.properties).toEqual({ theirs: 1 });
  expect(present(valueOf(await hub.patchDesired("d", { ours: 1 }, null))).desired.properties).toEqual({
    theirs: 1,
    ours: 1,
  });
});

test("a device of the vendor's sees desired changes, and what it reports is in the twin", async () => {
  const { hub, device } = await startTwinsUnderTest();
  const thing = valueOf(await hub.createDevice("d"));
  if (thing === "exists") throw new Error("It exists.");
  const client = await device(thing.connectionString);
  const twin = await client.getTwin();
  const changes: object[] = [];
  twin.on("properties.desired", (delta: object) => changes.push(delta));
  await expect
    .poll(async () => {
      valueOf(await hub.patchDesired("d", { level: changes.length + 1 }, null));
      return changes;
    })
    .toContainEqual(expect.objectContaining({ level: expect.any(Number) as number }));
  const reporter = twin.properties.reported as { update(patch: object, done: (error: Error | null) => void): void };
  await new Promise<void>((resolve, reject) =>
    reporter.update({ level: 7 }, (error: Error | null) => (error ? reject(error) : resolve())),
  );
  const { reported, connectionState } = present(valueOf(await hub.twin("d")));
  expect(reported).toMatchObject({ properties: { level: 7 }, version: 2 });
  expect(reported.metadata).toMatchObject({ level: { $lastUpdated: expect.any(String) as string } });
  expect(connectionState).toBe("connected");
});

test("a device that is not there has no twin, and is not made by a patch", async () => {
  const { hub } = await startTwinsUnderTest();
  expect(await hub.twin("nobody")).toEqual({ ok: true, value: null });
  expect(await hub.patchDesired("nobody", { a: 1 }, null)).toEqual({ ok: true, value: null });
  expect(await hub.patchDesired("nobody", { a: 1 }, "AAAA")).toEqual({ ok: true, value: null });
});

test("what a hub says no to has the code that tells whom it concerns", async () => {
  const { hub, emulator } = await startTwinsUnderTest();
  valueOf(await hub.createDevice("d"));
  expect(await hub.patchDesired("d", { "with.dot": 1 }, null)).toEqual(failed("twin_refused"));
  expect(await hub.patchDesired("d", { long: "x".repeat(5_000) }, null)).toEqual(failed("twin_refused"));
  const errors = [
    ["ThrottlingException", "throttled"],
    ["IotHubQuotaExceeded", "quota_exceeded"],
    ["OperationNotAvailableInCurrentTier", "not_in_tier"],
    ["ServerError", "hub_error"],
    ["IotHubNotFound", "hub_not_found"],
  ] as const;
  for (const [error, code] of errors) {
    emulator.faults.add({ where: { point: "http" }, effect: { kind: "error", error }, times: 2 });
    expect(await hub.patchDesired("d", { a: 1 }, null)).toEqual(failed(code));
    emulator.faults.clear();
  }
  emulator.faults.add({ where: { point: "http" }, effect: { kind: "acceptThenDrop" }, times: 1 });
  expect(await hub.patchDesired("d", { a: 1 }, null)).toEqual(failed("hub_unreachable"));
  expect(present(valueOf(await hub.twin("d"))).desired.properties).toEqual({ a: 1 });
});

test("all twins are listed, page by page, with or without their properties", async () => {
  const { hub, emulator } = await startTwinsUnderTest();
  const ids = Array.from({ length: 25 }, (_, i) => `d${String(i).padStart(2, "0")}`);
  for (const id of ids) await emulator.hub.registry.create(id, {});
  valueOf(await hub.patchDesired("d07", { a: { b: 1 } }, null));
  const glances: string[] = [];
  const views: TwinView[] = [];
  let page: string | null = null;
  do {
    const answer: Awaited<ReturnType<typeof hub.glance>> = await hub.glance({ page, size: 10 });
    glances.push(...valueOf(answer).twins.map(({ deviceId }) => deviceId));
    page = valueOf(answer).next;
  } while (page !== null);
  do {
    const answer: Awaited<ReturnType<typeof hub.twins>> = await hub.twins({ page, size: 10 });
    views.push(...valueOf(answer).twins);
    page = valueOf(answer).next;
  } while (page !== null);
  expect(glances.toSorted()).toEqual(ids);
  expect(views.map(({ deviceId }) => deviceId).toSorted()).toEqual(ids);
  expect(views.find(({ deviceId }) => deviceId === "d07")).toEqual(valueOf(await hub.twin("d07")));
});

test("a glance says what the twin says", async () => {
  const { hub } = await startTwinsUnderTest();
  valueOf(await hub.createDevice("d"));
  const { etag, version } = present(valueOf(await hub.patchDesired("d", { a: 1 }, null)));
  const same = {
    deviceId: "d",
    etag,
    version,
    status: "enabled",
    connectionState: "disconnected",
    lastActivity: null,
  };
  expect(valueOf(await hub.glance({ page: null, size: 5_000 }))).toEqual({ twins: [same], next: null });
  expect(valueOf(await hub.glanceAt(["nobody", "d", "'; no id"]))).toEqual([same]);
});

test("a glance at two hundred devices with the longest ids takes as many queries as their length asks for", async () => {
  const { hub, emulator } = await startTwinsUnderTest();
  const ids = Array.from({ length: 200 }, (_, i) => `${"'".repeat(60)}${"x".repeat(65)}${String(i).padStart(3, "0")}`);
  for (const id of ids) await emulator.hub.registry.create(id, {});
  const glances = valueOf(await hub.glanceAt(ids));
  expect(glances.map(({ deviceId }) => deviceId).toSorted()).toEqual(ids);
});

test("twins at their limits come in pages that fit", async () => {
  const { hub, emulator } = await startTwinsUnderTest({ options: { largestAnswer: 300_000 } });
  const large = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`k${i}`, "x".repeat(4_000)]));
  for (let i = 0; i < 20; i++) {
    await emulator.hub.registry.create(`d${i}`, {});
    valueOf(await hub.patchDesired(`d${i}`, large, null));
  }
  const seen = new Set<string>();
  let page: string | null = null;
  do {
    const answer: Awaited<ReturnType<typeof hub.twins>> = await hub.twins({ page, size: 100 });
    expect(valueOf(answer).twins.length).toBeLessThan(11);
    for (const { deviceId } of valueOf(answer).twins) seen.add(deviceId);
    page = valueOf(answer).next;
  } while (page !== null);
  expect(seen.size).toBe(20);
});
