import { expect, test } from "vitest";
import type { ThingQuery } from "../core/thing-query.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";
import { createThingSearch } from "./thing-search.ts";

const QUERY: ThingQuery = {
  filter: { kind: "text", field: "name", text: "boiler" },
  sort: "timestamp",
  descending: true,
  limit: 30,
  skip: 0,
  afterDocId: null,
};

/** A worker whose products take this many steps to look at; notes whose step it made. */
function workerWith(steps: Readonly<Record<number, number>>): { worker: Pick<GroupCommit, "call">; made: number[] } {
  const made: number[] = [];
  const left: Record<number, number> = { ...steps };
  const call = async (name: string, productId: number): Promise<unknown> => {
    if (name !== "searchStep") return [];
    made.push(productId);
    left[productId] = (left[productId] ?? 0) - 1;
    return { total: 1, first: [], next: left[productId] > 0 ? made.length : null };
  };
  return { worker: { call: call as GroupCommit["call"] }, made };
}

test("a search that does not come to its end is given up, and the next one begins", async () => {
  const { worker, made } = workerWith({ 1: 1_005 });
  const { searchThings } = createThingSearch(worker, () => 0);
  await expect(searchThings(1, QUERY)).rejects.toMatchObject({ code: "search_too_costly" });
  expect(made).toHaveLength(1_000);
  expect(await searchThings(1, QUERY)).toEqual({ things: [], total: 5 });
});

test("searches of two products go on side by side, those of one after each other", async () => {
  const { worker, made } = workerWith({ 1: 3, 2: 3 });
  const { searchThings } = createThingSearch(worker, () => 0);
  const found = await Promise.all([searchThings(1, QUERY), searchThings(1, QUERY), searchThings(2, QUERY)]);
  expect(found.map(({ total }) => total)).toEqual([3, 1, 3]);
  expect(made).toEqual([1, 2, 1, 2, 1, 2, 1]);
});

test("the pages that follow a first one are told its total for a minute", async () => {
  const { worker, made } = workerWith({ 1: 1 });
  let now = 0;
  const { searchThings } = createThingSearch(worker, () => now);
  const first = { ...QUERY, sort: "_docid" };
  await searchThings(1, first);
  const next = { ...first, afterDocId: 7 };
  await searchThings(1, next);
  expect(made).toHaveLength(2);
  now = 60_000;
  await searchThings(1, next);
  expect(made).toHaveLength(4);
});
