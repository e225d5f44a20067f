/**
 * Cuts a byte stream into frames. Frames that lie whole in a chunk are handed on in place; only the piece of a frame that
 * crosses chunks is copied, into a buffer that grows with what has really arrived, so a length costs nothing by itself.
 */
import { AmqpError } from "../amqp-error.ts";

/** Bytes of a frame header, and of a protocol header. */
const HEADER = 8;

export interface FrameInputOptions {
  /** Largest frame now; 0 while the next 8 bytes are a protocol header. */
  readonly limit: () => number;
  /** Gets a whole frame (or protocol header) as `bytes[start, end)`. The bytes stay untouched after the call. */
  readonly deliver: (bytes: Buffer, start: number, end: number) => void;
  /** Whether the rest of the input no longer matters. */
  readonly stopped: () => boolean;
}

export class FrameInput {
  readonly #options: FrameInputOptions;
  #partial: Buffer = Buffer.alloc(0);
  #held = 0;

  constructor(options: FrameInputOptions) {
    this.#options = options;
  }

  /** Takes the next bytes of the stream. Throws `AmqpError` when a frame is malformed or too large. */
  feed(chunk: Buffer): void {
    const { deliver, stopped } = this.#options;
    let at = this.#held > 0 ? this.#complete(chunk) : 0;
    while (chunk.length - at >= HEADER && !stopped()) {
      const size = this.#size(chunk, at);
      if (chunk.length - at < size) break;
      deliver(chunk, at, at + size);
      at += size;
    }
    if (at < chunk.length && !stopped()) this.#hold(chunk, at, chunk.length);
  }

  // Fills up the frame that earlier chunks began; returns how much of this chunk it took.
  #complete(chunk: Buffer): number {
    const toHeader = Math.min(chunk.length, Math.max(0, HEADER - this.#held));
    this.#hold(chunk, 0, toHeader);
    if (this.#held < HEADER) return toHeader;
    const size = this.#size(this.#partial, 0);
    const end = Math.min(chunk.length, toHeader + size - this.#held);
    this.#hold(chunk, toHeader, end);
    if (this.#held < size) return end;
    const frame = this.#partial;
    this.#partial = Buffer.alloc(0);
    this.#held = 0;
    this.#options.deliver(frame, 0, size);
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

  #size(bytes: Buffer, at: number): number {
    const limit = this.#options.limit();
    if (limit === 0) return HEADER;
    const size = bytes.readUInt32BE(at);
    if (size < HEADER)
      throw new AmqpError("connection", "amqp:connection:framing-error", "A frame is shorter than its header.");
    if (size > limit)
      throw new AmqpError("connection", "amqp:connection:framing-error", `A frame has at most ${limit} bytes.`);
    return size;
  }
}

/** Where the body of a frame starts; checks its header. `type` is 0 for AMQP, 1 for SASL. */
export function bodyStart(bytes: Buffer, start: number, end: number, type: number): number {
  const offset = (bytes[start + 4] as number) * 4;
  if (offset < HEADER || start + offset > end || bytes[start + 5] !== type) {
    throw new AmqpError("connection", "amqp:connection:framing-error", "The frame's header is malformed.");
  }
  return start + offset;
}
