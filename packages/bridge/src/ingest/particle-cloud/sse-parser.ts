/**
 * Server-sent events, as far as Particle's cloud speaks them: `event:` and `data:` lines, a blank line ends an event, comments
 * and bare newlines are signs of life. Memory is bounded: a longer line is passed over without being kept.
 */

const MAX_LINE_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

export interface SseEvent {
  readonly event: string;
  readonly data: string;
}

export class SseParser {
  /** Bytes of the line that is being passed over because it is too long; 0 when none is. */
  skippedBytes = 0;
  /** Lines that were too long so far: each took its event with it. */
  overlong = 0;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #event = "";
  #data: string | null = null;
  #spoilt = false;

  /** Whether nothing has begun that is not complete: all that was sent has been given out. */
  get isBetweenEvents(): boolean {
    return this.#pendingBytes === 0 && this.skippedBytes === 0 && this.#event === "" && this.#data === null;
  }

  /** The events that are complete with these bytes. */
  push(chunk: Buffer): SseEvent[] {
    const events: SseEvent[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      if (end < 0) break;
      this.#keep(chunk.subarray(start, end), false);
      start = end + 1;
      const event = this.#endLine();
      if (event !== null) events.push(event);
    }
    this.#keep(chunk.subarray(start), true);
    return events;
  }

  #keep(part: Buffer, outlivesChunk: boolean): void {
    if (part.length === 0) return;
    if (this.skippedBytes > 0 || this.#pendingBytes + part.length > MAX_LINE_BYTES) {
      this.skippedBytes += this.#pendingBytes + part.length;
      this.#pending = [];
      this.#pendingBytes = 0;
      return;
    }
    // A copy, so that a few waiting bytes do not hold the whole chunk.
    this.#pending.push(outlivesChunk ? Buffer.from(part) : part);
    this.#pendingBytes += part.length;
  }

  #endLine(): SseEvent | null {
    if (this.skippedBytes > 0) {
      this.skippedBytes = 0;
      this.overlong += 1;
      this.#spoilt = true;
      return null;
    }
    const line = Buffer.concat(this.#pending).toString("utf8").replace(/\r$/, "");
    this.#pending = [];
    this.#pendingBytes = 0;
    if (line === "") return this.#endEvent();
    this.#readField(line);
    return null;
  }

  #readField(line: string): void {
    const colon = line.indexOf(":");
    if (colon <= 0) return;
    const value = line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    const field = line.slice(0, colon);
    if (field === "event") this.#event = value;
    if (field !== "data") return;
    const data = this.#data === null ? value : `${this.#data}\n${value}`;
    if (data.length > MAX_LINE_BYTES) this.#spoilt = true;
    else this.#data = data;
  }

  #endEvent(): SseEvent | null {
    const event = this.#event;
    const data = this.#data;
    const spoilt = this.#spoilt;
    this.#event = "";
    this.#data = null;
    this.#spoilt = false;
    return event === "" || data === null || spoilt ? null : { event, data };
  }
}
