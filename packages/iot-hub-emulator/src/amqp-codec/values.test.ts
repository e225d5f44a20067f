/** The type system against rhea's: each side reads what the other wrote. */
import fc from "fast-check";
import rhea from "rhea";
import { expect, test } from "vitest";
import { AmqpDecodeError } from "./decode-error.ts";
import { MAX_DEPTH, Reader } from "./reader.ts";
import { type AmqpValue, Described, readValue, Uuid } from "./values.ts";
import { Writer } from "./writer.ts";

interface Typed {
  readonly value: unknown;
  readonly descriptor?: Typed;
}
interface RheaReader {
  read(): Typed;
}
interface RheaWriter {
  write(value: unknown): void;
  toBuffer(): Buffer;
}
// rhea's types are public in JavaScript and missing from its declarations.
const types = rhea.types as unknown as Record<string, (value: unknown, extra?: unknown) => Typed> & {
  Reader: new (bytes: Buffer) => RheaReader;
  Writer: new () => RheaWriter;
};

function byRhea(value: unknown): AmqpValue {
  const writer = new types.Writer();
  writer.write(value);
  return readValue(new Reader(writer.toBuffer()));
}

function toRhea(write: (writer: Writer) => void): unknown {
  const writer = new Writer(0);
  write(writer);
  return new types.Reader(writer.written()).read().value;
}

test("numbers written by rhea read as the same numbers", () => {
  const kinds: readonly (readonly [string, fc.Arbitrary<number>])[] = [
    ["wrap_ubyte", fc.integer({ min: 0, max: 255 })],
    ["wrap_ushort", fc.integer({ min: 0, max: 65_535 })],
    ["wrap_uint", fc.integer({ min: 0, max: 0xffff_ffff })],
    ["wrap_ulong", fc.nat(Number.MAX_SAFE_INTEGER)],
    ["wrap_byte", fc.integer({ min: -128, max: 127 })],
    ["wrap_short", fc.integer({ min: -32_768, max: 32_767 })],
    ["wrap_int", fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })],
    ["wrap_long", fc.maxSafeInteger()],
    ["wrap_double", fc.double({ noNaN: true })],
  ];
  for (const [wrap, values] of kinds) {
    fc.assert(
      fc.property(values, (value) => {
        expect(byRhea(types[wrap]?.(value))).toBe(value);
      }),
    );
  }
});

test("text, symbols, booleans, binaries, timestamps and uuids written by rhea read as themselves", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), (text) => {
      const whole = Buffer.from(text).toString();
      expect(byRhea(types["wrap_string"]?.(whole))).toBe(whole);
    }),
  );
  expect(byRhea(types["wrap_symbol"]?.("amqp:accepted:list"))).toBe("amqp:accepted:list");
  expect(byRhea(types["wrap_boolean"]?.(true))).toBe(true);
  expect(byRhea(types["wrap_boolean"]?.(false))).toBe(false);
  expect(byRhea(types["wrap_binary"]?.(Buffer.alloc(300, 7)))).toEqual(Buffer.alloc(300, 7));
  expect(byRhea(types["wrap_timestamp"]?.(1_700_000_000_123))).toEqual(new Date(1_700_000_000_123));
  const uuid = byRhea(types["wrap_uuid"]?.(rhea.string_to_uuid("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")));
  expect(uuid).toBeInstanceOf(Uuid);
  expect((uuid as Uuid).toString()).toBe("f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
});

test("lists, maps, arrays and described values written by rhea read as themselves", () => {
  expect(byRhea(types["wrap_list"]?.(["a", 1, true]))).toEqual(["a", 1, true]);
  expect(byRhea(types["wrap_map"]?.({ a: "b", c: 1 }))).toEqual(
    new Map<AmqpValue, AmqpValue>([
      ["a", "b"],
      ["c", 1],
    ]),
  );
  expect(byRhea(types["wrap_array"]?.(["x", "y"], 0xb1))).toEqual(["x", "y"]);
  const filter = types["wrap_described"]?.("amqp.annotation.x-opt-offset > '-1'", 77567109365764);
  expect(byRhea(filter)).toEqual(new Described(77567109365764, "amqp.annotation.x-opt-offset > '-1'"));
});

test("rhea reads what the writer wrote", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), (text) => {
      const whole = Buffer.from(text).toString();
      expect(toRhea((writer) => writer.string(whole))).toBe(whole);
    }),
  );
  // rhea turns wide integers into numbers only while they are small enough for it.
  const kinds: readonly (readonly ["uint" | "int" | "long" | "ulong" | "timestamp", fc.Arbitrary<number>])[] = [
    ["uint", fc.integer({ min: 0, max: 0xffff_ffff })],
    ["int", fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })],
    ["long", fc.nat(2 ** 48)],
    ["ulong", fc.nat(2 ** 48)],
    ["timestamp", fc.nat(2 ** 42)],
  ];
  for (const [kind, values] of kinds) {
    fc.assert(
      fc.property(values, (value) => {
        expect(Number(toRhea((writer) => writer[kind](value)))).toBe(value);
      }),
    );
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      expect(toRhea((writer) => writer.binary(bytes))).toEqual(Buffer.from(bytes));
    }),
  );
  expect(toRhea((writer) => writer.symbols(["a", "bc"]))).toMatchObject([{ value: "a" }, { value: "bc" }]);
  expect(toRhea((writer) => writer.ushort(65_535))).toBe(65_535);
});

test("negative longs and early timestamps survive a round through writer and reader", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const writer = new Writer();
      writer.long(value);
      expect(readValue(new Reader(writer.written()))).toBe(value);
    }),
  );
  const writer = new Writer();
  writer.timestamp(-1);
  expect(readValue(new Reader(writer.written()))).toEqual(new Date(-1));
});

const MALFORMED: Readonly<Record<string, string>> = {
  "a string longer than its bytes": "b1ffffffff61",
  "a list longer than its bytes": "d0ffffffff00000001",
  "a list that counts more entries than it has bytes": "d000000004ffffffff",
  "an array of four billion zero-width entries": "f00000000 5ffffffff41",
  "a map with a key alone": "c10302a10161",
  "a size that does not match the entries": "c0050140404040",
  "an unknown type": "3f",
  "a boolean of 2": "5602",
  nothing: "",
};

test.each(Object.entries(MALFORMED))("%s is a decode error", (_, hex) => {
  const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
  expect(() => readValue(new Reader(bytes))).toThrow(AmqpDecodeError);
});

test("nesting beyond the limit is a decode error, not a stack overflow", () => {
  const described = Buffer.alloc(100_000);
  expect(() => readValue(new Reader(described))).toThrow(AmqpDecodeError);
  expect(() => new Reader(described).skip()).toThrow(AmqpDecodeError);
  let list = Buffer.from([0x40]);
  for (let depth = 0; depth < MAX_DEPTH + 2; depth++) list = Buffer.from([0xc0, list.length + 1, 1, ...list]);
  expect(() => readValue(new Reader(list))).toThrow(AmqpDecodeError);
});
