/** Packets on their way to the socket: collected while the event loop turns, written in one piece. */
import type { Duplex } from "node:stream";

export class Output {
  readonly #socket: Duplex;
  readonly #onWritten: () => void;
  #packets: Buffer[] = [];
  #bytes = 0;

  /** `onWritten` is called each time the socket has taken what was flushed. */
  constructor(socket: Duplex, onWritten: () => void) {
    this.#socket = socket;
    this.#onWritten = onWritten;
  }

  /** Bytes that the peer has not taken. */
  get waiting(): number {
    return this.#socket.writableLength + this.#bytes;
  }

  add(packet: Buffer): void {
    if (this.#packets.length === 0) setImmediate(() => this.flush());
    this.#packets.push(packet);
    this.#bytes += packet.length;
  }

  /** Hands everything to the socket. */
  flush(): void {
    const packets = this.#packets;
    this.#packets = [];
    this.#bytes = 0;
    if (packets.length === 0 || !this.#socket.writable) return;
    // Not the drain event: it knows the socket's own limit, which may be above ours.
    this.#socket.write(packets.length === 1 ? packets[0] : Buffer.concat(packets), (error) => {
      if (!error) this.#onWritten();
    });
  }
}
