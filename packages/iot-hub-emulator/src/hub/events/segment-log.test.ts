import { appendFile, mkdtemp, readFile, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { RECORD_HEADER_BYTES } from "./event-record.ts";
import type { StoredEvent } from "./event-stream.ts";
import type { EventLog } from "./partition.ts";
import { openSegmentLog } from "./segment-log.ts";

const LIMITS = { maxBytes: 1024 * 1024 * 1024 };

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "segment-log-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Events that follow what the log has, one per given size, a millisecond apart. */
function following(log: EventLog, sizes: readonly number[]): StoredEvent[] {
  let { sequenceNumber, offset } = log.next;
  return sizes.map((size) => {
    const message = Buffer.alloc(size, sequenceNumber % 256);
    const event = { sequenceNumber, offset: String(offset), enqueuedTime: 1000 + sequenceNumber, message };
    sequenceNumber++;
    offset += RECORD_HEADER_BYTES + size;
    return event;
  });
}

async function readAll(log: EventLog, from: number = 0): Promise<StoredEvent[]> {
  const all: StoredEvent[] = [];
  for (let next = from; ; next = (all.at(-1)?.sequenceNumber ?? -1) + 1) {
    const events = await log.read(next, 10_000);
    if (events.length === 0) return all;
    all.push(...events);
  }
}

async function onlySegment(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".log"));
  expect(names).toHaveLength(1);
  return join(folder, names[0] ?? "");
}

test("what was appended is read back over many segments, also after opening again", async () => {
  await inFolder(async (folder) => {
    const limits = { ...LIMITS, segmentBytes: 2_000 };
    let log = await openSegmentLog(folder, limits);
    const written: StoredEvent[] = [];
    for (let i = 0; i < 20; i++) {
      const events = following(log, [100, 0, 700 + i]);
      await log.append(events);
      written.push(...events);
    }
    expect((await readdir(folder)).length).toBeGreaterThan(5);
    expect(await readAll(log)).toEqual(written);
    await log.close();
    log = await openSegmentLog(folder, limits);
    expect(log.next.sequenceNumber).toBe(60);
    expect(log.lastEvent).toMatchObject({ sequenceNumber: 59, enqueuedTime: 1059 });
    expect(await readAll(log)).toEqual(written);
    await log.append(following(log, [5]));
    expect((await readAll(log, 58)).map(({ sequenceNumber }) => sequenceNumber)).toEqual([58, 59, 60]);
    await log.close();
  });
});

test("events larger than a read, and reads smaller than an event, work", async () => {
  await inFolder(async (folder) => {
    const log = await openSegmentLog(folder, LIMITS);
    const events = following(log, [10, 600_000, 10, 300_000]);
    await log.append(events);
    const isRead = async (from: number, maxBytes: number, expected: readonly StoredEvent[]): Promise<boolean> => {
      const read = await log.read(from, maxBytes);
      return (
        read.length === expected.length && read.every(({ message }, i) => expected[i]?.message.equals(message) === true)
      );
    };
    expect(await isRead(1, 1, events.slice(1, 2))).toBe(true);
    expect(await isRead(0, 15, events.slice(0, 1))).toBe(true);
    expect(await isRead(2, 1_000_000, events.slice(2))).toBe(true);
    expect(await isRead(4, 100, [])).toBe(true);
    await log.close();
  });
});

test("positions by offset and time name the first event at or after them", async () => {
  await inFolder(async (folder) => {
    const log = await openSegmentLog(folder, { ...LIMITS, segmentBytes: 100_000 });
    const events = following(
      log,
      Array.from({ length: 500 }, (_, i) => 500 + (i % 7)),
    );
    for (let i = 0; i < events.length; i += 50) await log.append(events.slice(i, i + 50));
    await log.close();
    const again = await openSegmentLog(folder, LIMITS);
    for (const event of [events[0], events[1], events[249], events[250], events[499]] as StoredEvent[]) {
      expect(await again.findOffset(Number(event.offset))).toBe(event.sequenceNumber);
      expect(await again.findOffset(Number(event.offset) + 1)).toBe(event.sequenceNumber + 1);
      expect(await again.findTime(event.enqueuedTime)).toBe(event.sequenceNumber);
    }
    expect(await again.findTime(0)).toBe(0);
    expect(await again.findTime(9_999)).toBe(500);
    await again.close();
  });
});

test("whatever end a crash leaves, every whole record before it survives and the log goes on", async () => {
  await inFolder(async (folder) => {
    const file = async (): Promise<string> => onlySegment(folder);
    const log = await openSegmentLog(folder, LIMITS);
    const events = following(log, [40, 50, 60]);
    await log.append(events);
    await log.close();
    const whole = await readFile(await file());
    const ends = events.map(({ offset, message }) => Number(offset) + RECORD_HEADER_BYTES + message.length);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: whole.length }), fc.uint8Array({ maxLength: 40 }), async (length, garbage) => {
        await writeFile(await file(), whole.subarray(0, length));
        await appendFile(await file(), garbage);
        const opened = await openSegmentLog(folder, LIMITS);
        const survivors = ends.filter((end) => end <= length).length;
        // Random bytes that happen to continue a record correctly are no damage.
        expect(opened.next.sequenceNumber).toBeGreaterThanOrEqual(survivors);
        expect((await readAll(opened)).slice(0, survivors)).toEqual(events.slice(0, survivors));
        const more = following(opened, [7]);
        await opened.append(more);
        expect((await readAll(opened)).at(-1)).toEqual(more[0]);
        await opened.close();
      }),
      { numRuns: 60 },
    );
  });
});

test("a damaged byte ends the log before its record", async () => {
  await inFolder(async (folder) => {
    const log = await openSegmentLog(folder, LIMITS);
    await log.append(following(log, [40, 50]));
    await log.close();
    const file = await onlySegment(folder);
    const bytes = await readFile(file);
    bytes[bytes.length - 1] = 0xee;
    await writeFile(file, bytes);
    const again = await openSegmentLog(folder, LIMITS);
    expect(again.next.sequenceNumber).toBe(1);
    expect((await stat(file)).size).toBe(40 + RECORD_HEADER_BYTES);
    await again.close();
  });
});

test("numbers go on when the newest segment was left empty", async () => {
  await inFolder(async (folder) => {
    const limits = { ...LIMITS, segmentBytes: 10 };
    const log = await openSegmentLog(folder, limits);
    await log.append(following(log, [20]));
    await log.append(following(log, [20]));
    await log.close();
    const newest = (await readdir(folder)).toSorted().at(-1) ?? "";
    await truncate(join(folder, newest), 3);
    const again = await openSegmentLog(folder, limits);
    expect(again.next.sequenceNumber).toBe(1);
    expect(again.lastEvent?.sequenceNumber).toBe(0);
    await again.append(following(again, [30]));
    expect((await readAll(again)).map(({ message }) => message.length)).toEqual([20, 30]);
    await again.close();
  });
});

test("the log drops its oldest segments by size and by age, and never its newest", async () => {
  await inFolder(async (folder) => {
    const log = await openSegmentLog(folder, { maxBytes: 5_000, segmentBytes: 1_000 });
    for (let i = 0; i < 50; i++) await log.append(following(log, [500]));
    const { begin } = log;
    expect(begin).toBeGreaterThan(30);
    expect((await readAll(log))[0]?.sequenceNumber).toBe(begin);
    expect((await readdir(folder)).length).toBeLessThanOrEqual(7);
    await log.dropBefore(1_000_000);
    expect(await readdir(folder)).toHaveLength(1);
    expect(log.next.sequenceNumber).toBe(50);
    await log.close();
  });
});
