/** Packets on their way to a socket: gathered while the event loop turns, written in one piece. */
import type { Duplex } from "node:stream";

export class Output {
  readonly #socket: Duplex;
  #packets: Buffer[] = [];
  #bytes = 0;

  constructor(socket: Duplex) {
    this.#socket = socket;
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

  flush(): void {
    const packets = this.#packets;
    if (packets.length === 0) return;
    this.#packets = [];
    this.#bytes = 0;
    if (!this.#socket.writable) return;
    this.#socket.write(packets.length === 1 ? packets[0] : Buffer.concat(packets));
  }
}
