/** Things and app keys in memory, for the tests of this folder: a hub that always takes what it is told. */
import { newAppSecret } from "../../core/ids.ts";
import type { DeviceState } from "../../core/device-state.ts";
import type { Json } from "../../core/json.ts";
import type { Product } from "../../core/product.ts";
import type { KeysShown, ThingControl, ThingMade, ThingUpdated } from "../../core/state-control.ts";
import type { AppKeys, ThingRecords } from "../../core/thing-store.ts";
import type { ThingFilter, ThingQuery } from "../../core/thing-query.ts";
import type { DeviceDetails, NewThing, Thing, ThingChange, ThingWithState } from "../../core/thing.ts";
import type { FakeStates } from "./fake-states.ts";

type Records = Pick<ThingRecords, "thing" | "things" | "searchThings" | "countThings">;

export class FakeThings implements ThingControl, Records {
  readonly #things = new Map<string, Thing>();
  readonly #states: FakeStates;
  readonly #now: () => number;
  #made = 0;
  #ids = 0;
  /** What `create` answers instead; tests set it. */
  refusal: Exclude<ThingMade, { kind: "made" }> | null = null;

  constructor(states: FakeStates, now: () => number) {
    this.#states = states;
    this.#now = now;
  }

  newId(): string {
    return String(2_800_000_000_000_000_000n + BigInt(++this.#ids));
  }

  async create(product: Product, { id, deviceState, name, timestamp, ...rest }: NewThing): Promise<ThingMade> {
    if (this.refusal !== null) return this.refusal;
    const fault = this.#states.fault(deviceState);
    if (fault !== null) return { kind: "fault", fault };
    const docId = ++this.#made;
    const thingId = id ?? String(2_700_000_000_000_000_000n + BigInt(docId));
    if (this.#things.has(thingId)) return { kind: "id_taken" };
    const thing: Thing = {
      ...rest,
      id: thingId,
      productId: product.id,
      docId,
      name: name ?? `ParaObject ${thingId}`,
      serviceBroker: "Azure",
      timestamp: timestamp ?? this.#now(),
      updated: null,
      revision: 1,
    };
    this.#things.set(thingId, thing);
    const state = this.#states.begin(thingId, "itself", deviceState);
    return { kind: "made", made: { thing, state }, details: detailsOf(thing, state) };
  }

  async update(id: string, { deviceState, version, properties, ...rest }: ThingChange): Promise<ThingUpdated> {
    const known = await this.thing(id);
    if (known === null) return { kind: "unknown" };
    const { thing, state } = known;
    const fault = deviceState === undefined ? null : this.#states.fault(deviceState);
    if (fault !== null) return { kind: "fault", fault };
    if (version !== undefined && version > 0 && thing.version > 0 && version !== thing.version) {
      return { kind: "version", stored: thing.version };
    }
    const own = Object.entries({ ...thing.properties, ...properties }).filter(([, value]) => value !== null);
    const next: Thing = {
      ...thing,
      ...rest,
      properties: Object.fromEntries(own),
      updated: this.#now(),
      version: thing.version > 0 ? thing.version + 1 : 0,
      revision: thing.revision + 1,
    };
    this.#things.set(id, next);
    if (deviceState !== undefined) this.#states.set({ ...state, state: deviceState, revision: state.revision + 1 });
    return { kind: "updated", updated: (await this.thing(id))! };
  }

  async delete(id: string): Promise<boolean> {
    this.#states.delete(id);
    return this.#things.delete(id);
  }

  async renewKey(id: string): Promise<KeysShown> {
    const known = await this.thing(id);
    if (known === null) return { kind: "unknown" };
    return { kind: "shown", details: detailsOf(known.thing, known.state) };
  }

  async setStatus(id: string, status: "enabled" | "disabled"): ReturnType<ThingControl["setStatus"]> {
    const known = await this.thing(id);
    if (known === null) return { kind: "unknown" };
    const state = { ...known.state, standing: { ...known.state.standing, status } };
    this.#states.set(state);
    return { kind: "set", state };
  }

  async thing(id: string): Promise<ThingWithState | null> {
    const thing = this.#things.get(id);
    const state = await this.#states.state(id);
    return thing === undefined || state === null ? null : { thing, state };
  }

  async things(ids: readonly string[]): Promise<readonly ThingWithState[]> {
    return (await Promise.all(ids.map((id) => this.thing(id)))).filter((found) => found !== null);
  }

  async searchThings(
    productId: number,
    { filter, descending, limit, skip, afterDocId }: ThingQuery,
  ): ReturnType<ThingRecords["searchThings"]> {
    const ids = [...this.#things.values()].filter((thing) => thing.productId === productId).map(({ id }) => id);
    const hits = (await this.things(ids)).filter((each) => fits(each, filter));
    const ordered = descending ? hits.toReversed() : hits;
    const after = ordered.filter(
      ({ thing: { docId } }) => afterDocId === null || (descending ? docId < afterDocId : docId > afterDocId),
    );
    return { things: after.slice(skip, skip + limit), total: hits.length };
  }

  async countThings(productId: number): Promise<number> {
    return [...this.#things.values()].filter((thing) => thing.productId === productId).length;
  }
}

function detailsOf({ id, name }: Thing, { standing }: DeviceState): DeviceDetails {
  const [primaryKey, secondaryKey] = [newAppSecret(), newAppSecret()];
  return {
    thingId: id,
    thingName: name,
    primaryKey,
    secondaryKey,
    status: standing.status,
    lastActivity: "0001-01-01T00:00:00",
    connectionState: standing.connectionState,
    connectionString: `HostName=hub.example;DeviceId=${id};SharedAccessKey=${primaryKey}`,
  };
}

function fits(each: ThingWithState, filter: ThingFilter): boolean {
  switch (filter.kind) {
    case "all":
      return true;
    case "none":
      return false;
    case "equals":
      return [fieldOf(each, filter.field)].flat().some((value) => textOf(value) === textOf(filter.value));
    case "prefix":
      return textOf(fieldOf(each, filter.field)).startsWith(filter.prefix);
    case "exists":
      return fieldOf(each, filter.field) !== undefined;
    case "and":
      return filter.of.every((part) => fits(each, part));
    case "or":
      return filter.of.some((part) => fits(each, part));
    case "not":
      return !fits(each, filter.of);
    case "wildcard":
    case "text":
    case "range":
      throw new Error(`The fake does not search by ${filter.kind}: ask the real store`);
  }
}

/** Numbers equal their text. */
function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}

function fieldOf({ thing, state }: ThingWithState, field: string): Json | undefined {
  const [first = "", ...path] = field.split(".");
  if (first === "deviceState") return at(state.state, path);
  if (first === "properties") return at(thing.properties, path);
  return (thing as unknown as Record<string, Json>)[first];
}

function at(value: Json, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>((inner, key) => (inner as Record<string, Json> | undefined)?.[key], value);
}

export class FakeAppKeys implements AppKeys {
  readonly #secrets = new Map<number, string>();
  readonly #productById: (id: string) => Promise<Product | null>;
  #root: number | null = null;
  #isRootTaken = false;

  constructor(productById: (id: string) => Promise<Product | null>) {
    this.#productById = productById;
  }

  async appSecret(productId: number): Promise<string | null> {
    return this.#secrets.get(productId) ?? null;
  }

  async renewAppSecret(productId: number, secret: string): Promise<void> {
    this.#secrets.set(productId, secret);
  }

  async rootApp(): Promise<Product | null> {
    return this.#root === null ? null : this.#productById(String(this.#root));
  }

  async setRootApp(productId: number): Promise<void> {
    this.#root = productId;
  }

  async takeRootSetup(): Promise<boolean> {
    const isFirst = !this.#isRootTaken;
    this.#isRootTaken = true;
    return isFirst;
  }
}
