/**
 * Brings devices and modules to what the configurations say: at once when one of them changes, all of them when the
 * configurations change, and by the clock for what shows in nothing else. What a configuration set is remembered for each,
 * so that it can be taken away again.
 */
import { identityKey } from "../registry/identity.ts";
import type { IdentityRef } from "../registry/identity.ts";
import type { Journal } from "../journal/journal.ts";
import { Breather } from "../query/breather.ts";
import type { Query } from "../query/query.ts";
import { parseTarget } from "../query/target.ts";
import type { Target } from "../query/target.ts";
import type { Registry } from "../registry/registry.ts";
import type { JsonObject, JsonValue } from "../twins/twin.ts";
import { isObject } from "../twins/twin.ts";
import type { Twins } from "../twins/twins.ts";
import { byRank } from "./configuration.ts";
import type { Configuration } from "./configuration.ts";
import { isSame, keysOf, patchBetween, withValue, withoutValue } from "./content.ts";

export interface RolloutParts {
  readonly journal: Journal;
  readonly registry: Registry;
  readonly query: Query;
  readonly twins: Twins;
}

type Status = "Targeted" | "Applied";

/** What configurations did to one device or module. */
interface Standing {
  readonly ref: IdentityRef;
  /** By the configuration's id. */
  readonly statuses: Readonly<Record<string, Status>>;
  /** What was set, by path. */
  readonly values: JsonObject;
}

export interface Counts {
  readonly targetedCount: number;
  readonly appliedCount: number;
}

interface Rule {
  readonly configuration: Configuration;
  readonly target: Target;
  readonly values: JsonObject;
}

const PREFIX = "configured/";
const NO_COUNTS: Counts = { targetedCount: 0, appliedCount: 0 };

export class Rollout {
  readonly #parts: RolloutParts;
  readonly #standings = new Map<string, Standing>();
  /** By the configuration's id. */
  readonly #counts = new Map<string, Counts>();
  /** From the lowest rank to the highest. */
  #rules: readonly Rule[] = [];
  readonly #dirty = new Map<string, IdentityRef>();
  #sweepWanted = false;
  #working: Promise<void> | undefined;
  /** Being written now, and the changes of it that were noticed: one of them is our own and no reason to look again. */
  #writing: { readonly key: string; noticed: number } | undefined;
  #closed = false;

  constructor(parts: RolloutParts) {
    this.#parts = parts;
    for (const [key, standing] of parts.journal.entries) {
      if (key.startsWith(PREFIX)) this.#place(key.slice(PREFIX.length), standing as Standing);
    }
  }

  /** The configurations of now; all devices and modules are brought to them. */
  setRules(configurations: Iterable<Configuration>): void {
    const withTarget = [...configurations].filter(({ targetCondition }) => targetCondition.trim() !== "");
    this.#rules = withTarget.toSorted(byRank).map((configuration) => {
      const target = parseTarget(configuration.targetCondition);
      const { deviceContent = {}, moduleContent = {} } = configuration.content;
      return { configuration, target, values: target.collection === "devices" ? deviceContent : moduleContent };
    });
    this.sweep();
  }

  /** Looks at every device and module again. */
  sweep(): void {
    if (this.isIdle) return;
    this.#sweepWanted = true;
    this.#wake();
  }

  /** Looks at a device or module again that was created or changed. */
  changed(ref: IdentityRef): void {
    const key = identityKey(ref);
    if (this.#rules.length === 0 && !this.#standings.has(key)) return;
    if (this.#writing?.key === key) {
      this.#writing.noticed++;
      return;
    }
    this.#dirty.set(key, ref);
    this.#wake();
  }

  /** A device or module is gone. */
  forget(ref: IdentityRef): void {
    const key = identityKey(ref);
    this.#dirty.delete(key);
    if (!this.#standings.has(key)) return;
    this.#place(key, undefined);
    // Should the write fail, an entry for a missing device stays in the journal and does no harm.
    this.#parts.journal.commit([[PREFIX + key, undefined]]).catch(() => undefined);
  }

  /** What queries see as `configurations` of a device or module. */
  statusesOf(ref: IdentityRef): JsonObject | undefined {
    const statuses = this.#standings.get(identityKey(ref))?.statuses;
    if (statuses === undefined || Object.keys(statuses).length === 0) return undefined;
    return Object.fromEntries(Object.entries(statuses).map(([id, status]) => [id, { status }]));
  }

  /** Whether no configuration cares for changes of devices, so that they need not be followed. */
  get isIdle(): boolean {
    return this.#rules.length === 0 && this.#standings.size === 0;
  }

  /** How many are meant by a configuration, and how many have something of it. */
  counts(id: string): Counts {
    return this.#counts.get(id) ?? NO_COUNTS;
  }

  /** Begins nothing more; resolves when what is under way is written. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#working;
  }

  #wake(): void {
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async #work(): Promise<void> {
    // Changes of one turn are looked at together.
    await new Promise((resolve) => setImmediate(resolve));
    while (!this.#closed && (this.#sweepWanted || this.#dirty.size > 0)) {
      if (this.#sweepWanted) await this.#sweepAll();
      const batch = [...this.#dirty.values()];
      this.#dirty.clear();
      const breather = new Breather();
      for (const ref of batch) {
        await breather.step();
        await this.#bring(ref);
      }
    }
  }

  // A change of the configurations on the way begins anew with the new ones.
  async #sweepAll(): Promise<void> {
    this.#sweepWanted = false;
    for (const collection of ["devices", "modules"] as const) {
      for await (const ref of this.#parts.query.matching({ collection })) {
        if (this.#closed || this.#sweepWanted) return;
        await this.#bring(ref);
      }
    }
  }

  // What a twin refuses, because it would be too large, leaves the configuration targeted; the next look tries again.
  async #bring(ref: IdentityRef): Promise<void> {
    const key = identityKey(ref);
    const before = this.#standings.get(key);
    const rules = this.#rules.filter(({ target }) => this.#parts.query.matches(target, ref));
    if (this.#closed || (before === undefined && rules.length === 0)) return;
    try {
      const set = await this.#write(ref, before?.values ?? {}, rules);
      await this.#stand({ ref, statuses: statusesOf(rules, set.owners), values: set.values }, before);
    } catch {
      const statuses = Object.fromEntries(rules.map(({ configuration }) => [configuration.id, "Targeted" as const]));
      // When the folder cannot be written either, the sweep that follows tries again.
      await this.#stand({ ref, statuses, values: before?.values ?? {} }, before).catch(() => undefined);
    }
  }

  async #write(ref: IdentityRef, earlier: JsonObject, rules: readonly Rule[]): Promise<SetValues> {
    const { twins } = this.#parts;
    const current: JsonObject = desiredOf(twins.own(ref.deviceId, ref.moduleId).desired);
    const set = valuesOf(rules);
    let wanted = current;
    for (const [path, value] of Object.entries(earlier)) {
      if (!Object.hasOwn(set.values, path)) wanted = withoutValue(wanted, keysOf(path) ?? [], value);
    }
    // The shorter path first: a value at a deeper one stands inside it.
    const inOrder = Object.entries(set.values).toSorted(([a], [b]) => set.order(a) - set.order(b));
    for (const [path, value] of inOrder) wanted = withValue(wanted, keysOf(path) ?? [], value);
    const desired = patchBetween(current, wanted);
    if (Object.keys(desired).length > 0) await this.#patch(ref, desired);
    return set;
  }

  async #patch(ref: IdentityRef, desired: JsonObject): Promise<void> {
    const writing = { key: identityKey(ref), noticed: 0 };
    this.#writing = writing;
    let own = 0;
    try {
      await this.#parts.twins.patch(ref, { desired });
      own = 1;
    } finally {
      this.#writing = undefined;
      if (writing.noticed > own) this.#dirty.set(writing.key, ref);
    }
  }

  async #stand(standing: Standing, before: Standing | undefined): Promise<void> {
    const { registry, journal } = this.#parts;
    // It may have gone while it was written.
    if (registry.find(standing.ref.deviceId, standing.ref.moduleId) === undefined) return;
    if (before !== undefined && isSame(standing, before)) return;
    const key = identityKey(standing.ref);
    const isEmpty = Object.keys(standing.statuses).length === 0 && Object.keys(standing.values).length === 0;
    this.#place(key, isEmpty ? undefined : standing);
    await journal.commit([[PREFIX + key, isEmpty ? undefined : standing]]);
  }

  #place(key: string, standing: Standing | undefined): void {
    this.#count(this.#standings.get(key), -1);
    if (standing === undefined) this.#standings.delete(key);
    else this.#standings.set(key, standing);
    this.#count(standing, 1);
  }

  #count(standing: Standing | undefined, by: 1 | -1): void {
    for (const [id, status] of Object.entries(standing?.statuses ?? {})) {
      const { targetedCount, appliedCount } = this.counts(id);
      const counts = {
        targetedCount: targetedCount + by,
        appliedCount: appliedCount + (status === "Applied" ? by : 0),
      };
      if (counts.targetedCount === 0) this.#counts.delete(id);
      else this.#counts.set(id, counts);
    }
  }
}

interface SetValues {
  /** By path. */
  readonly values: JsonObject;
  /** The configuration whose value stands, by path. */
  readonly owners: ReadonlyMap<string, string>;
  /** Where a path stands in the order of setting. */
  readonly order: (path: string) => number;
}

// For each path the highest rank wins.
function valuesOf(rules: readonly Rule[]): SetValues {
  const values = new Map<string, JsonValue>();
  const owners = new Map<string, string>();
  for (const { configuration, values: own } of rules) {
    for (const [path, value] of Object.entries(own)) {
      // Set anew it moves behind those of lower rank.
      values.delete(path);
      values.set(path, value);
      owners.set(path, configuration.id);
    }
  }
  const places = new Map([...values.keys()].map((path, i) => [path, i]));
  return { values: Object.fromEntries(values), owners, order: (path) => places.get(path) ?? 0 };
}

function statusesOf(rules: readonly Rule[], owners: ReadonlyMap<string, string>): Readonly<Record<string, Status>> {
  const applied = new Set(owners.values());
  return Object.fromEntries(
    rules.map(({ configuration: { id } }) => [id, applied.has(id) ? ("Applied" as const) : ("Targeted" as const)]),
  );
}

function desiredOf(own: JsonObject): JsonObject {
  const { $version: _, ...desired } = own;
  return isObject(desired) ? desired : {};
}
