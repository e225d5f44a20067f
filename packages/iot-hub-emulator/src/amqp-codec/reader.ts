/**
 * A cursor over encoded AMQP 1.0 (OASIS AMQP 1.0, part 1). Every length is checked against the bytes that are really there
 * before it is believed; what does not fit throws `AmqpDecodeError`. Nothing is copied: binaries are views.
 */
import { AmqpDecodeError } from "./decode-error.ts";

/** Deeper nesting than any client uses; keeps hostile nesting from exhausting the stack. */
export const MAX_DEPTH = 24;

/** Size and entry count of a list, map or array, and where it ends. */
export interface CompoundHeader {
  readonly count: number;
  readonly end: number;
}

export class Reader {
  readonly bytes: Buffer;
  position: number;
  readonly end: number;

  /** Reads `bytes` from `position` up to `end` (exclusive). */
  constructor(bytes: Buffer, position: number = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  get done(): boolean {
    return this.position >= this.end;
  }

  /** Throws unless `count` more bytes are there. */
  need(count: number): void {
    if (this.end - this.position < count) throw new AmqpDecodeError("The value is longer than the bytes that hold it.");
  }

  uint8(): number {
    this.need(1);
    return this.bytes[this.position++] as number;
  }

  uint16(): number {
    this.need(2);
    const value = this.bytes.readUInt16BE(this.position);
    this.position += 2;
    return value;
  }

  uint32(): number {
    this.need(4);
    const [bytes, at] = [this.bytes, this.position];
    this.position = at + 4;
    return (
      (bytes[at] as number) * 0x1000000 +
      (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
    );
  }

  /** The next `length` bytes as a view. */
  view(length: number): Buffer {
    this.need(length);
    const start = this.position;
    this.position = start + length;
    return this.bytes.subarray(start, start + length);
  }

  /** The next `length` bytes as text. */
  text(length: number): string {
    this.need(length);
    const start = this.position;
    this.position = start + length;
    return length < 24
      ? shortText(this.bytes, start, start + length)
      : this.bytes.toString("utf8", start, start + length);
  }

  /** A signed 64-bit integer: a number while it is exact, else a bigint. */
  int64(): number | bigint {
    this.need(8);
    const value = this.bytes.readBigInt64BE(this.position);
    this.position += 8;
    return narrow(value);
  }

  uint64(): number | bigint {
    this.need(8);
    const value = this.bytes.readBigUInt64BE(this.position);
    this.position += 8;
    return narrow(value);
  }

  /** Header of a list, map (codes 0xc_, 0xd_) or array (0xe_, 0xf_) whose constructor was just read. */
  compound(code: number): CompoundHeader {
    const narrowSize = (code & 0x10) === 0;
    const size = narrowSize ? this.uint8() : this.uint32();
    this.need(size);
    const end = this.position + size;
    if (size < (narrowSize ? 1 : 4)) throw new AmqpDecodeError("A compound value is too short for its count.");
    const count = narrowSize ? this.uint8() : this.uint32();
    // An entry takes at least a byte. An array of zero-width entries could break that, and only to make us allocate.
    if (count > size) throw new AmqpDecodeError("A compound value counts more entries than it has bytes.");
    return { count, end };
  }

  /** Steps over one value of any type, without building it. */
  skip(depth: number = 0): void {
    const code = this.uint8();
    if (code === 0) {
      if (depth > MAX_DEPTH) throw new AmqpDecodeError("Values are nested too deeply.");
      this.skip(depth + 1);
      this.skip(depth + 1);
      return;
    }
    const length = this.#width(code);
    this.need(length);
    this.position += length;
  }

  /** Bytes that follow a constructor. */
  #width(code: number): number {
    switch (code >> 4) {
      case 0x4:
        return 0;
      case 0x5:
        return 1;
      case 0x6:
        return 2;
      case 0x7:
        return 4;
      case 0x8:
        return 8;
      case 0x9:
        return 16;
      case 0xa:
      case 0xc:
      case 0xe:
        return this.uint8();
      case 0xb:
      case 0xd:
      case 0xf:
        return this.uint32();
      default:
        throw new AmqpDecodeError(`0x${code.toString(16)} is no AMQP type.`);
    }
  }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

// For short ASCII, which is nearly all there is in properties, this beats a call into the runtime.
function shortText(bytes: Buffer, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte > 0x7f) return bytes.toString("utf8", start, end);
    text += String.fromCharCode(byte);
  }
  return text;
}
