/**
 * The lasting order of devices, or of modules, by which queries are paged: an identity keeps its place while it lives,
 * and one that is created again under the same id gets a new one.
 */
import type { DeviceIdentity, IdentityName } from "../registry/identity.ts";

/** Places of deleted identities are taken out once they are many. */
const MIN_STALE = 1_000;

/** Tells whether an identity still is the one that was given its place. */
export type IsCurrent = (name: IdentityName, generationId: string) => boolean;

export class IdentityOrder {
  // Parallel lists, because there may be a million; their texts are those of the registry.
  #names: IdentityName[] = [];
  #generations: string[] = [];
  #places: number[] = [];
  #nextPlace = 0;
  #stale = 0;
  readonly #isCurrent: IsCurrent;

  constructor(isCurrent: IsCurrent) {
    this.#isCurrent = isCurrent;
  }

  add({ deviceId, moduleId, generationId }: DeviceIdentity): void {
    this.#names.push(moduleId === undefined ? deviceId : { deviceId, moduleId });
    this.#generations.push(generationId);
    this.#places.push(this.#nextPlace++);
  }

  /** Notes that an identity is gone. */
  removed(): void {
    if (++this.#stale > Math.max(MIN_STALE, this.#names.length / 2)) this.#compact();
  }

  /** Those that live, from a place on; what is created meanwhile is left out. */
  *from(place: number): Generator<readonly [place: number, name: IdentityName]> {
    const [names, generations, places] = [this.#names, this.#generations, this.#places];
    const end = names.length;
    for (let i = indexOf(places, place); i < end; i++) {
      const name = names[i] as IdentityName;
      if (this.#isCurrent(name, generations[i] as string)) yield [places[i] as number, name];
    }
  }

  // New lists, so that a query that goes through the old ones is not disturbed.
  #compact(): void {
    const kept = this.#names
      .map((_, i) => i)
      .filter((i) => this.#isCurrent(this.#names[i] as IdentityName, this.#generations[i] as string));
    this.#names = kept.map((i) => this.#names[i] as IdentityName);
    this.#generations = kept.map((i) => this.#generations[i] as string);
    this.#places = kept.map((i) => this.#places[i] as number);
    this.#stale = 0;
  }
}

// The first index whose place is not before the one sought.
function indexOf(places: readonly number[], sought: number): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] as number) < sought) low = middle + 1;
    else high = middle;
  }
  return low;
}
