/** Frames on their way to the socket: collected while the event loop turns, written in one piece. */
import type { Duplex } from "node:stream";
import { Writer } from "../../amqp-codec/writer.ts";
import { AmqpError } from "../amqp-error.ts";

const SMALLEST = 512;
const LARGEST = 128 * 1024;

export const FRAME_AMQP = 0;
export const FRAME_SASL = 1;

export class Output {
  readonly #socket: Duplex;
  readonly #highWater: number;
  readonly #onWritten: () => void;
  #writer: Writer = new Writer(SMALLEST);
  /** Largest frame the peer takes, bytes. */
  maxFrameSize = 512;

  /** `onWritten` is called each time the socket has taken what was flushed: it may be congested no longer. */
  constructor(socket: Duplex, highWater: number, onWritten: () => void) {
    this.#socket = socket;
    this.#highWater = highWater;
    this.#onWritten = onWritten;
  }

  get empty(): boolean {
    return this.#writer.length === 0;
  }

  /** The peer reads more slowly than we write: make nothing more for it until `onWritten`. */
  get congested(): boolean {
    return this.#socket.writableLength + this.#writer.length > this.#highWater;
  }

  /** Bytes outside of any frame: protocol headers. */
  raw(bytes: Uint8Array): void {
    this.#writer.raw(bytes);
  }

  /** Writes one frame around what `body` writes. */
  frame(channel: number, body: (writer: Writer) => void, type: number = FRAME_AMQP): void {
    const writer = this.#writer;
    const start = writer.length;
    writer.fixed32(0);
    writer.fixed32(0x02_00_00_00 | (type << 16) | channel);
    body(writer);
    const size = writer.length - start;
    if (size > this.maxFrameSize && type === FRAME_AMQP) {
      writer.length = start;
      throw new AmqpError(
        "connection",
        "amqp:connection:framing-error",
        "The answer exceeds the peer's max-frame-size.",
      );
    }
    writer.bytes.writeUInt32BE(size, start);
  }

  /** Hands everything to the socket. */
  flush(): void {
    if (this.empty || !this.#socket.writable) return;
    const bytes = this.#writer.written();
    this.#writer = new Writer(Math.min(LARGEST, Math.max(SMALLEST, bytes.length)));
    // Not the drain event: it knows the socket's own limit, which may be above ours.
    this.#socket.write(bytes, (error) => {
      if (!error) this.#onWritten();
    });
  }
}
