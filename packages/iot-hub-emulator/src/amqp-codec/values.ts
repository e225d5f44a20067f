/**
 * AMQP values as JavaScript values. Symbols read as strings; integers and timestamps beyond 2^53 as bigint; what
 * JavaScript has no word for (uuid, described values, decimals) gets a small class. Writing needs the AMQP type, so the
 * writer has a method per type instead of guessing.
 */
import { AmqpDecodeError } from "./decode-error.ts";
import { MAX_DEPTH, type Reader } from "./reader.ts";

export type AmqpValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | Uuid
  | Decimal
  | Described
  | readonly AmqpValue[]
  | AmqpMap;

export type AmqpMap = ReadonlyMap<AmqpValue, AmqpValue>;

/** A 128-bit uuid. SDKs turn message ids that look like one into this type. */
export class Uuid {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  toString(): string {
    const hex = Buffer.from(this.bytes).toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }
}

/** A decimal32, 64 or 128, kept as its bytes: nothing here computes with it. */
export class Decimal {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** A value with a descriptor, e.g. a delivery state or a filter. */
export class Described {
  readonly descriptor: AmqpValue;
  readonly value: AmqpValue;
  constructor(descriptor: AmqpValue, value: AmqpValue) {
    this.descriptor = descriptor;
    this.value = value;
  }
}

/** Reads one value of any type. Throws `AmqpDecodeError`. */
export function readValue(reader: Reader, depth: number = 0): AmqpValue {
  return readTyped(reader, reader.uint8(), depth);
}

/** Reads the value whose constructor was just read. */
function readTyped(reader: Reader, code: number, depth: number): AmqpValue {
  if (depth > MAX_DEPTH) throw new AmqpDecodeError("Values are nested too deeply.");
  if (code === 0x00) return new Described(readValue(reader, depth + 1), readValue(reader, depth + 1));
  if (code >= 0xc0) return readCompound(reader, code, depth);
  const read = SCALARS[code];
  if (read === undefined) throw new AmqpDecodeError(`0x${code.toString(16)} is no AMQP type.`);
  return read(reader);
}

const SCALARS: Readonly<Record<number, (reader: Reader) => AmqpValue>> = {
  0x40: () => null,
  0x41: () => true,
  0x42: () => false,
  0x43: () => 0,
  0x44: () => 0,
  0x45: () => [],
  0x50: (reader) => reader.uint8(),
  0x51: (reader) => signed(reader.uint8(), 8),
  0x52: (reader) => reader.uint8(),
  0x53: (reader) => reader.uint8(),
  0x54: (reader) => signed(reader.uint8(), 8),
  0x55: (reader) => signed(reader.uint8(), 8),
  0x56: (reader) => boolean(reader.uint8()),
  0x60: (reader) => reader.uint16(),
  0x61: (reader) => signed(reader.uint16(), 16),
  0x70: (reader) => reader.uint32(),
  0x71: (reader) => reader.uint32() | 0,
  0x72: (reader) => reader.view(4).readFloatBE(0),
  0x73: (reader) => character(reader.uint32()),
  0x74: (reader) => new Decimal(reader.view(4)),
  0x80: (reader) => reader.uint64(),
  0x81: (reader) => reader.int64(),
  0x82: (reader) => reader.view(8).readDoubleBE(0),
  0x83: (reader) => new Date(Number(reader.int64())),
  0x84: (reader) => new Decimal(reader.view(8)),
  0x94: (reader) => new Decimal(reader.view(16)),
  0x98: (reader) => new Uuid(reader.view(16)),
  0xa0: (reader) => reader.view(reader.uint8()),
  0xa1: (reader) => reader.text(reader.uint8()),
  0xa3: (reader) => reader.text(reader.uint8()),
  0xb0: (reader) => reader.view(reader.uint32()),
  0xb1: (reader) => reader.text(reader.uint32()),
  0xb3: (reader) => reader.text(reader.uint32()),
};

function readCompound(reader: Reader, code: number, depth: number): AmqpValue {
  const { count, end } = reader.compound(code);
  const value = readEntries(reader, code, count, depth);
  if (reader.position !== end) throw new AmqpDecodeError("A compound value's size does not match its entries.");
  return value;
}

function readEntries(reader: Reader, code: number, count: number, depth: number): AmqpValue {
  switch (code) {
    case 0xc0:
    case 0xd0:
      return repeat(count, () => readValue(reader, depth + 1));
    case 0xc1:
    case 0xd1:
      return readPairs(reader, count, depth);
    case 0xe0:
    case 0xf0:
      return readArray(reader, count, depth);
    default:
      throw new AmqpDecodeError(`0x${code.toString(16)} is no AMQP type.`);
  }
}

function readPairs(reader: Reader, count: number, depth: number): AmqpMap {
  if (count % 2 !== 0) throw new AmqpDecodeError("A map has a key without a value.");
  const map = new Map<AmqpValue, AmqpValue>();
  for (let i = 0; i < count; i += 2) {
    const key = readValue(reader, depth + 1);
    map.set(key, readValue(reader, depth + 1));
  }
  return map;
}

// All entries of an array share one constructor, which may carry a descriptor.
function readArray(reader: Reader, count: number, depth: number): readonly AmqpValue[] {
  let code = reader.uint8();
  if (code !== 0x00) return repeat(count, () => readTyped(reader, code, depth + 1));
  const descriptor = readValue(reader, depth + 1);
  code = reader.uint8();
  if (code === 0x00) throw new AmqpDecodeError("An array's entries have two descriptors.");
  return repeat(count, () => new Described(descriptor, readTyped(reader, code, depth + 1)));
}

function repeat(count: number, read: () => AmqpValue): AmqpValue[] {
  const values: AmqpValue[] = [];
  for (let i = 0; i < count; i++) values.push(read());
  return values;
}

function signed(value: number, bits: number): number {
  return (value << (32 - bits)) >> (32 - bits);
}

function boolean(byte: number): boolean {
  if (byte > 1) throw new AmqpDecodeError("A boolean is neither 0 nor 1.");
  return byte === 1;
}

function character(code: number): string {
  if (code > 0x10ffff) throw new AmqpDecodeError("A char is no Unicode character.");
  return String.fromCodePoint(code);
}
