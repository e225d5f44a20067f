/**
 * Cuts a byte stream into whole control packets. A packet that lies whole in a chunk is handed on in place; only one that
 * crosses chunks is copied, into a buffer that grows with what has really arrived, so a length costs nothing by itself.
 */
import { MqttError } from "./packets.ts";

export interface PacketInputOptions {
  /** Largest packet now, in bytes with its header. */
  readonly limit: () => number;
  /** Gets one whole packet. Its bytes stay untouched after the call. */
  readonly deliver: (packet: Buffer) => void;
  /** Whether nothing more is to be handed on now: the rest waits for `resume`. */
  readonly held: () => boolean;
}

export class PacketInput {
  readonly #options: PacketInputOptions;
  #partial: Buffer = Buffer.alloc(0);
  #held = 0;
  /** Of the packet in `#partial`, once its header is complete. */
  #size: number | undefined;
  #waiting: Buffer | undefined;

  constructor(options: PacketInputOptions) {
    this.#options = options;
  }

  /** Whether the peer has begun a packet and not finished it. */
  get unfinished(): boolean {
    return this.#held > 0;
  }

  /** Takes the next bytes of the stream. Throws `MqttError` when a packet is malformed or too large. */
  feed(chunk: Buffer): void {
    if (this.#waiting !== undefined) {
      this.#waiting = Buffer.concat([this.#waiting, chunk]);
      return;
    }
    const { deliver, held } = this.#options;
    let at = 0;
    while (at < chunk.length) {
      if (held()) return this.#wait(chunk.subarray(at));
      if (this.#held > 0) {
        at += this.#complete(chunk);
        continue;
      }
      const size = this.#sizeOf(chunk, at);
      if (size === undefined || chunk.length - at < size) {
        this.#hold(chunk, at, chunk.length);
        this.#size = size;
        return;
      }
      deliver(chunk.subarray(at, at + size));
      at += size;
    }
  }

  /** Goes on with what waited. */
  resume(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) this.feed(waiting);
  }

  // More than one chunk waits only when a socket delivers after it was paused.
  #wait(rest: Buffer): void {
    this.#waiting = rest;
  }

  // Fills up the packet that earlier chunks began; returns how much of this chunk it took.
  #complete(chunk: Buffer): number {
    let at = 0;
    while (this.#size === undefined && at < chunk.length) {
      this.#hold(chunk, at, ++at);
      this.#size = this.#sizeOf(this.#partial.subarray(0, this.#held), 0);
    }
    if (this.#size === undefined) return at;
    const end = Math.min(chunk.length, at + this.#size - this.#held);
    this.#hold(chunk, at, end);
    if (this.#held < this.#size) return end;
    const packet = this.#partial.subarray(0, this.#size);
    this.#partial = Buffer.alloc(0);
    this.#held = 0;
    this.#size = undefined;
    this.#options.deliver(packet);
    return end;
  }

  #hold(chunk: Buffer, start: number, end: number): void {
    const held = this.#held + end - start;
    if (held > this.#partial.length) {
      const larger = Buffer.allocUnsafe(Math.max(held, this.#partial.length * 2, 64));
      this.#partial.copy(larger, 0, 0, this.#held);
      this.#partial = larger;
    }
    chunk.copy(this.#partial, this.#held, start, end);
    this.#held = held;
  }

  // Bytes of the packet that starts here, `undefined` while its header is incomplete.
  #sizeOf(bytes: Buffer, start: number): number | undefined {
    let length = 0;
    for (let i = 0; i < 4; i++) {
      const byte = bytes[start + 1 + i];
      if (byte === undefined) return undefined;
      length |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) return this.#requireSize(i + 2 + length);
    }
    throw new MqttError("The remaining length of a packet has more than four bytes.");
  }

  #requireSize(size: number): number {
    const limit = this.#options.limit();
    if (size > limit) throw new MqttError(`A packet has ${size} bytes; ${limit} are allowed.`);
    return size;
  }
}
