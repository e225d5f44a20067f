/**
 * Who reads which partition. A reader with an epoch owns its partition within its consumer group: it ends readers of a
 * lower or equal epoch and those without one, and is protected from them. Without epochs up to five may read.
 */
import type { ErrorCondition } from "../../amqp-codec/performatives.ts";
import type { HubError } from "../../hub/errors.ts";
import type { EventStream } from "../../hub/events/event-stream.ts";
import { AmqpError, hubErrorCondition } from "../amqp-error.ts";

const MAX_READERS = 5;

/** What a reader reads: one partition of a stream, as a member of a consumer group. */
export interface ReaderPlace {
  readonly stream: EventStream;
  readonly consumerGroup: string;
  readonly partitionId: string;
}

export interface EventReader {
  readonly place: ReaderPlace;
  readonly epoch: number | undefined;
  detach(error: ErrorCondition): void;
}

export class EventReaders {
  readonly #readers = new Map<string, Set<EventReader>>();

  /** Admits a reader or throws why not; ends those it displaces. */
  admit(reader: EventReader): void {
    const key = keyOf(reader.place);
    const present = this.#readers.get(key) ?? new Set<EventReader>();
    const owner = [...present].find((other) => other.epoch !== undefined);
    if (reader.epoch === undefined) requireRoom(present, owner);
    else if (owner?.epoch !== undefined && owner.epoch > reader.epoch) {
      throw stolen(`A reader with epoch ${owner.epoch} owns the partition; ${reader.epoch} is lower.`);
    } else {
      const error = stolen(`A reader with epoch ${reader.epoch} has taken over the partition.`).condition;
      for (const other of present) other.detach(error);
      present.clear();
    }
    this.#readers.set(key, present.add(reader));
  }

  remove(reader: EventReader): void {
    const key = keyOf(reader.place);
    const present = this.#readers.get(key);
    present?.delete(reader);
    if (present?.size === 0) this.#readers.delete(key);
  }

  /** Ends the readers of places that are there no longer. */
  end(isGone: (place: ReaderPlace) => boolean, error: HubError): void {
    const condition = hubErrorCondition(error);
    for (const readers of this.#readers.values()) {
      for (const reader of readers) if (isGone(reader.place)) reader.detach(condition);
    }
  }
}

function requireRoom(present: ReadonlySet<EventReader>, owner: EventReader | undefined): void {
  if (owner !== undefined) throw stolen(`A reader with epoch ${owner.epoch} owns the partition.`);
  if (present.size < MAX_READERS) return;
  const text = `A partition has at most ${MAX_READERS} readers without epoch in a consumer group.`;
  throw new AmqpError("link", "amqp:resource-limit-exceeded", text);
}

function stolen(text: string): AmqpError {
  return new AmqpError("link", "amqp:link:stolen", text);
}

function keyOf({ stream, consumerGroup, partitionId }: ReaderPlace): string {
  return `${stream.name}/${consumerGroup}/${partitionId}`.toLowerCase();
}
