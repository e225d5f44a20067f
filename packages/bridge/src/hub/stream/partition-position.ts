/**
 * How far one partition has been read. Reading begins again at the last event that was taken, which is there once more if
 * the stream is still the same: that is how a stream that was made anew is known, and nothing of it is passed over.
 */
import type { EventPosition, PartitionProperties } from "@azure/event-hubs";
import type { StreamEvent, StreamPosition } from "../../core/twin-hub.ts";

type Kept = Pick<PartitionProperties, "isEmpty" | "beginningSequenceNumber" | "lastEnqueuedSequenceNumber">;

const BEGINNING: EventPosition = { offset: "-1" };

export class PartitionPosition {
  readonly #since: number;
  #last: StreamPosition | null;
  #isNew = false;
  #isKnown = false;
  /** Up to here nothing is kept in the hub that was not taken. */
  #passed = -1;

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

  /** How many events there are after what was read; `null` while nothing was. */
  behind(lastEnqueued: number): number | null {
    return this.#last === null ? null : Math.max(0, lastEnqueued - this.#reached(this.#last));
  }

  /** What became too old for the hub is not waited for. Returns how many events those are, each told once. */
  passOver({ isEmpty, beginningSequenceNumber, lastEnqueuedSequenceNumber }: Kept): number {
    if (this.#last === null) return 0;
    const passed = isEmpty ? lastEnqueuedSequenceNumber : beginningSequenceNumber - 1;
    const expired = passed - this.#reached(this.#last);
    if (expired <= 0) return 0;
    this.#passed = passed;
    return expired;
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
    this.#passed = -1;
    this.#isNew = true;
  }

  #reached({ sequenceNumber }: StreamPosition): number {
    return Math.max(sequenceNumber, this.#passed);
  }
}

function isSame(event: StreamEvent, { offset, enqueuedTime = event.enqueuedTime }: StreamPosition): boolean {
  return event.offset === offset && event.enqueuedTime === enqueuedTime;
}
