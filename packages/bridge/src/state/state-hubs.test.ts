/** Which hubs are read and swept, from when on, and by which settings. */
import { expect, test } from "vitest";
import { fail, succeed, type Result } from "../core/failure.ts";
import type { StreamOptions, TwinHub } from "../core/twin-hub.ts";
import { type LifeChanges, madeOf, NEW_THING, startMirror } from "./testing/mirror-under-test.ts";

/** Readers that only say how they were begun, and end when they are told to. */
function readers(): { readonly begun: StreamOptions[]; readonly read: TwinHub["read"]; readonly open: () => number } {
  const begun: StreamOptions[] = [];
  let open = 0;
  return {
    begun,
    open: () => open,
    read: async (options) => {
      begun.push(options);
      open += 1;
      options.onTrouble(null);
      await new Promise((resolve) => options.signal.addEventListener("abort", resolve));
      open -= 1;
    },
  };
}

test("a hub is read from its first Thing on, and reported for as long as it has any", async () => {
  const mirror = await startMirror();
  const { begun, read, open } = readers();
  const { things, stateHubs } = await mirror.live({ twins: { read } });
  expect(await stateHubs.reports()).toEqual([]);
  expect(begun).toEqual([]);
  const before = Date.now();
  madeOf(await things.create(mirror.product, { ...NEW_THING, id: "kettle" }));
  await expect.poll(open).toBe(1);
  expect(begun[0]).toMatchObject({ consumerGroup: "$Default", endpoint: null });
  expect(begun[0]!.since).toBeLessThan(before);
  expect((await stateHubs.reports())[0]?.reading).toMatchObject({ isReading: true, failure: null });
  await things.delete("kettle");
  expect(await stateHubs.reports()).toEqual([]);
});

test("another consumer group is read from where the former one was read to, once the settings are written", async () => {
  const mirror = await startMirror();
  const { begun, read, open } = readers();
  const changes: LifeChanges = { twins: { read } };
  const { things, stateHubs } = await mirror.live(changes);
  madeOf(await things.create(mirror.product, { ...NEW_THING, id: "kettle" }));
  await expect.poll(open).toBe(1);
  const position = { partitionId: "2", offset: "77", sequenceNumber: 7, enqueuedTime: 1_000 };
  await mirror.store.saveReadingPosition("c1", "$Default", position);
  changes.settings = { consumerGroup: "isthmus" };
  await stateHubs.settingsChanged();
  await expect.poll(() => begun.length).toBe(2);
  expect(open()).toBe(1);
  expect(begun[1]).toMatchObject({ consumerGroup: "isthmus", since: 1_000 });
  changes.settings = { consumerGroup: "isthmus", eventEndpoint: { endpoint: "sb://x/", name: "events" } };
  await stateHubs.settingsChanged();
  await expect.poll(() => begun.length).toBe(3);
  expect(begun[2]?.endpoint).toEqual({ endpoint: "sb://x/", name: "events" });
  // And nothing begins again when nothing changed.
  await stateHubs.settingsChanged();
  expect(begun).toHaveLength(3);
});

test("a start goes on with what is there: positions are handed to the reader, and a sweep comes first", async () => {
  const mirror = await startMirror();
  const first = await mirror.live();
  madeOf(await first.things.create(mirror.product, { ...NEW_THING, id: "kettle" }));
  await first.stop();
  const position = { partitionId: "2", offset: "77", sequenceNumber: 7, enqueuedTime: 1_000 };
  await mirror.store.saveReadingPosition("c1", "$Default", position);
  const { begun, read } = readers();
  let asked = 0;
  const second = await mirror.live({
    twins: {
      read,
      glanceAt: async () => {
        asked += 1;
        return succeed([]);
      },
    },
  });
  await expect.poll(() => begun[0]?.after.get("2")).toMatchObject({ offset: "77", sequenceNumber: 7 });
  await expect.poll(() => asked).toBe(1);
  await second.stop();
});

test("deletions that wait are in the report", async () => {
  const mirror = await startMirror();
  const { things, stateHubs } = await mirror.live({
    twins: { deleteDevice: async () => ({ ok: false, failure: { code: "hub_unreachable", message: "Away." } }) },
  });
  for (const id of ["a", "b"]) madeOf(await things.create(mirror.product, { ...NEW_THING, id }));
  await things.delete("a");
  expect((await stateHubs.reports())[0]).toMatchObject({ devices: 1, removals: 1 });
});

test("how often a hub is swept goes by what hub it is, whosever connection leads to it", async () => {
  const mirror = await startMirror();
  const asked = new Set<string>();
  const usualSweepSeconds = (hostName: string): number => {
    asked.add(hostName);
    return 5;
  };
  const { things } = await mirror.live({ twins: { read: readers().read }, usualSweepSeconds });
  madeOf(await things.create(mirror.product, { ...NEW_THING, id: "kettle" }));
  await expect.poll(() => [...asked]).toEqual([mirror.connection.hostName]);
});

test("a hub whose connection is gone is forgotten: nobody waits for a turn there", async () => {
  const mirror = await startMirror();
  const changes: LifeChanges = {};
  const { stateHubs } = await mirror.live(changes);
  const hub = (await stateHubs.hub(mirror.connection.id))!;
  const ask = async (): Promise<Result<string>> => succeed("asked");
  await stateHubs.settingsChanged();
  expect(await hub.queries.run(ask, 1_000)).toEqual(succeed("asked"));
  expect(await stateHubs.hub(mirror.connection.id)).toBe(hub);
  changes.isGone = true;
  await stateHubs.settingsChanged();
  expect(await hub.queries.run(ask, 1_000)).toMatchObject({ failure: { code: "throttled" } });
  expect(await stateHubs.hub(mirror.connection.id)).toBe(undefined);
});

test("the server's own hub that refuses is told at the start, before any Thing, and is well when it answers", async () => {
  const mirror = await startMirror();
  const refused = fail("key_refused", "The hub refused the key.");
  const asked: string[] = [];
  let answer: Result<null> = refused;
  const device: TwinHub["device"] = async (id) => (asked.push(id), answer);
  const first = await mirror.live({ probed: true, twins: { device } });
  await expect
    .poll(() => mirror.lines.find(({ name }) => name === "hub.refused")?.fields)
    .toMatchObject({
      hub: mirror.connection.hostName,
      code: "key_refused",
      nextStep: expect.stringMatching(/./) as string,
    });
  expect(await first.stateHubs.reports()).toMatchObject([
    { connectionId: mirror.connection.id, devices: 0, writing: { failure: { code: "key_refused" } } },
  ]);
  await first.stop();
  answer = succeed(null);
  const second = await mirror.live({ probed: true, twins: { device } });
  await expect.poll(() => asked.length).toBe(2);
  expect(await second.stateHubs.reports()).toMatchObject([{ devices: 0, writing: { failure: null } }]);
});

test("a start does not wait for a hub that does not answer, nor does a stop; with Things it is not asked like that", async () => {
  const mirror = await startMirror();
  const first = await mirror.live({ probed: true, twins: { device: () => new Promise(() => undefined) } });
  madeOf(await first.things.create(mirror.product, NEW_THING));
  await first.stop();
  const asked: string[] = [];
  const device: TwinHub["device"] = async (id) => (asked.push(id), mirror.hub.device(id));
  const second = await mirror.live({ probed: true, twins: { device } });
  await expect.poll(async () => (await second.stateHubs.reports())[0]?.sweep.lastAt ?? null).not.toBeNull();
  expect(await second.stateHubs.reports()).toMatchObject([{ devices: 1 }]);
  expect(asked).not.toContainEqual(expect.stringContaining("isthmus"));
});
