/** What is written to a twin, and on what ground, when something else happens while it is on its way. */
import { expect, test } from "vitest";
import { fail } from "../../core/failure.ts";
import { ID, startStillWorld, type StillWorld } from "../testing/still-world.ts";

test("a twin that was read before the news that came meanwhile is read once more, and nothing is written over unseen", async () => {
  const world = startStillWorld({});
  await world.patch({ level: 1 });
  await world.tell(world.writes("service", "desired", { other: 1 }));
  const { twin } = world.hub.client(() => true);
  let reads = 0;
  world.answers.twin = async (id) => {
    reads += 1;
    const read = await twin(id);
    // While the answer is on its way, another service writes twice, and the stream tells the first.
    if (reads === 1) {
      await world.tell(world.writes("service", "desired", { other: 2 }));
      world.writes("service", "desired", { level: "theirs" });
    }
    return read;
  };
  await world.patch({ level: 2 });
  expect(world.guards).not.toContain(null);
  expect(world.states.conflicts).toMatchObject([{ path: "level", ours: 2, theirs: "theirs", kept: "theirs" }]);
  expect(world.hub.view(ID)?.desired.properties).toEqual({ level: "theirs", other: 2 });
  expect(world.record()).toMatchObject({ desired: { pending: null }, pendingSince: null });
});

test("a tier without twins is the hub's trouble, and what waits is written soon after the hub has them", async () => {
  const world = startStillWorld({});
  const refuse = async (): Promise<ReturnType<typeof fail>> => fail("not_in_tier", "No twins in this tier.");
  Object.assign(world.answers, { twin: refuse, patchDesired: refuse });
  await world.patch({ level: 1 });
  expect(world.engine.failureOf("hub")).toMatchObject({ code: "not_in_tier" });
  expect(world.record().trouble).toMatchObject({ failure: { code: "not_in_tier" }, attempts: 0 });
  await world.clock.advance(10 * 60_000);
  const { twin, patchDesired } = world.hub.client(() => true);
  Object.assign(world.answers, { twin, patchDesired });
  await world.clock.advance(90_000);
  expect(world.hub.view(ID)?.desired.properties).toEqual({ level: 1 });
  expect(world.record()).toMatchObject({ desired: { pending: null }, trouble: null });
  expect(world.engine.failureOf("hub")).toBeNull();
});

/** The hub is away, and nothing waits for it: only a comparison has found out. */
async function startAway(): Promise<StillWorld> {
  const world = startStillWorld({});
  await world.patch({ level: 1 });
  world.hub.weather.outage = true;
  void world.engine.compare(ID);
  await world.clock.advance(100);
  expect(world.engine.failureOf("hub")).toMatchObject({ code: "hub_unreachable" });
  return world;
}

test("a hub that was away is not said to be so for ever when nothing waits for it", async () => {
  const world = await startAway();
  world.hub.weather.outage = false;
  await world.clock.advance(60_000);
  expect(world.engine.failureOf("hub")).toBe(null);
});

test("a twin that was to be read while the hub was away is read when it is back", async () => {
  const world = await startAway();
  world.writes("service", "desired", { other: 1 });
  expect((await world.engine.compare(ID))?.state).toEqual({ level: 1 });
  world.hub.weather.outage = false;
  await world.clock.advance(60_000);
  expect(world.record().state).toEqual({ level: 1, other: 1 });
});

test("news that come after others that never came make the twin be read; news of a former device change nothing", async () => {
  const world = startStillWorld({});
  await world.patch({ level: 1 });
  world.writes("service", "desired", { other: 1 });
  await world.tell(world.writes("service", "desired", { last: 2 }));
  await world.clock.advance(1_000);
  expect(world.record().state).toEqual({ level: 1, other: 1, last: 2 });
  const news = world.writes("device", "reported", { level: 3 });
  if (news.kind === "telemetry") throw new Error("No news of a twin.");
  await world.tell({ ...news, generationId: "former", section: { ...news.section, level: "former" } });
  await world.clock.advance(1_000);
  expect(world.record()).toMatchObject({ state: { level: 3 }, reported: { properties: { level: 3 } } });
});

const SAID = ["log0", "log1", "log2"] as const;

/** Messages are wanted, and the state is too large for one, as the client of a hub finds. */
async function startTooLarge(): Promise<StillWorld> {
  const world = startStillWorld({ settings: { cloudToDevice: true } });
  const { sendToDevice } = world.hub.client(() => true);
  world.answers.sendToDevice = async (id, message) =>
    message.body.length > 65_536 ? fail("message_too_large", "The message is too large.") : sendToDevice(id, message);
  // Six bytes of JSON for each that a twin counts.
  const said = Object.fromEntries(SAID.map((key) => [key, "\u0001".repeat(4_000)]));
  await world.tell(world.writes("device", "reported", said));
  await world.patch({ level: 1 });
  return world;
}

test("a state too large for a message says so, and its twin is written all the same", async () => {
  const world = await startTooLarge();
  const trouble = { failure: { code: "state_too_large" } };
  expect(world.record()).toMatchObject({ desired: { pending: null }, messageFor: expect.any(Number), trouble });
  expect(world.hub.view(ID)?.desired.properties).toEqual({ level: 1 });
  await world.patch({ level: 2 });
  expect(world.hub.view(ID)?.desired.properties).toEqual({ level: 2 });
  await world.patch(Object.fromEntries(SAID.map((key) => [key, null])));
  expect(world.record()).toMatchObject({ messageFor: null, pendingSince: null, trouble: null });
  expect(world.hub.messages.get(ID)).toMatchObject([{ body: { level: 2 } }]);
});

test("a write that a restart comes across does not wait for the next try of a message that cannot be sent", async () => {
  const world = await startTooLarge();
  world.answers.patchDesired = () => new Promise(() => undefined);
  await world.patch({ level: 2 });
  world.restart();
  delete world.answers.patchDesired;
  await world.clock.advance(30_000);
  expect(world.hub.view(ID)?.desired.properties).toEqual({ level: 2 });
});

test("a message that may have come already is sent again under its id, whatever the device has said since", async () => {
  const world = startStillWorld({ settings: { cloudToDevice: true } });
  const { sendToDevice } = world.hub.client(() => true);
  world.answers.sendToDevice = async (id, message) => {
    await sendToDevice(id, message);
    return new Promise(() => undefined);
  };
  await world.patch({ level: 1 });
  await world.tell(world.writes("device", "reported", { said: 1 }));
  world.restart();
  delete world.answers.sendToDevice;
  await world.clock.advance(30_000);
  const ids = (): (string | undefined)[] => world.hub.messages.get(ID)?.map(({ messageId }) => messageId) ?? [];
  expect(ids()).toHaveLength(2);
  expect(new Set(ids()).size).toBe(1);
  await world.patch({ level: 2 });
  expect(new Set(ids()).size).toBe(2);
  expect(world.record().messageFor).toBe(null);
});
