/** Things made and deleted in the Local Hub, with the vendor's clients as witnesses, and servers that die in between. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fail, succeed, type Result } from "../core/failure.ts";
import type { ThingRecords } from "../core/thing-store.ts";
import type { TwinHub } from "../core/twin-hub.ts";
import { madeOf, NEW_THING, startMirror, type MirrorUnderTest } from "./testing/mirror-under-test.ts";

async function idsInHub({ registry }: MirrorUnderTest): Promise<string[]> {
  const { responseBody } = await registry.list();
  return responseBody.map(({ deviceId }) => deviceId).toSorted();
}

test("a Thing is in the hub when the answer comes, with keys that its device can use", async () => {
  const mirror = await startMirror();
  const { things } = await mirror.live();
  const { made, details } = madeOf(await things.create(mirror.product, { ...NEW_THING, deviceState: { on: true } }));
  expect(details).toEqual({
    thingId: made.thing.id,
    thingName: "Boiler",
    primaryKey: expect.any(String) as string,
    secondaryKey: expect.any(String) as string,
    status: "enabled",
    lastActivity: "0001-01-01T00:00:00Z",
    connectionState: "disconnected",
    connectionString: expect.stringContaining(`DeviceId=${made.thing.id};`) as string,
  });
  const { responseBody } = await mirror.registry.get(made.thing.id);
  expect(responseBody.authentication?.symmetricKey?.primaryKey).toBe(details.primaryKey);
  expect(made.state).toMatchObject({
    connectionId: "c1",
    hubDeviceId: made.thing.id,
    state: { on: true },
    desired: { pending: null, properties: { on: true } },
    pendingSince: null,
    standing: { generationId: expect.stringMatching(/./) as string, status: "enabled" },
  });
  expect((await mirror.store.device(made.thing.id))?.productId).toBe(mirror.product.id);
  const device = await mirror.device(details.connectionString);
  expect((await device.getTwin()).properties.desired).toMatchObject({ on: true });
});

test("its keys are in the answer and nowhere else: no file, no log line", async () => {
  const mirror = await startMirror();
  const { things } = await mirror.live();
  const { made, details } = madeOf(await things.create(mirror.product, NEW_THING));
  const renewed = await things.renewKey(made.thing.id, "secondary");
  if (renewed.kind !== "shown") throw new Error("Not renewed.");
  expect(renewed.details.primaryKey).toBe(details.primaryKey);
  expect(renewed.details.secondaryKey).not.toBe(details.secondaryKey);
  const keys = [details.primaryKey, details.secondaryKey, renewed.details.secondaryKey];
  const { folder } = mirror.under;
  const bytes = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => readFileSync(join(folder, name), "latin1"))
    .concat(JSON.stringify(mirror.lines));
  expect(bytes.join("")).toContain(made.thing.id);
  for (const key of keys) expect(bytes.some((text) => text.includes(key))).toBe(false);
});

test("a client's id is kept; one that the hub or the store has is taken, and nothing of it is touched", async () => {
  const mirror = await startMirror();
  const { things } = await mirror.live();
  const create = (id: string): ReturnType<typeof things.create> => things.create(mirror.product, { ...NEW_THING, id });
  expect(madeOf(await create("kettle")).made.thing.id).toBe("kettle");
  expect(await create("kettle")).toEqual({ kind: "id_taken" });
  await mirror.registry.create({ deviceId: "theirs" });
  expect(await create("theirs")).toEqual({ kind: "id_taken" });
  expect(await mirror.store.hubRemovalCount()).toBe(0);
  expect(await idsInHub(mirror)).toEqual(["kettle", "theirs"]);
});

test("what no twin could hold is told before the hub is asked", async () => {
  const mirror = await startMirror();
  const { things } = await mirror.live({ twins: { createDevice: () => Promise.reject(new Error("Asked.")) } });
  const made = await things.create(mirror.product, { ...NEW_THING, deviceState: { lamp: { "a.b": 1 } } });
  expect(made).toMatchObject({ kind: "fault", fault: { path: expect.stringContaining("lamp") as string } });
});

test("a hub that refuses leaves nothing here; one whose answer is lost leaves nothing there either", async () => {
  const mirror = await startMirror();
  let answer: Awaited<ReturnType<TwinHub["createDevice"]>> = fail("key_refused", "No.");
  const { things } = await mirror.live({
    twins: {
      async createDevice(id) {
        if (!answer.ok && answer.failure.code === "outcome_unknown") await mirror.hub.createDevice(id);
        return answer;
      },
    },
  });
  expect(await things.create(mirror.product, NEW_THING)).toMatchObject({
    kind: "hub",
    failure: { code: "key_refused" },
  });
  expect(await mirror.store.hubRemovalCount()).toBe(0);
  answer = fail("outcome_unknown", "No answer.");
  expect(await things.create(mirror.product, NEW_THING)).toMatchObject({
    kind: "hub",
    failure: { code: "outcome_unknown" },
  });
  await expect.poll(() => idsInHub(mirror)).toEqual([]);
  expect(await mirror.store.countThings(mirror.product.id)).toBe(0);
});

/** Steps of a create, before and after each of which the server may die. */
const STEPS = 9;

/** Parts that do nothing any more from a given step on, and when that step came. */
function mortal(at: number): {
  readonly death: Promise<void>;
  part<T extends object>(whole: T, names: readonly (keyof T)[]): Partial<T>;
} {
  let steps = 0;
  let die: () => void = () => undefined;
  const death = new Promise<void>((resolve) => {
    die = resolve;
  });
  const orDie = async <T>(step: () => Promise<T>): Promise<T> => {
    if (steps++ < at) return step();
    die();
    return new Promise<never>(() => undefined);
  };
  return {
    death,
    part: <T extends object>(whole: T, names: readonly (keyof T)[]) =>
      Object.fromEntries(
        names.map((name) => {
          const call = whole[name] as (...args: unknown[]) => Promise<unknown>;
          // Before and after: what was asked may have had its effect although nobody heard of it.
          return [name, (...args: unknown[]) => orDie(async () => call(...args)).then((x) => orDie(async () => x))];
        }),
      ) as Partial<T>,
  };
}

test("a server killed at any step of a create leaves no device without a Thing, and the id as it should be", async () => {
  const mirror = await startMirror();
  const kept: string[] = [];
  for (let at = 0; at < STEPS; at++) {
    const id = `kettle-${at}`;
    const { death, part } = mortal(at);
    const records = part<ThingRecords>(mirror.store, ["noteThing", "confirmThing", "dropThing"]);
    const twins = part<TwinHub>(mirror.hub, ["device", "createDevice"]);
    const first = await mirror.live({ records, twins, isQuiet: true });
    const making = first.things.create(mirror.product, { ...NEW_THING, id });
    const isMade = await Promise.race([making.then(() => true), death.then(() => false)]);
    await first.stop();
    await mirror.under.reopen();
    const second = await mirror.live();
    const isKnown = (await mirror.store.thing(id)) !== null;
    expect(isMade && !isKnown).toBe(false);
    if (isKnown) kept.push(id);
    await expect.poll(() => mirror.store.hubRemovalCount()).toBe(0);
    expect(await idsInHub(mirror)).toEqual(kept);
    const again = await second.things.create(mirror.product, { ...NEW_THING, id });
    expect(again.kind).toBe(isKnown ? "id_taken" : "made");
    if (!isKnown) await second.things.delete(id);
    await second.stop();
  }
  // The last steps come after the Thing is on disk.
  expect(kept).toContain(`kettle-${STEPS - 1}`);
});

test("deleting deletes in the hub too, whoever deleted it there before; a second time there is none", async () => {
  const mirror = await startMirror();
  const { things } = await mirror.live();
  for (const id of ["a", "b"]) madeOf(await things.create(mirror.product, { ...NEW_THING, id }));
  expect(await things.delete("a")).toBe(true);
  expect(await idsInHub(mirror)).toEqual(["b"]);
  await mirror.registry.delete("b");
  expect(await things.delete("b")).toBe(true);
  expect(await things.delete("b")).toBe(false);
  expect(await mirror.store.hubRemovalCount()).toBe(0);
  expect(await mirror.store.deviceState("b")).toBeNull();
});

test("a delete that the hub does not take is tried until it does, over a restart, and the id can be used again", async () => {
  const mirror = await startMirror();
  const first = await mirror.live();
  madeOf(await first.things.create(mirror.product, { ...NEW_THING, id: "kettle" }));
  await first.stop();
  const away = await mirror.live({ twins: { deleteDevice: async () => fail("hub_unreachable", "Away.") } });
  expect(await away.things.delete("kettle")).toBe(true);
  expect(await idsInHub(mirror)).toEqual(["kettle"]);
  expect(await mirror.store.hubRemovals({ dueAt: 9e15, limit: 9 })).toMatchObject([{ reason: "Away." }]);
  expect(await away.things.create(mirror.product, { ...NEW_THING, id: "kettle" })).toMatchObject({
    kind: "hub",
    failure: { code: "hub_unreachable" },
  });
  await away.stop();
  const second = await mirror.live({ isQuiet: true });
  const { details } = madeOf(await second.things.create(mirror.product, { ...NEW_THING, id: "kettle" }));
  expect(await mirror.store.hubRemovalCount()).toBe(0);
  const { responseBody } = await mirror.registry.get("kettle");
  expect(responseBody.authentication?.symmetricKey?.primaryKey).toBe(details.primaryKey);
});

test("an update counts a version above 0, refuses another one, and writes nothing then", async () => {
  const mirror = await startMirror();
  const { things } = await mirror.live({ engine: { pushSoon: async () => undefined } });
  const made = madeOf(await things.create(mirror.product, { ...NEW_THING, version: 1, properties: { a: 1, b: 2 } }));
  const { id } = made.made.thing;
  const updated = await things.update(
    id,
    { name: "Kettle", properties: { a: null, c: 3 }, deviceState: { on: true }, version: 1 },
    0,
  );
  expect(updated).toMatchObject({
    kind: "updated",
    updated: {
      thing: { name: "Kettle", version: 2, properties: { b: 2, c: 3 }, updated: expect.any(Number) as number },
      state: { state: { on: true }, desired: { pending: { on: true } } },
    },
  });
  expect(await things.update(id, { deviceState: { on: false }, version: 1 }, 0)).toEqual({
    kind: "version",
    stored: 2,
  });
  expect(await things.update(id, { deviceState: { bad: [null] } }, 0)).toMatchObject({ kind: "fault" });
  expect((await mirror.store.thing(id))?.state.state).toEqual({ on: true });
  expect(await things.update("nobody", {}, 0)).toEqual({ kind: "unknown" });
});

test("writers at once each get on", async () => {
  const mirror = await startMirror();
  const { things } = await mirror.live();
  const { made } = madeOf(await things.create(mirror.product, { ...NEW_THING, version: 1 }));
  const { id } = made.thing;
  const writes = Array.from({ length: 20 }, async (_, n) =>
    things.update(id, { properties: { [`p${n}`]: n }, deviceState: { n } }, 0),
  );
  expect((await Promise.all(writes)).every(({ kind }) => kind === "updated")).toBe(true);
  const { thing } = (await mirror.store.thing(id))!;
  expect(Object.keys(thing.properties)).toHaveLength(20);
  expect(thing.version).toBe(21);
});

test("a disabled Thing cannot connect; who deleted its device in the hub is told so", async () => {
  const mirror = await startMirror();
  const seen: object[] = [];
  const note = async (...told: unknown[]): Promise<void> => void seen.push(told);
  const { things } = await mirror.live({ engine: { takeStandings: note, takeMissing: note } });
  const { made, details } = madeOf(await things.create(mirror.product, { ...NEW_THING, id: "kettle" }));
  expect(await things.setStatus("kettle", "disabled")).toMatchObject({ kind: "set" });
  expect(seen).toContainEqual(["c1", [{ hubDeviceId: made.thing.id, status: "disabled" }]]);
  await expect(mirror.device(details.connectionString)).rejects.toThrow(/./);
  await mirror.registry.delete("kettle");
  expect(await things.renewKey("kettle", "primary")).toMatchObject({
    kind: "hub",
    failure: { code: "device_missing" },
  });
  expect(seen).toContainEqual(["c1", [{ hubDeviceId: "kettle", generationId: made.state.standing.generationId }]]);
  expect(await things.renewKey("nobody", "primary")).toEqual({ kind: "unknown" });
});

test("a device that is thrown out by its disabling, or comes back, is shown so before the next sweep", async () => {
  const mirror = await startMirror();
  const shown = async (): Promise<string | undefined> =>
    (await mirror.store.deviceState("kettle"))?.standing.connectionState;
  let inHub: "connected" | "disconnected" = "connected";
  const asInHub = <T extends object>(found: Result<T | null>): Result<T | null> =>
    found.ok && found.value !== null ? succeed({ ...found.value, connectionState: inHub }) : found;
  const { things } = await mirror.live({
    twins: {
      device: async (id) => asInHub(await mirror.hub.device(id)),
      twin: async (id) => asInHub(await mirror.hub.twin(id)),
    },
  });
  madeOf(await things.create(mirror.product, { ...NEW_THING, id: "kettle" }));
  for (const [status, state] of [
    ["enabled", "connected"],
    ["disabled", "disconnected"],
  ] as const) {
    inHub = state;
    expect(await things.setStatus("kettle", status)).toMatchObject({ kind: "set" });
    await expect.poll(shown, { timeout: 30_000 }).toBe(state);
  }
}, 60_000);

test("a hub that limits how fast devices are made makes all of them in the end", async () => {
  const mirror = await startMirror();
  let asked = 0;
  const { things } = await mirror.live({
    twins: {
      async createDevice(id) {
        asked += 1;
        return asked % 3 === 0 ? fail("create_throttled", "Too much.") : mirror.hub.createDevice(id);
      },
    },
  });
  const all = await Promise.all(Array.from({ length: 6 }, async () => things.create(mirror.product, NEW_THING)));
  expect(all.map(({ kind }) => kind)).toEqual(Array.from({ length: 6 }, () => "made"));
  expect(await idsInHub(mirror)).toHaveLength(6);
});
