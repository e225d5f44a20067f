/** Rows put together by GROUP BY and told by aggregates. */
import { HubError } from "../errors.ts";
import type { JsonObject } from "../twins/twin.ts";
import type { Resolve } from "./evaluation.ts";
import type { Value } from "./expression.ts";
import { finite } from "./functions.ts";
import type { Aggregate, Column } from "./statement.ts";
import type { Evaluate } from "./evaluation.ts";

/** One answer holds no more groups, whatever it is grouped by. */
const MAX_GROUPS = 100_000;

interface Tally {
  add(value: Value): void;
  result(): Value;
}

const TALLIES: Readonly<Record<Aggregate, () => Tally>> = {
  count: () => {
    let count = 0;
    return { add: (value) => void (value !== undefined && count++), result: () => count };
  },
  sum: () => {
    let sum = 0;
    return { add: (value) => void (typeof value === "number" && (sum += value)), result: () => finite(sum) };
  },
  avg: () => {
    let [sum, count] = [0, 0];
    return {
      add: (value) => {
        if (typeof value === "number") [sum, count] = [sum + value, count + 1];
      },
      result: () => finite(sum / count),
    };
  },
  min: () => extreme((a, b) => a < b),
  max: () => extreme((a, b) => a > b),
};

export class Grouping {
  readonly #columns: readonly Column[];
  readonly #groupBy: readonly Evaluate[];
  readonly #groups = new Map<string, readonly Tally[]>();

  constructor(columns: readonly Column[], groupBy: readonly Evaluate[]) {
    this.#columns = columns;
    this.#groupBy = groupBy;
    // Without GROUP BY all rows are one group, also when there are none.
    if (groupBy.length === 0) this.#groups.set("[]", this.#tallies());
  }

  /** Throws `ArgumentInvalid` when there are too many groups. */
  add(resolve: Resolve): void {
    // `undefined` is told apart from `null` by an empty place.
    const key = JSON.stringify(this.#groupBy.map((evaluate) => group(evaluate(resolve))));
    let tallies = this.#groups.get(key);
    if (tallies === undefined) {
      if (this.#groups.size >= MAX_GROUPS) {
        throw new HubError("ArgumentInvalid", `The query makes more than ${MAX_GROUPS} groups.`);
      }
      tallies = this.#tallies();
      this.#groups.set(key, tallies);
    }
    for (const [i, { evaluate }] of this.#columns.entries()) tallies[i]?.add(evaluate(resolve));
  }

  /** One row per group, in the order in which the groups were met. */
  rows(): readonly JsonObject[] {
    return [...this.#groups.values()].map((tallies) =>
      rowOf(this.#columns.map(({ name }, i) => [name, tallies[i]?.result()])),
    );
  }

  #tallies(): readonly Tally[] {
    return this.#columns.map(({ aggregate }) => (aggregate === undefined ? first() : TALLIES[aggregate]()));
  }
}

/** A row of named values; what is not there is left out. */
export function rowOf(columns: readonly (readonly [name: string, value: Value])[]): JsonObject {
  return Object.fromEntries(columns.filter((column): column is [string, JsonObject] => column[1] !== undefined));
}

function group(value: Value): readonly Value[] {
  return value === undefined ? [] : [value];
}

function first(): Tally {
  let [value, isSet]: [Value, boolean] = [undefined, false];
  return {
    add: (next) => {
      if (!isSet) [value, isSet] = [next, true];
    },
    result: () => value,
  };
}

// Numbers with numbers and texts with texts: what comes first decides.
function extreme(precedes: (a: string | number, b: string | number) => boolean): Tally {
  let best: string | number | undefined;
  return {
    add: (value) => {
      if (typeof value !== "number" && typeof value !== "string") return;
      if (best === undefined || (typeof value === typeof best && precedes(value, best))) best = value;
    },
    result: () => best,
  };
}
