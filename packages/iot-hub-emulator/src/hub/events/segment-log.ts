/** A partition's log on disk: a row of segments, the last of which grows. Retention deletes whole segments from the front. */
import { mkdir, open, readdir, stat, unlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { eventOf } from "./event-record.ts";
import type { EventStamp, StoredEvent } from "./event-stream.ts";
import type { EventLog } from "./partition.ts";
import { Segment, parseSegmentName } from "./segment.ts";

export interface SegmentLogOptions {
  /** Of all segments together, in bytes; the log may be longer by one segment. */
  readonly maxBytes: number;
  /** At which length a segment is followed by the next one; default 16 MB. */
  readonly segmentBytes?: number;
}

/** Opens or creates the log in a folder of its own. */
export async function openSegmentLog(
  folder: string,
  { maxBytes, segmentBytes = 16 * 1024 * 1024 }: SegmentLogOptions,
): Promise<EventLog> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const segments: Segment[] = [];
  for (const name of (await readdir(folder)).toSorted()) {
    const start = parseSegmentName(name);
    if (start !== undefined) segments.push(new Segment(folder, start, (await stat(join(folder, name))).size));
  }
  const active = segments.at(-1) ?? new Segment(folder, { sequenceNumber: 0, offset: 0, enqueuedTime: 0 });
  if (segments.length === 0) segments.push(active);
  const handle = await open(active.file, "a", 0o600);
  // A segment that a crash left without a record says by its name where the one before it ended.
  const last = await active.recover(handle);
  const next = {
    sequenceNumber: last === undefined ? active.start.sequenceNumber : last.sequenceNumber + 1,
    offset: active.start.offset + active.size,
  };
  const before = last === undefined ? await lastOf(segments.at(-2)) : eventOf(last);
  return new SegmentLog({ folder, segments, handle, next, lastEvent: before, limits: { maxBytes, segmentBytes } });
}

interface Opened {
  readonly folder: string;
  readonly segments: Segment[];
  readonly handle: FileHandle;
  readonly next: { readonly sequenceNumber: number; readonly offset: number };
  readonly lastEvent: EventStamp | undefined;
  readonly limits: Required<SegmentLogOptions>;
}

class SegmentLog implements EventLog {
  readonly #folder: string;
  readonly #segments: Segment[];
  readonly #limits: Required<SegmentLogOptions>;
  #handle: FileHandle;
  #next: Opened["next"];
  #lastEvent: EventStamp | undefined;

  constructor({ folder, segments, handle, next, lastEvent, limits }: Opened) {
    this.#folder = folder;
    this.#segments = segments;
    this.#limits = limits;
    this.#handle = handle;
    this.#next = next;
    this.#lastEvent = lastEvent;
  }

  get begin(): number {
    return this.#segments[0]?.start.sequenceNumber ?? this.#next.sequenceNumber;
  }

  get next(): Opened["next"] {
    return this.#next;
  }

  get lastEvent(): EventStamp | undefined {
    return this.#lastEvent;
  }

  async append(events: readonly StoredEvent[]): Promise<void> {
    const first = events[0];
    const last = events.at(-1);
    if (first === undefined || last === undefined) return;
    if (this.#active().size >= this.#limits.segmentBytes) await this.#roll(first);
    const active = this.#active();
    await active.append(this.#handle, events);
    this.#next = { sequenceNumber: last.sequenceNumber + 1, offset: active.start.offset + active.size };
    this.#lastEvent = last;
  }

  async read(from: number, maxBytes: number): Promise<readonly StoredEvent[]> {
    for (const segment of this.#from((start) => start.sequenceNumber <= from)) {
      const records = await this.#unlessDeleted(segment, () => segment.read(from, maxBytes));
      if (records !== undefined && records.length > 0) return records.map(eventOf);
    }
    return [];
  }

  async findOffset(offset: number): Promise<number> {
    for (const segment of this.#from((start) => start.offset <= offset)) {
      const found = await this.#unlessDeleted(segment, () => segment.findOffset(offset));
      if (found !== undefined) return found;
    }
    return this.#next.sequenceNumber;
  }

  async findTime(enqueuedTime: number): Promise<number> {
    for (const segment of this.#from((start) => start.enqueuedTime < enqueuedTime)) {
      const found = await this.#unlessDeleted(segment, () => segment.findTime(enqueuedTime));
      if (found !== undefined) return found;
    }
    return this.#next.sequenceNumber;
  }

  // A segment is too old when the one after it begins before the time.
  async dropBefore(enqueuedTime: number): Promise<void> {
    let bytes = this.#segments.reduce((sum, { size }) => sum + size, 0);
    while (this.#segments.length > 1) {
      const [oldest, following] = this.#segments;
      if (oldest === undefined || following === undefined) return;
      if (bytes <= this.#limits.maxBytes && following.start.enqueuedTime >= enqueuedTime) return;
      this.#segments.shift();
      bytes -= oldest.size;
      await unlink(oldest.file);
    }
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  #active(): Segment {
    const active = this.#segments.at(-1);
    if (active === undefined) throw new Error("A log always has a segment.");
    return active;
  }

  async #roll({ sequenceNumber, offset, enqueuedTime }: StoredEvent): Promise<void> {
    const segment = new Segment(this.#folder, { sequenceNumber, offset: Number(offset), enqueuedTime });
    const handle = await open(segment.file, "a", 0o600);
    await this.#handle.close();
    this.#handle = handle;
    this.#segments.push(segment);
    await this.dropBefore(Number.NEGATIVE_INFINITY);
  }

  /** The last segment that begins early enough, and all after it. */
  #from(beginsEarlyEnough: (start: Segment["start"]) => boolean): readonly Segment[] {
    const index = this.#segments.findLastIndex(({ start }) => beginsEarlyEnough(start));
    return this.#segments.slice(Math.max(0, index));
  }

  // Retention may delete a file between the look-up and the read; the reader then goes on with the next.
  async #unlessDeleted<T>(segment: Segment, use: () => Promise<T>): Promise<T | undefined> {
    try {
      return await use();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT" && !this.#segments.includes(segment)) return undefined;
      throw error;
    }
  }
}

async function lastOf(segment: Segment | undefined): Promise<EventStamp | undefined> {
  const records = segment === undefined ? [] : await segment.read(segment.start.sequenceNumber, Infinity);
  const last = records.at(-1);
  return last === undefined ? undefined : eventOf(last);
}
