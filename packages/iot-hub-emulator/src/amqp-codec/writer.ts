/** Builds encoded AMQP 1.0 in one growing buffer. One method per AMQP type, each picking its shortest encoding. */
const EMPTY = Buffer.alloc(0);

export class Writer {
  bytes: Buffer;
  length = 0;

  constructor(capacity: number = 256) {
    this.bytes = capacity === 0 ? EMPTY : Buffer.allocUnsafe(capacity);
  }

  /** What was written so far, as a view. */
  written(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + count, 256));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  /** Bytes that are encoded already. */
  raw(bytes: Uint8Array): void {
    const size = bytes.length;
    this.reserve(size);
    const [to, at] = [this.bytes, this.length];
    // For a name or a number the call into the runtime would cost more than the copy.
    if (size > 48) to.set(bytes, at);
    else for (let i = 0; i < size; i++) to[at + i] = bytes[i] as number;
    this.length = at + size;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  null(): void {
    this.byte(0x40);
  }

  boolean(value: boolean): void {
    this.byte(value ? 0x41 : 0x42);
  }

  ubyte(value: number): void {
    this.byte(0x50);
    this.byte(value);
  }

  ushort(value: number): void {
    this.byte(0x60);
    this.byte((value >>> 8) & 0xff);
    this.byte(value & 0xff);
  }

  uint(value: number): void {
    if (value === 0) return this.byte(0x43);
    if (value < 256) return this.#small(0x52, value);
    this.byte(0x70);
    this.fixed32(value);
  }

  int(value: number): void {
    if (value >= -128 && value < 128) return this.#small(0x54, value & 0xff);
    this.byte(0x71);
    this.fixed32(value >>> 0);
  }

  ulong(value: number): void {
    if (value === 0) return this.byte(0x44);
    if (value < 256) return this.#small(0x53, value);
    this.#wide(0x80, value);
  }

  /** Exact for safe integers. */
  long(value: number): void {
    if (value >= -128 && value < 128) return this.#small(0x55, value & 0xff);
    this.#wide(0x81, value);
  }

  /** Unix milliseconds. */
  timestamp(milliseconds: number): void {
    this.#wide(0x83, Math.trunc(milliseconds));
  }

  uuid(bytes: Uint8Array): void {
    this.byte(0x98);
    this.raw(bytes);
  }

  string(value: string): void {
    this.#text(0xa1, value);
  }

  symbol(value: string): void {
    this.#text(0xa3, value);
  }

  binary(value: Uint8Array): void {
    this.#length(0xa0, value.length);
    this.raw(value);
  }

  /** Begins a described value; its value follows. */
  described(code: number): void {
    this.reserve(3);
    const [bytes, at] = [this.bytes, this.length];
    bytes[at] = 0x00;
    bytes[at + 1] = 0x53;
    bytes[at + 2] = code;
    this.length = at + 3;
  }

  /** Begins a list (0xd0), map (0xd1) or array (0xf0); `endCompound` with the returned mark and the entry count closes it. */
  beginCompound(code: 0xd0 | 0xd1 | 0xf0): number {
    this.reserve(9);
    this.bytes[this.length] = code;
    this.length += 9;
    return this.length;
  }

  endCompound(mark: number, count: number): void {
    this.bytes.writeUInt32BE(this.length - mark + 4, mark - 8);
    this.bytes.writeUInt32BE(count, mark - 4);
  }

  /** An array of symbols, as capabilities are. */
  symbols(values: readonly string[]): void {
    this.#texts(0xb3, values);
  }

  /** An array of strings. */
  strings(values: readonly string[]): void {
    this.#texts(0xb1, values);
  }

  fixed32(value: number): void {
    this.reserve(4);
    this.bytes.writeUInt32BE(value, this.length);
    this.length += 4;
  }

  #texts(code: number, values: readonly string[]): void {
    const mark = this.beginCompound(0xf0);
    this.byte(code);
    for (const value of values) {
      const size = Buffer.byteLength(value);
      this.fixed32(size);
      this.reserve(size);
      this.bytes.write(value, this.length);
      this.length += size;
    }
    this.endCompound(mark, values.length);
  }

  #small(code: number, value: number): void {
    this.reserve(2);
    this.bytes[this.length] = code;
    this.bytes[this.length + 1] = value;
    this.length += 2;
  }

  #wide(code: number, value: number): void {
    this.reserve(9);
    const [bytes, at] = [this.bytes, this.length];
    const high = Math.floor(value / 0x1_0000_0000);
    bytes[at] = code;
    bytes.writeInt32BE(high | 0, at + 1);
    bytes.writeUInt32BE(value - high * 0x1_0000_0000, at + 5);
    this.length = at + 9;
  }

  #length(code: number, size: number): void {
    if (size < 256) return this.#small(code, size);
    this.byte(code + 0x10);
    this.fixed32(size);
  }

  #text(code: number, value: string): void {
    if (this.#ascii(code, value)) return;
    const size = Buffer.byteLength(value);
    this.#length(code, size);
    this.reserve(size);
    this.bytes.write(value, this.length);
    this.length += size;
  }

  // Short ASCII is nearly all there is; writing it here is several times faster than measuring and converting it.
  #ascii(code: number, value: string): boolean {
    const size = value.length;
    if (size > 48) return false;
    this.reserve(size + 2);
    const [bytes, at] = [this.bytes, this.length + 2];
    for (let i = 0; i < size; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0x7f) return false;
      bytes[at + i] = unit;
    }
    bytes[at - 2] = code;
    bytes[at - 1] = size;
    this.length = at + size;
    return true;
  }
}
