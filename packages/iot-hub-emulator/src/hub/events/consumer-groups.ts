/** The consumer groups of the hub's event streams: each reads every event on its own. `$Default` is always there. */
import { HubError } from "../errors.ts";
import type { Journal } from "../journal/journal.ts";

/** As the service allows a paid hub, `$Default` included. */
const MAX_GROUPS = 20;
const DEFAULT_GROUP = "$Default";
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,48}[A-Za-z0-9])?$/;
const PREFIX = "consumer-group/";

export class ConsumerGroups implements Iterable<string> {
  readonly #journal: Journal;
  /** Names as they were written, by lower case. */
  readonly #names = new Map<string, string>([[DEFAULT_GROUP.toLowerCase(), DEFAULT_GROUP]]);
  readonly #listeners = new Set<(name: string) => void>();

  private constructor(journal: Journal) {
    this.#journal = journal;
    for (const key of journal.entries.keys()) if (key.startsWith(PREFIX)) this.#keep(key.slice(PREFIX.length));
  }

  /** With the groups that the journal holds and those that are named. Throws what `add` throws. */
  static async open(journal: Journal, names: readonly string[] = []): Promise<ConsumerGroups> {
    const groups = new ConsumerGroups(journal);
    for (const name of names) await groups.add(name);
    return groups;
  }

  [Symbol.iterator](): IterableIterator<string> {
    return this.#names.values();
  }

  /** The name as it was written; case does not count. */
  find(name: string): string | undefined {
    return this.#names.get(name.toLowerCase());
  }

  /** Adds a group, unless it is there; resolves when it is written. Throws `ArgumentInvalid`. */
  async add(name: string): Promise<void> {
    if (this.find(name) !== undefined) return;
    if (!NAME.test(name)) {
      const rule = "1 to 50 letters, digits, '.', '-' and '_', first and last a letter or digit";
      throw new HubError("ArgumentInvalid", `The name of a consumer group has ${rule}.`);
    }
    if (this.#names.size >= MAX_GROUPS) {
      throw new HubError("ArgumentInvalid", `A hub has at most ${MAX_GROUPS} consumer groups; remove one first.`);
    }
    this.#keep(name);
    await this.#journal.commit([[PREFIX + name, true]]);
  }

  /** Throws `ResourceNotFound`, or `InvalidOperation` for `$Default`. */
  async remove(name: string): Promise<void> {
    const known = this.find(name);
    if (known === undefined) throw new HubError("ResourceNotFound", `There is no consumer group ${name}.`);
    if (known === DEFAULT_GROUP) throw new HubError("InvalidOperation", `${DEFAULT_GROUP} cannot be removed.`);
    this.#names.delete(known.toLowerCase());
    for (const listener of this.#listeners) listener(known);
    await this.#journal.commit([[PREFIX + known, undefined]]);
  }

  /** Calls back when a group is gone; returns the unsubscribe function. */
  onRemoved(listener: (name: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #keep(name: string): void {
    this.#names.set(name.toLowerCase(), name);
  }
}
