/**
 * Steps of a search over devices: each looks at some thousands in the order of an index. A run is the part of a scope whose
 * devices have what they are ordered by, or the part that has not; the second comes after the first.
 */
import type { DeviceFilter, DeviceOrder, DevicePlace } from "../../core/device-search.ts";
import { isCloudDeviceId, type Device } from "../../core/device.ts";
import type { Scope } from "../../core/integration.ts";
import type { CountDevices } from "./device-counts.ts";
import { toDevice } from "./device-operations.ts";
import type { Value } from "./driver.ts";
import type { LastHeard } from "./last-heard.ts";
import type { Transaction } from "./transaction.ts";

export interface DeviceStep {
  readonly scope: Scope;
  /** Products whose devices a sandbox leaves to them. */
  readonly products: readonly number[];
  readonly filter: Omit<DeviceFilter, "scopes">;
  readonly sort: DeviceOrder;
  readonly descending: boolean;
  /** Of the devices that have no name, or were never heard. */
  readonly keyless: boolean;
  readonly after: DevicePlace | null;
  readonly limit: number;
}

export interface DeviceSearchOperations {
  /** The hits of one step in their order, and where the next step begins; `null`: the run is at its end. */
  deviceStep(step: DeviceStep): { hits: DevicePlace[]; next: DevicePlace | null };
  countInScope(step: Pick<DeviceStep, "scope" | "products" | "filter">): number;
  /** In the order given. */
  devicesByIds(ids: readonly string[]): Device[];
}

interface Ordering {
  readonly column: string | null;
  /** Of the index, in both kinds of scope. */
  readonly index: string;
  /** Devices of one step: few milliseconds. */
  readonly step: number;
}

const ORDERINGS: Readonly<Record<DeviceOrder, Ordering>> = {
  id: { column: null, index: "", step: 5_000 },
  name: { column: "name COLLATE NOCASE", index: "_name", step: 5_000 },
  // Its index is small, because it changes often: what is searched stands in the table.
  last_heard: { column: "last_heard", index: "_heard", step: 1_500 },
};

const IS_CLOUD_DEVICE = "(length(id) = 24 AND id NOT GLOB '*[^0-9a-f]*')";

export function deviceSearchOperations(
  { db }: Transaction,
  heard: LastHeard,
  countDevices: CountDevices,
): DeviceSearchOperations {
  const byIds = db.prepare(
    "SELECT device.* FROM json_each(?) AS asked JOIN device ON device.id = asked.value ORDER BY asked.key",
  );

  return {
    deviceStep(step) {
      if (step.sort === "last_heard" && step.after === null) heard.write();
      const { column, index: ordered, step: size } = ORDERINGS[step.sort];
      const index = wholeIdIn(step.filter.text) === null ? ordered : "";
      const [scope, scopeValues] = scopeCondition(step);
      const [place, placeValues] = placeCondition(column, step);
      const [match, matchValues] = matchCondition(step.filter);
      const direction = step.descending ? "DESC" : "ASC";
      const order = [...(column === null || step.keyless ? [] : [`${column} ${direction}`]), `id ${direction}`].join(
        ", ",
      );
      const key = step.keyless || column === null ? "NULL" : step.sort;
      const from = `FROM device INDEXED BY ${indexOf(step.scope)}${index} WHERE ${scope} AND ${place}`;
      const values = [...scopeValues, ...placeValues];
      const select = (where: string, limit: string): string =>
        `SELECT id, ${key} AS key ${from} ${where} ORDER BY ${order} ${limit}`;
      if (match === null) {
        return {
          hits: db
            .prepare(select("", "LIMIT ?"))
            .all(...values, step.limit)
            .map(toPlace),
          next: null,
        };
      }
      const last = db.prepare(select("", `LIMIT 1 OFFSET ${size - 1}`)).get(...values);
      const next = last === undefined ? null : toPlace(last);
      const [end, endValues] = next === null ? ["1", []] : endCondition(column, step, next);
      const hits = db
        .prepare(select(`AND ${end} AND ${match}`, "LIMIT ?"))
        .all(...values, ...endValues, ...matchValues, step.limit);
      return { hits: hits.map(toPlace), next: hits.length === step.limit ? null : next };
    },
    countInScope(step) {
      const [scope, scopeValues] = scopeCondition(step);
      const [match, matchValues] = matchCondition(step.filter);
      return countDevices(
        `INDEXED BY ${indexOf(step.scope)} WHERE ${scope} AND ${match ?? "1"}`,
        ...scopeValues,
        ...matchValues,
      );
    },
    devicesByIds(ids) {
      heard.write();
      return byIds.all(JSON.stringify(ids)).map(toDevice);
    },
  };
}

function indexOf(scope: Scope): string {
  return scope.kind === "product" ? "device_product" : "device_owner";
}

function scopeCondition({
  scope,
  products,
  filter,
}: Pick<DeviceStep, "scope" | "products" | "filter">): [string, Value[]] {
  const id = wholeIdIn(filter.text);
  const [named, names] = id === null ? ["", []] : [" AND id = ?", [id]];
  if (scope.kind === "product") return [`product_id = ?${named}`, [scope.productId, ...names]];
  return [
    `owner_id = ? AND (product_id IS NULL OR product_id NOT IN (SELECT value FROM json_each(?)))${named}`,
    [scope.accountId, JSON.stringify(products), ...names],
  ];
}

/** Whole ids are pasted often, and the index has them at hand. */
function wholeIdIn(text: string | null): string | null {
  const id = text?.toLowerCase() ?? "";
  return isCloudDeviceId(id) ? id : null;
}

/** After the place, in the order of the run. The first part of the comparison is the index's to use. */
function placeCondition(column: string | null, { keyless, after, descending }: DeviceStep): [string, Value[]] {
  const beyond = descending ? "<" : ">";
  const run = column === null ? "1" : `${column} IS ${keyless ? "" : "NOT "}NULL`;
  if (after === null) return [run, []];
  if (column === null || keyless) return [`${run} AND id ${beyond} ?`, [after.id]];
  return [
    `${run} AND ${column} ${beyond}= ? AND (${column} ${beyond} ? OR id ${beyond} ?)`,
    [after.key, after.key, after.id],
  ];
}

/** Up to the place, itself included. */
function endCondition(column: string | null, { keyless, descending }: DeviceStep, end: DevicePlace): [string, Value[]] {
  const before = descending ? ">" : "<";
  if (column === null || keyless) return [`id ${before}= ?`, [end.id]];
  return [`${column} ${before}= ? AND (${column} ${before} ? OR id ${before}= ?)`, [end.key, end.key, end.id]];
}

/** `null`: all fit. */
function matchCondition({ text, approval, kind }: DeviceStep["filter"]): [string | null, Value[]] {
  const clauses: string[] = [];
  const values: Value[] = [];
  if (approval !== null) {
    clauses.push("approval = ?");
    values.push(approval);
  }
  if (kind !== null) clauses.push(kind === "device" ? IS_CLOUD_DEVICE : `NOT ${IS_CLOUD_DEVICE}`);
  if (text !== null && wholeIdIn(text) === null) {
    const pattern = `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
    clauses.push(String.raw`(id LIKE ? ESCAPE '\' OR name LIKE ? ESCAPE '\' OR serial_number LIKE ? ESCAPE '\')`);
    values.push(pattern, pattern, pattern);
  }
  return [clauses.length === 0 ? null : clauses.join(" AND "), values];
}

function toPlace(row: Readonly<Record<string, Value>>): DevicePlace {
  return { id: String(row["id"]), key: row["key"] ?? null };
}
