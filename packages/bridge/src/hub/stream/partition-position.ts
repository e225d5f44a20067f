/**
 * How far one partition has been read. Reading begins again at the last event that was taken, which is there once more if
 * the stream is still the same: that is how a stream that was made anew is known, and nothing of it is passed over.
 */
import type { EventPosition } from "@azure/event-hubs";
import type { StreamEvent, StreamPosition } from "../../core/twin-hub.ts";

const BEGINNING: EventPosition = { offset: "-1" };

export class PartitionPosition {
  readonly #since: number;
  #last: StreamPosition | null;
  #isNew = false;
  #isKnown = false;

  /** `since`: where to begin without a position, unix milliseconds. */
  constructor(last: StreamPosition | null, since: number) {
    this.#last = last;
    this.#since = since;
  }

  /** Where the next reader of it begins. */
  begin(): EventPosition {
    this.#isKnown = this.#last === null;
    if (this.#last !== null) return { sequenceNumber: this.#last.sequenceNumber, isInclusive: true };
    // Exclusive, in the stream's own time.
    return this.#isNew ? BEGINNING : { enqueuedOn: this.#since - 1 };
  }

  /** The stream ends before what was read of it. */
  isBeyond(lastEnqueued: number): boolean {
    return this.#last !== null && lastEnqueued < this.#last.sequenceNumber;
  }

  /** Whether there is more than was read. `false` while nothing was. */
  isBehind(lastEnqueued: number): boolean {
    return this.#last !== null && lastEnqueued > this.#last.sequenceNumber;
  }

  /** Of events as they came, those that were not taken yet. */
  sift(events: readonly StreamEvent[]): readonly StreamEvent[] | "restarted" {
    const [first] = events;
    const last = this.#last;
    if (first === undefined || last === null) return events;
    if (!this.#isKnown && first.sequenceNumber === last.sequenceNumber && !isSame(first, last)) return "restarted";
    this.#isKnown = true;
    return events.filter(({ sequenceNumber }) => sequenceNumber > last.sequenceNumber);
  }

  taken({ offset, sequenceNumber, enqueuedTime }: StreamEvent): void {
    this.#last = { offset, sequenceNumber, enqueuedTime };
  }

  /** It is another stream: all of it is new. */
  restart(): void {
    this.#last = null;
    this.#isNew = true;
  }
}

function isSame(event: StreamEvent, { offset, enqueuedTime = event.enqueuedTime }: StreamPosition): boolean {
  return event.offset === offset && event.enqueuedTime === enqueuedTime;
}
