/**
 * The hub's event streams by their Event Hub-compatible names: the built-in one, which is always there, and one for every
 * custom endpoint that routes lead to. Names are compared without case.
 */
import { HubError } from "../errors.ts";
import type { EventStream } from "./event-stream.ts";
import type { Partitions } from "./partitions.ts";

/** An event hub, or a part of one, that is not there. Clients know by these words that trying again is of no use. */
export function entityNotFound(entity: string, why: string): HubError {
  return new HubError(
    "AmqpAddressNotFound",
    `The messaging entity '${entity.slice(0, 256)}' could not be found: ${why}.`,
  );
}

/** Makes the stream of a custom endpoint, or finds it in the hub's folder. */
export interface StreamStore {
  open(name: string, partitionCount: number): Promise<Partitions>;
  /** Deletes all that is kept of a stream that is closed. */
  delete(name: string): Promise<void>;
}

export class Streams {
  readonly builtIn: Partitions;
  readonly #store: StreamStore;
  readonly #byName = new Map<string, Partitions>();
  readonly #listeners = new Set<(stream: EventStream) => void>();

  constructor(builtIn: Partitions, store: StreamStore) {
    this.builtIn = builtIn;
    this.#store = store;
    this.#byName.set(builtIn.name.toLowerCase(), builtIn);
  }

  find(name: string): EventStream | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  values(): IterableIterator<EventStream> {
    return this.#byName.values();
  }

  /** The stream of this name; opens or creates it when it is not there. */
  async open(name: string, partitionCount: number): Promise<EventStream> {
    const known = this.find(name);
    if (known !== undefined) return known;
    const stream = await this.#store.open(name, partitionCount);
    this.#byName.set(name.toLowerCase(), stream);
    return stream;
  }

  /** Ends a custom endpoint's stream and deletes what it holds. */
  async remove(name: string): Promise<void> {
    const stream = this.#byName.get(name.toLowerCase());
    if (stream === undefined || stream === this.builtIn) return;
    this.#byName.delete(name.toLowerCase());
    for (const listener of this.#listeners) listener(stream);
    await stream.close();
    await this.#store.delete(name);
  }

  /** Calls back when a stream is about to end; returns the unsubscribe function. */
  onRemoved(listener: (stream: EventStream) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Clears what is too old in every stream now; otherwise this happens every half minute. */
  sweep(): void {
    for (const stream of this.#byName.values()) stream.sweep();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#byName.values()].map((stream) => stream.close()));
  }
}
