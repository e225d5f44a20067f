import { expect, test } from "vitest";
import type { StoredEvent } from "./event-stream.ts";
import { Partition } from "./partition.ts";
import type { EventLog } from "./partition.ts";
import { Partitions } from "./partitions.ts";

const encode = (text: string): Buffer => Buffer.from(text);

function numbers(events: readonly StoredEvent[]): number[] {
  return events.map(({ sequenceNumber }) => sequenceNumber);
}

/** A log whose writes wait until they are let through or made to fail. */
class HeldLog implements EventLog {
  readonly begin = 0;
  readonly written: StoredEvent[][] = [];
  next = { sequenceNumber: 0, offset: 0 };
  lastEvent: StoredEvent | undefined;
  #release: ((error?: Error) => void)[] = [];
  #held: (() => void) | undefined;

  append(events: readonly StoredEvent[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#release.push((error) => {
        if (error !== undefined) return reject(error);
        this.written.push([...events]);
        this.lastEvent = events.at(-1);
        this.next = { sequenceNumber: (this.lastEvent?.sequenceNumber ?? -1) + 1, offset: 0 };
        resolve();
      });
      this.#held?.();
    });
  }
  /** Resolves when a write waits. */
  async held(): Promise<void> {
    if (this.#release.length === 0) await new Promise<void>((resolve) => (this.#held = resolve));
  }
  release(error?: Error): void {
    this.#release.shift()?.(error);
  }
  read(): Promise<readonly StoredEvent[]> {
    return Promise.resolve([]);
  }
  findOffset(): Promise<number> {
    return Promise.resolve(0);
  }
  findTime(): Promise<number> {
    return Promise.resolve(0);
  }
  dropBefore(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

test("events are numbered from 0, and read from any of them", async () => {
  const partition = new Partition({ id: "0", memoryBytes: 1e6, now: () => 5 });
  expect(partition.properties()).toMatchObject({
    beginSequenceNumber: 0,
    lastEnqueuedSequenceNumber: -1,
    isEmpty: true,
  });
  await partition.append(["a", "b"], encode);
  await partition.append(["c"], encode);
  expect(numbers(await partition.read(0, 1e6))).toEqual([0, 1, 2]);
  expect(numbers(await partition.read(1, 1))).toEqual([1]);
  expect(await partition.read(3, 1e6)).toEqual([]);
  expect(partition.properties()).toMatchObject({ lastEnqueuedSequenceNumber: 2, lastEnqueuedTime: 5, isEmpty: false });
});

test("every kind of position finds its event", async () => {
  let now = 0;
  const partition = new Partition({ id: "0", memoryBytes: 1e6, now: () => now });
  for (now = 10; now <= 50; now += 10) await partition.append([`event ${now}`], encode);
  const events = await partition.read(0, 1e6);
  const { offset = "" } = events[2] ?? {};
  expect(await partition.resolve({ kind: "earliest" })).toBe(0);
  expect(await partition.resolve({ kind: "latest" })).toBe(5);
  expect(await partition.resolve({ kind: "sequenceNumber", value: 2, inclusive: true })).toBe(2);
  expect(await partition.resolve({ kind: "sequenceNumber", value: 2, inclusive: false })).toBe(3);
  expect(await partition.resolve({ kind: "offset", value: offset, inclusive: true })).toBe(2);
  expect(await partition.resolve({ kind: "offset", value: offset, inclusive: false })).toBe(3);
  expect(await partition.resolve({ kind: "offset", value: "-1", inclusive: false })).toBe(0);
  expect(await partition.resolve({ kind: "enqueuedTime", value: 20 })).toBe(2);
  expect(await partition.resolve({ kind: "enqueuedTime", value: 19 })).toBe(1);
  expect(await partition.resolve({ kind: "enqueuedTime", value: 99 })).toBe(5);
});

test("time never goes back within a partition, whatever the clock does", async () => {
  let now = 100;
  const partition = new Partition({ id: "0", memoryBytes: 1e6, now: () => now });
  await partition.append(["a"], encode);
  now = 50;
  await partition.append(["b"], encode);
  expect((await partition.read(0, 1e6)).map(({ enqueuedTime }) => enqueuedTime)).toEqual([100, 100]);
});

test("memory holds the newest events only, and a reader that is behind skips forward", async () => {
  const partition = new Partition({ id: "0", memoryBytes: 10_000, now: () => 0 });
  for (let i = 0; i < 5_000; i++) await partition.append(["x".repeat(100)], encode);
  const { beginSequenceNumber } = partition.properties();
  expect(beginSequenceNumber).toBeGreaterThan(4_900);
  expect(numbers(await partition.read(0, 150))).toEqual([beginSequenceNumber]);
});

test("a message that cannot be encoded takes its batch with it, and no numbers", async () => {
  const partition = new Partition({ id: "0", memoryBytes: 1e6, now: () => 0 });
  const failing = (text: string): Buffer => {
    if (text === "bad") throw new Error("cannot encode");
    return encode(text);
  };
  expect(() => partition.append(["good", "bad"], failing)).toThrow("cannot encode");
  await partition.append(["next"], encode);
  expect(numbers(await partition.read(0, 1e6))).toEqual([0]);
});

test("an event is answered and readable only after it was written; what comes meanwhile is written together", async () => {
  const log = new HeldLog();
  const partition = new Partition({ id: "0", memoryBytes: 1e6, log, now: () => 0 });
  let appended = 0;
  partition.onAppend(() => appended++);
  const first = partition.append(["a"], encode);
  await log.held();
  const later = [partition.append(["b"], encode), partition.append(["c"], encode)];
  expect(partition.properties().isEmpty).toBe(true);
  log.release();
  await first;
  expect(numbers(await partition.read(0, 1e6))).toEqual([0]);
  await log.held();
  log.release();
  await Promise.all(later);
  expect(log.written.map(numbers)).toEqual([[0], [1, 2]]);
  expect(appended).toBe(3);
  await partition.close();
});

test("a failed write refuses everything that waited, and its numbers are given again", async () => {
  const log = new HeldLog();
  const partition = new Partition({ id: "0", memoryBytes: 1e6, log, now: () => 0 });
  const refused = [partition.append(["a"], encode)];
  await log.held();
  refused.push(partition.append(["b"], encode));
  log.release(new Error("disk full"));
  for (const outcome of await Promise.allSettled(refused)) {
    expect(outcome).toMatchObject({ status: "rejected", reason: { errorName: "ServiceUnavailable" } });
  }
  const again = partition.append(["c"], encode);
  await log.held();
  log.release();
  await again;
  expect(log.written.map(numbers)).toEqual([[0]]);
  await partition.close();
});

test("devices spread over the partitions, each always in the same one", async () => {
  const options = { name: "events", createdAt: 0, partitionCount: 4, memoryBytes: 1e6, retentionMs: 1e6, now: () => 0 };
  const [one, two] = [new Partitions(options), new Partitions(options)];
  const counts = new Map<string, number>();
  for (let i = 0; i < 1000; i++) {
    const id = one.partitionOf(`device-${i}`);
    expect(two.partitionOf(`device-${i}`)).toBe(id);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  expect([...counts.keys()].toSorted()).toEqual(["0", "1", "2", "3"]);
  for (const count of counts.values()) expect(count).toBeGreaterThan(180);
  for (const wrong of ["4", "-1", "", "x", "00000"]) expect(() => one.properties(wrong)).toThrow(/no partition/);
  await Promise.all([one.close(), two.close()]);
});
