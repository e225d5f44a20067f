/** The ports to what is kept of Things and of the keys that apps call with. Kept by `store/`. */
import type { StateChange } from "./device-state.ts";
import type { Product } from "./product.ts";
import type { Thing, ThingWithState } from "./thing.ts";
import type { ThingQuery } from "./thing-query.ts";

export interface ThingRecords {
  /**
   * Notes a Thing before its device is made in the hub, so that a device of which nobody knows is found after a crash.
   * Invisible until it is confirmed. `taken`: a device has the id.
   */
  noteThing(thing: Omit<Thing, "docId" | "revision">, connectionId: string): Promise<"noted" | "taken">;
  /** The device is in the hub: the Thing, its device among the product's (approved) and its state are there from now on. */
  confirmThing(id: string, state: StateChange): Promise<ThingWithState | null>;
  /** It was not made in the hub: forgets it. With `remove` its device in the hub is to be deleted, should there be one. */
  dropThing(id: string, remove: boolean): Promise<void>;
  /** Turns what was noted before this start into removals from the hub; returns how many. */
  dropUnconfirmedThings(): Promise<number>;
  thing(id: string): Promise<ThingWithState | null>;
  /** In the order of the ids; those that are not there are left out. */
  things(ids: readonly string[]): Promise<readonly ThingWithState[]>;
  /** Both in one transaction. `stale`: one of the two was written meanwhile (`revision`). */
  saveThing(thing: Thing, state: StateChange | null): Promise<"saved" | "stale" | "unknown">;
  /**
   * Forgets the Thing, its device and its state, and notes that the hub's device is to be deleted, in one transaction.
   * Its pending deliveries end with it.
   */
  deleteThing(id: string): Promise<boolean>;
  /** Rejects with `SearchTooCostly`. */
  searchThings(
    productId: number,
    query: ThingQuery,
  ): Promise<{ readonly things: readonly ThingWithState[]; readonly total: number }>;
  countThings(productId: number): Promise<number>;
}

/** What a program signs its requests with, as `app:{slug}`. One pair for each product. */
export interface AppKeys {
  /** The secret; `null`: the product was given none. Cached: asked for every request. */
  appSecret(productId: number): Promise<string | null>;
  /** Makes a new pair; the former one is unknown from then on. Returns the secret, which is shown once. */
  renewAppSecret(productId: number, secret: string): Promise<void>;
  /** The root app: the product whose keys may make other apps. `null` until the first start has made it. */
  rootApp(): Promise<Product | null>;
  setRootApp(productId: number): Promise<void>;
  /** True once, for whoever asks first. */
  takeRootSetup(): Promise<boolean>;
}
