/**
 * One file of a partition's log: records from a first sequence number on. Its name says where it begins, so that a log of
 * many files opens by reading the last one only. A sparse index, one entry per 64 KB, finds the rest.
 */
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { RECORD_HEADER_BYTES, decodeRecords, encodeRecords, recordLength } from "./event-record.ts";
import type { EventRecord } from "./event-record.ts";
import type { StoredEvent } from "./event-stream.ts";

interface IndexEntry {
  readonly sequenceNumber: number;
  /** Bytes from the start of the file. */
  readonly position: number;
  readonly enqueuedTime: number;
}

/** What the name of a segment file says about its first record. */
export interface SegmentStart {
  readonly sequenceNumber: number;
  readonly offset: number;
  readonly enqueuedTime: number;
}

const INDEX_BYTES = 64 * 1024;
const CHUNK_BYTES = 256 * 1024;
const NAME = /^(\d{16})-(\d{16})-(\d{16})\.log$/;

/** `undefined` for a file that is no segment. */
export function parseSegmentName(name: string): SegmentStart | undefined {
  const [, sequenceNumber, offset, enqueuedTime] = NAME.exec(name)?.map(Number) ?? [];
  if (sequenceNumber === undefined || offset === undefined || enqueuedTime === undefined) return undefined;
  return { sequenceNumber, offset, enqueuedTime };
}

export class Segment {
  readonly start: SegmentStart;
  readonly file: string;
  /** Bytes of whole records in the file; what is beyond is not there. */
  #size: number;
  #index: IndexEntry[] | undefined;

  constructor(folder: string, start: SegmentStart, size: number = 0) {
    const parts = [start.sequenceNumber, start.offset, Math.floor(start.enqueuedTime)];
    this.start = start;
    this.file = join(folder, `${parts.map((part) => String(part).padStart(16, "0")).join("-")}.log`);
    this.#size = size;
    this.#index = size === 0 ? [] : undefined;
  }

  get size(): number {
    return this.#size;
  }

  /** Appends to the file; after a failure nothing was added. */
  async append(handle: FileHandle, events: readonly StoredEvent[]): Promise<void> {
    const bytes = encodeRecords(events);
    try {
      await handle.appendFile(bytes);
    } catch (error) {
      await handle.truncate(this.#size);
      throw error;
    }
    for (const { sequenceNumber, enqueuedTime, message } of events) {
      if (this.#index !== undefined) note(this.#index, { sequenceNumber, position: this.#size, enqueuedTime });
      this.#size += RECORD_HEADER_BYTES + message.length;
    }
  }

  /**
   * Reads the whole file and cuts off a damaged end, as a crash in the middle of a write leaves it; answers with the last
   * record, if any.
   */
  async recover(handle: FileHandle): Promise<EventRecord | undefined> {
    let last: EventRecord | undefined;
    this.#index = [];
    for await (const record of this.#records(0)) {
      note(this.#index, { ...record, position: record.offset - this.start.offset });
      last = record;
    }
    const end = last === undefined ? 0 : last.offset + last.byteLength - this.start.offset;
    if (end < (await handle.stat()).size) await handle.truncate(end);
    this.#size = end;
    return last;
  }

  /** Records from a sequence number on, at most `maxBytes` of messages but at least one if there is any. */
  async read(from: number, maxBytes: number): Promise<readonly EventRecord[]> {
    const records: EventRecord[] = [];
    let bytes = 0;
    const position = await this.#before((entry) => entry.sequenceNumber >= from);
    for await (const record of this.#records(position)) {
      if (record.sequenceNumber < from) continue;
      bytes += record.message.length;
      if (bytes > maxBytes && records.length > 0) break;
      records.push(record);
      if (bytes >= maxBytes) break;
    }
    return records;
  }

  /** The first record at or after an offset, or a time; `undefined` when all are before it. */
  async findOffset(offset: number): Promise<number | undefined> {
    return this.#find((entry) => entry.position + this.start.offset >= offset);
  }

  async findTime(enqueuedTime: number): Promise<number | undefined> {
    return this.#find((entry) => entry.enqueuedTime >= enqueuedTime);
  }

  async #find(isAtOrAfter: (entry: IndexEntry) => boolean): Promise<number | undefined> {
    for await (const record of this.#records(await this.#before(isAtOrAfter))) {
      if (isAtOrAfter({ ...record, position: record.offset - this.start.offset })) return record.sequenceNumber;
    }
    return undefined;
  }

  // Position of the last indexed record that comes before the wanted one, or of the first record.
  async #before(isAtOrAfter: (entry: IndexEntry) => boolean): Promise<number> {
    const index = (this.#index ??= await this.#buildIndex());
    const after = index.findIndex(isAtOrAfter);
    const entry = index[(after < 0 ? index.length : after) - 1];
    return entry?.position ?? 0;
  }

  async #buildIndex(): Promise<IndexEntry[]> {
    const index: IndexEntry[] = [];
    for await (const record of this.#records(0)) {
      note(index, { ...record, position: record.offset - this.start.offset });
    }
    return index;
  }

  /** Every record from a position on, read in chunks. A record's number is known only by counting from an indexed one. */
  async *#records(position: number): AsyncGenerator<EventRecord> {
    const handle = await open(this.file, "r");
    try {
      let sequenceNumber = this.#sequenceAt(position);
      let wanted = CHUNK_BYTES;
      while (position < this.#size) {
        const chunk = Buffer.allocUnsafe(Math.min(wanted, this.#size - position));
        const { bytesRead } = await handle.read(chunk, 0, chunk.length, position);
        const bytes = chunk.subarray(0, bytesRead);
        const start = position;
        for (const record of decodeRecords(bytes, { sequenceNumber, offset: this.start.offset + position })) {
          yield record;
          sequenceNumber++;
          position += record.byteLength;
        }
        wanted = CHUNK_BYTES;
        if (position > start) continue;
        // Nothing whole in the chunk: a record longer than it, or damage.
        if (bytes.length < RECORD_HEADER_BYTES || recordLength(bytes, 0) <= bytes.length) return;
        if (bytes.length < Math.min(wanted, this.#size - position)) return;
        wanted = recordLength(bytes, 0);
        if (position + wanted > this.#size) return;
      }
    } finally {
      await handle.close();
    }
  }

  #sequenceAt(position: number): number {
    const entry = this.#index?.findLast((candidate) => candidate.position === position);
    return position === 0 ? this.start.sequenceNumber : (entry?.sequenceNumber ?? this.start.sequenceNumber);
  }
}

function note(index: IndexEntry[], { sequenceNumber, position, enqueuedTime }: IndexEntry): void {
  const last = index.at(-1);
  if (last === undefined || position - last.position >= INDEX_BYTES)
    index.push({ sequenceNumber, position, enqueuedTime });
}
