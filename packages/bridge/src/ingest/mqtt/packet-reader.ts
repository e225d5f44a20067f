/**
 * Cuts a byte stream into whole control packets. Nothing is set aside for a packet before its bytes are there, so that an
 * announced length costs nothing.
 */
import { MqttRefusal } from "./refusals.ts";

/** Pieces kept side by side; more are joined, because a piece of one byte costs a hundred. */
const MAX_PIECES = 32;

export interface PacketReaderOptions {
  /** Largest packet now, in bytes with its header. */
  readonly limit: () => number;
  readonly deliver: (packet: Buffer) => void;
  /** Whether nothing more is to be handed on now; `resume` goes on. */
  readonly isHeld: () => boolean;
}

export class PacketReader {
  readonly #options: PacketReaderOptions;
  #pieces: Buffer[] = [];
  #length = 0;
  /** Of the packet that begins the pieces, once its header is there. */
  #size: number | undefined;

  constructor(options: PacketReaderOptions) {
    this.#options = options;
  }

  /** Whether bytes of a packet are there that is not whole yet. */
  get isWithinPacket(): boolean {
    return this.#length > 0;
  }

  /** Takes the next bytes of the stream. Throws `MqttRefusal` when they cannot be cut. */
  feed(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#pieces.push(chunk);
    this.#length += chunk.length;
    if (this.#pieces.length > MAX_PIECES) this.#join();
    this.resume();
  }

  /** Hands on the whole packets that wait. */
  resume(): void {
    while (this.#length > 0 && !this.#options.isHeld()) {
      this.#size ??= this.#sizeAhead();
      if (this.#size === undefined || this.#length < this.#size) return;
      const packet = this.#take(this.#size);
      this.#size = undefined;
      this.#options.deliver(packet);
    }
  }

  #take(size: number): Buffer {
    if (this.#pieces[0]!.length < size) this.#join();
    const first = this.#pieces[0]!;
    if (first.length === size) this.#pieces.shift();
    else this.#pieces[0] = first.subarray(size);
    this.#length -= size;
    return first.subarray(0, size);
  }

  #join(): void {
    this.#pieces = [Buffer.concat(this.#pieces, this.#length)];
  }

  // The remaining length: seven bits a byte, lowest first, four bytes at most [MQTT-1.5.5].
  #sizeAhead(): number | undefined {
    if (this.#length > this.#pieces[0]!.length && this.#pieces[0]!.length < 5) this.#join();
    const bytes = this.#pieces[0]!;
    let remaining = 0;
    for (let i = 1; i <= 4; i++) {
      const byte = bytes[i];
      if (byte === undefined) return undefined;
      remaining += (byte & 0x7f) * 128 ** (i - 1);
      if (byte < 0x80) return this.#allowed(1 + i + remaining);
    }
    throw new MqttRefusal("malformed_packet", "The length of a packet has more than four bytes.");
  }

  #allowed(size: number): number {
    const limit = this.#options.limit();
    if (size <= limit) return size;
    throw new MqttRefusal("packet_too_large", `A packet has ${size} bytes; ${limit} are allowed.`);
  }
}
