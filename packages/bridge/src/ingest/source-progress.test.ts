import { expect, test } from "vitest";
import { FakeSources } from "../api/testing/fake-sources.ts";
import { VirtualClock } from "../delivery/testing/virtual-clock.ts";
import { emptyProgress } from "../core/source.ts";
import type { SourceProgress } from "../core/source.ts";
import { Progresses } from "./source-progress.ts";

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const ACCEPTED = { kind: "accepted", id: "e", repeated: false } as const;

class CountingSources extends FakeSources {
  writes = 0;
  isFull = false;

  override async saveSourceProgress(id: string, progress: SourceProgress): Promise<void> {
    if (this.isFull) throw new Error("The disk is full.");
    this.writes += 1;
    await super.saveSourceProgress(id, progress);
  }
}

function underTest(): { clock: VirtualClock; store: CountingSources; progresses: Progresses } {
  const clock = new VirtualClock();
  const store = new CountingSources(() => clock.now());
  return { clock, store, progresses: new Progresses({ store, clock, log }) };
}

test("counts that come together are all counted, also the first ones", async () => {
  const { progresses } = underTest();
  await Promise.all(Array.from({ length: 100 }, () => progresses.count("s", ACCEPTED)));
  expect(await progresses.of("s")).toMatchObject({ accepted: 100 });
});

test("many changes are one write, a few seconds later", async () => {
  const { clock, store, progresses } = underTest();
  for (let i = 0; i < 1_000; i++) await progresses.count("s", ACCEPTED);
  expect(store.writes).toBe(0);
  await clock.advance(5_000);
  expect(store.writes).toBe(1);
  expect(await store.sourceProgress("s")).toMatchObject({ accepted: 1_000 });
  await clock.advance(60_000);
  expect(store.writes).toBe(1);
});

test("what could not be written is written later", async () => {
  const { clock, store, progresses } = underTest();
  store.isFull = true;
  await progresses.count("s", ACCEPTED);
  await clock.advance(5_000);
  store.isFull = false;
  await progresses.count("s", ACCEPTED);
  await clock.advance(5_000);
  expect(await store.sourceProgress("s")).toMatchObject({ accepted: 2 });
});

test("at midnight UTC the counts begin anew, and the times stay", async () => {
  const { clock, progresses } = underTest();
  await progresses.count("s", ACCEPTED);
  const before = await progresses.of("s");
  await clock.advance(24 * 3_600_000);
  expect(await progresses.of("s")).toMatchObject({ accepted: 0, lastEventAt: before.lastEventAt });
  await progresses.count("s", { kind: "refused", message: "no" });
  expect(await progresses.of("s")).toMatchObject({ refused: 1, lastRefusal: { message: "no" } });
});

test("a stop writes what is left; what is forgotten is not written", async () => {
  const { clock, store, progresses } = underTest();
  await store.saveSourceProgress("gone", emptyProgress("2000-01-01"));
  await progresses.count("s", ACCEPTED);
  await progresses.count("gone", ACCEPTED);
  progresses.forget("gone");
  await progresses.stop();
  expect(await store.sourceProgress("s")).toMatchObject({ accepted: 1 });
  expect(await store.sourceProgress("gone")).toMatchObject({ accepted: 0 });
  await clock.advance(10_000);
});
