/** Looks for devices: the pages of each scope, put in one order. */
import {
  ListTooCostly,
  type DeviceOrder,
  type DevicePlace,
  type DeviceSearch,
  type DeviceSearchQuery,
} from "../core/device-search.ts";
import type { Scope } from "../core/integration.ts";
import type { DeviceStep } from "./sqlite/device-search-operations.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";
import { createTurns } from "./turns.ts";

/** Steps after which a search is given up: two million devices. */
const MAX_STEPS = 400;

export function createDeviceSearch(worker: Pick<GroupCommit, "call">): DeviceSearch {
  // One step of all searches at a time, so that many searches hold up events no longer than one.
  const oneStep = createTurns();

  async function pageOf(query: DeviceSearchQuery, scope: Scope, products: readonly number[]): Promise<DevicePlace[]> {
    const { sort, descending, after, scopes: _, ...rest } = query;
    const limit = query.limit + 1;
    const { text, approval, kind } = rest;
    const hits: DevicePlace[] = [];
    let steps = 0;
    for (const keyless of runsOf(sort, after)) {
      let from = after !== null && keyless === isKeyless(sort, after) ? after : null;
      do {
        if (++steps > MAX_STEPS) throw new ListTooCostly();
        const step: DeviceStep = {
          scope,
          products,
          filter: { text, approval, kind },
          sort,
          descending,
          keyless,
          after: from,
          limit: limit - hits.length,
        };
        const found = await oneStep(() => worker.call("deviceStep", step));
        hits.push(...found.hits);
        from = found.next;
      } while (from !== null && hits.length < limit);
      if (hits.length >= limit) break;
    }
    return hits;
  }

  return {
    async searchDevices(query) {
      const products = productsIn(query.scopes);
      const pages = await Promise.all(query.scopes.map((scope) => pageOf(query, scope, products)));
      const all = pages.flat().toSorted(comparing(query));
      const places = all.slice(0, query.limit);
      const devices = await worker.call(
        "devicesByIds",
        places.map(({ id }) => id),
      );
      return { devices, next: all.length > query.limit ? (places.at(-1) ?? null) : null };
    },
    async countDevices({ scopes, ...filter }) {
      if (filter.text !== null) return null;
      const products = productsIn(scopes);
      const counts = await Promise.all(
        scopes.map((scope) => oneStep(() => worker.call("countInScope", { scope, products, filter }))),
      );
      return counts.reduce((sum, count) => sum + count, 0);
    },
  };
}

function productsIn(scopes: readonly Scope[]): readonly number[] {
  return scopes.flatMap((scope) => (scope.kind === "product" ? [scope.productId] : []));
}

/** Those that have what they are ordered by come first. */
function runsOf(sort: DeviceOrder, after: DevicePlace | null): readonly boolean[] {
  if (sort === "id") return [false];
  return after !== null && isKeyless(sort, after) ? [true] : [false, true];
}

function isKeyless(sort: DeviceOrder, { key }: DevicePlace): boolean {
  return sort !== "id" && key === null;
}

/** As the store's indexes order: texts by their bytes, letter case of ASCII letters aside. */
function comparing({ descending }: DeviceSearchQuery): (a: DevicePlace, b: DevicePlace) => number {
  const sign = descending ? -1 : 1;
  return (a, b) => {
    if ((a.key === null) !== (b.key === null)) return a.key === null ? 1 : -1;
    return sign * (compareKeys(a.key, b.key) || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
  };
}

function compareKeys(a: DevicePlace["key"], b: DevicePlace["key"]): number {
  if (typeof a === "string" && typeof b === "string") return Buffer.compare(folded(a), folded(b));
  return Number(a) - Number(b);
}

function folded(text: string): Buffer {
  return Buffer.from(text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()));
}
