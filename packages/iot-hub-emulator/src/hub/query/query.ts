/**
 * Queries over devices, modules and the history of jobs. A query goes through its collection row by row and pauses now
 * and then, so a million devices do not hold up the hub.
 */
import type { Devices } from "../registry/devices.ts";
import { HubError } from "../errors.ts";
import { identityRef } from "../registry/identity.ts";
import type { IdentityName, IdentityRef } from "../registry/identity.ts";
import type { RegistryChange } from "../registry/registry.ts";
import type { JsonObject } from "../twins/twin.ts";
import type { Twins } from "../twins/twins.ts";
import { Breather } from "./breather.ts";
import type { Condition } from "./condition.ts";
import { Continuations } from "./continuation.ts";
import type { PageStart } from "./continuation.ts";
import { Grouping, rowOf } from "./grouping.ts";
import { IdentityOrder } from "./identity-order.ts";
import { documentRow, sizeOf, twinRow } from "./rows.ts";
import type { Row } from "./rows.ts";
import { parseStatement } from "./statement.ts";
import type { Collection, Column, Statement } from "./statement.ts";
import type { Target } from "./target.ts";

/** What the rows of a page are; clients make their own types of them by it. */
export type ItemType = "Twin" | "DeviceJob" | "Raw";

export interface QueryPage {
  readonly rows: readonly JsonObject[];
  readonly itemType: ItemType;
  /** Absent on the last page. */
  readonly continuation?: string;
}

export interface PageRequest {
  /** Rows of a page; default 100. */
  readonly maxItemCount?: number;
  readonly continuation?: string;
}

/** Rows with lasting places, from one of them on. */
type Rows = Iterable<readonly [place: number, row: Row]>;

export interface QuerySources {
  readonly devices: Devices;
  readonly twins: Twins;
  /** History of jobs, one row for each device and job. */
  readonly deviceJobs: (from: number) => Iterable<readonly [place: number, row: JsonObject]>;
  /** What configurations say of a device or module; `undefined` for none. */
  readonly configurationsOf: (ref: IdentityRef) => JsonObject | undefined;
}

export const MAX_PAGE = 1000;
const DEFAULT_PAGE = 100;
/** A page ends early when its rows are large, in characters of their JSON. */
const MAX_PAGE_SIZE = 8 * 1024 * 1024;

export class Query {
  readonly #sources: QuerySources;
  readonly #continuations = new Continuations();
  #orders: Orders | undefined;
  #ordering: Promise<void> | undefined;

  constructor(sources: QuerySources) {
    this.#sources = sources;
  }

  /** One page of a query. Throws `ArgumentInvalid` for a query or a continuation that cannot be used. */
  async run(text: string, { maxItemCount = DEFAULT_PAGE, continuation }: PageRequest = {}): Promise<QueryPage> {
    const statement = parseStatement(text);
    const start = continuation === undefined ? firstPage(statement) : this.#continuations.read(text, continuation);
    await this.#order();
    const size = Math.max(1, Math.min(maxItemCount, MAX_PAGE));
    const { rows, next } = await (statement.groupBy === undefined
      ? this.#select(statement, start, size)
      : this.#aggregate(statement, start, size));
    return {
      rows,
      itemType: itemTypeOf(statement),
      ...(next === undefined ? {} : { continuation: this.#continuations.write(text, next) }),
    };
  }

  /**
   * What a metric query tells: how many rows there are or, when it is one aggregate of all, its value. Throws
   * `ArgumentInvalid`.
   */
  async measure(text: string): Promise<number> {
    const statement = parseStatement(text);
    await this.#order();
    const grouping = statement.groupBy === undefined ? undefined : await this.#grouped(statement);
    if (grouping !== undefined) {
      const rows = grouping.rows();
      const [value] = rows.length === 1 ? Object.values(rows[0] ?? {}) : [];
      return typeof value === "number" ? value : rows.length;
    }
    const breather = new Breather();
    let count = 0;
    for (const [, row] of this.#rows(statement.collection, 0, statement.where)) {
      const pause = breather.step();
      if (pause !== undefined) await pause;
      if (holds(statement.where, row)) count++;
    }
    return Math.min(count, statement.top ?? Infinity);
  }

  /** All that a job or configuration is for, in the order of their creation. */
  async *matching({ collection, condition }: Target): AsyncGenerator<IdentityRef> {
    await this.#order();
    const breather = new Breather();
    for (const [, name] of this.#names(collection, 0, condition)) {
      const pause = breather.step();
      if (pause !== undefined) await pause;
      const row = this.#twin(name);
      if (row !== undefined && holds(condition, row)) yield identityRef(name);
    }
  }

  /** Whether a device or module is among those that a target means. */
  matches({ collection, condition }: Target, ref: IdentityRef): boolean {
    if ((collection === "modules") !== (ref.moduleId !== undefined)) return false;
    const row = this.#twin(ref);
    return row !== undefined && holds(condition, row);
  }

  /** Keeps the order of rows in step with the registry. */
  follow({ kind, identity }: RegistryChange): void {
    const order = this.#orders?.[identity.moduleId === undefined ? "devices" : "modules"];
    if (kind === "created") order?.add(identity);
    if (kind === "deleted") order?.removed();
  }

  async #select(statement: Statement, start: PageStart, size: number): Promise<Page> {
    const { columns, where } = statement;
    const limit = Math.min(size, start.remaining ?? Infinity);
    const breather = new Breather();
    const rows: JsonObject[] = [];
    let room = MAX_PAGE_SIZE;
    if (limit === 0) return { rows };
    for (const [position, row] of this.#rows(statement.collection, start.position, where)) {
      const pause = breather.step();
      if (pause !== undefined) await pause;
      if (!holds(where, row)) continue;
      if (rows.length === limit || room <= 0) return { rows, ...following(position, start, rows.length) };
      const shown = columns === undefined ? row.document() : projected(columns, row);
      rows.push(shown);
      room -= sizeOf(shown);
    }
    return { rows };
  }

  // Groups are known only when all rows were seen, so each page counts anew and leaves out what was shown.
  async #aggregate(statement: Statement, start: PageStart, size: number): Promise<Page> {
    const grouping = await this.#grouped(statement);
    const limit = Math.min(size, start.remaining ?? Infinity);
    const end = start.position + limit;
    const all = grouping.rows();
    return { rows: all.slice(start.position, end), ...(all.length > end ? following(end, start, limit) : {}) };
  }

  async #grouped({ collection, columns = [], groupBy = [], where }: Statement): Promise<Grouping> {
    const grouping = new Grouping(columns, groupBy);
    const breather = new Breather();
    for (const [, row] of this.#rows(collection, 0, where)) {
      const pause = breather.step();
      if (pause !== undefined) await pause;
      if (holds(where, row)) grouping.add(row.resolve);
    }
    return grouping;
  }

  *#rows(collection: Collection, from: number, condition: Condition | undefined): Rows {
    if (collection === "jobs") {
      for (const [place, row] of this.#sources.deviceJobs(from)) yield [place, documentRow(row)];
      return;
    }
    for (const [place, name] of this.#names(collection, from, condition)) {
      const row = this.#twin(name);
      if (row !== undefined) yield [place, row];
    }
  }

  // A condition that names its devices is answered without a look at all the others.
  *#names(
    collection: "devices" | "modules",
    from: number,
    condition: Condition | undefined,
  ): Iterable<readonly [place: number, name: IdentityName]> {
    if (collection === "modules" || condition?.deviceIds === undefined) {
      if (this.#orders !== undefined) yield* this.#orders[collection].from(from);
      return;
    }
    let place = 0;
    for (const deviceId of condition.deviceIds) {
      if (place >= from) yield [place, deviceId];
      place++;
    }
  }

  #twin(name: IdentityName): Row | undefined {
    const { devices, twins, configurationsOf } = this.#sources;
    const record = devices.get(name);
    if (record === undefined) return undefined;
    return twinRow(record, () => {
      const configurations = configurationsOf(identityRef(name));
      return configurations === undefined ? twins.get(name) : { ...twins.get(name), configurations };
    });
  }

  // Made when the first query comes: many hubs see none.
  async #order(): Promise<void> {
    if (this.#orders === undefined) await (this.#ordering ??= this.#makeOrders());
  }

  // Devices that are created meanwhile come last in what is gone through, so they are not missed; modules are few.
  async #makeOrders(): Promise<void> {
    const { devices } = this.#sources;
    const isCurrent = (name: IdentityName, generationId: string): boolean =>
      devices.get(name)?.identity.generationId === generationId;
    const orders: Orders = { devices: new IdentityOrder(isCurrent), modules: new IdentityOrder(isCurrent) };
    const breather = new Breather();
    for (const { identity } of devices.values()) {
      orders.devices.add(identity);
      const pause = breather.step();
      if (pause !== undefined) await pause;
    }
    for (const { identity } of devices.allModules()) orders.modules.add(identity);
    this.#orders = orders;
  }
}

interface Orders {
  readonly devices: IdentityOrder;
  readonly modules: IdentityOrder;
}

interface Page {
  readonly rows: readonly JsonObject[];
  readonly next?: PageStart;
}

function firstPage({ top }: Statement): PageStart {
  return { position: 0, ...(top === undefined ? {} : { remaining: top }) };
}

// Nothing follows when TOP is used up.
function following(position: number, { remaining }: PageStart, shown: number): { readonly next?: PageStart } {
  if (remaining === undefined) return { next: { position } };
  return remaining <= shown ? {} : { next: { position, remaining: remaining - shown } };
}

function holds(condition: Condition | undefined, row: Row): boolean {
  return condition === undefined || condition(row.resolve) === true;
}

function projected(columns: readonly Column[], { resolve }: Row): JsonObject {
  return rowOf(columns.map(({ name, evaluate }) => [name, evaluate(resolve)]));
}

function itemTypeOf({ collection, columns }: Statement): ItemType {
  if (columns !== undefined) return "Raw";
  return collection === "jobs" ? "DeviceJob" : "Twin";
}

/** A page size as clients ask for it in a header; throws `ArgumentInvalid`. */
export function pageSizeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new HubError("ArgumentInvalid", `The page size must be a whole number from 1 to ${MAX_PAGE}.`);
  }
  return Number(text);
}
