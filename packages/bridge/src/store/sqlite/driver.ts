/**
 * The slice of SQLite that the store uses, over two drivers: `node:sqlite` where Node has it (22.13+), and
 * node-sqlite3-wasm on Node 20. Neither compiles anything at install. Both are synchronous: they live in the worker.
 */
import { rmSync } from "node:fs";
import { createRequire } from "node:module";

export type Value = number | string | null;
export type Row = Record<string, Value>;

export interface Statement {
  run(...values: Value[]): { changes: number; lastInsertRowid: number };
  get(...values: Value[]): Row | undefined;
  all(...values: Value[]): Row[];
}

export interface Database {
  exec(sql: string): void;
  /** The same statement for the same text: a database has few texts and runs them often. */
  prepare(sql: string): Statement;
  /** For a text that is made of what somebody asked: run once and not kept. */
  once(sql: string, ...values: Value[]): Row[];
  close(): void;
}

/** The caller holds the data folder's lock: only then may a left-over lock of a killed process be removed. */
export function openDatabase(file: string): Database {
  const require = createRequire(import.meta.url);
  const db = openNodeSqlite(require, file) ?? openWasm(require, file);
  const statements = new Map<string, Statement>();
  return {
    exec: (sql) => db.exec(sql),
    prepare(sql) {
      let statement = statements.get(sql);
      if (statement === undefined) {
        statement = wholeText(db.prepare(sql));
        statements.set(sql, statement);
      }
      return statement;
    },
    once: (sql, ...values) => textOnly(db.once(sql, bound(values))),
    close: () => db.close(),
  };
}

type Bound = Value | Uint8Array;

/** What a driver offers. Blobs come back as bytes. */
interface RawStatement {
  run(values: Bound[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  all(values: Bound[]): Record<string, Bound>[];
}

interface RawDatabase {
  exec(sql: string): void;
  prepare(sql: string): RawStatement;
  once(sql: string, values: Bound[]): Record<string, Bound>[];
  close(): void;
}

/** Both drivers end a text at its first NUL character. Such a text is kept as a blob of its UTF-8 bytes instead. */
function wholeText(statement: RawStatement): Statement {
  return {
    run(...values) {
      const { changes, lastInsertRowid } = statement.run(bound(values));
      return { changes: Number(changes), lastInsertRowid: Number(lastInsertRowid) };
    },
    // The drivers' own get leaves the statement open, which would keep a transaction from committing.
    get: (...values) => textOnly(statement.all(bound(values)).slice(0, 1))[0],
    all: (...values) => textOnly(statement.all(bound(values))),
  };
}

function bound(values: Value[]): Bound[] {
  if (!values.some(hasNul)) return values;
  return values.map((value) => (hasNul(value) ? Buffer.from(String(value)) : value));
}

function hasNul(value: Value): boolean {
  return typeof value === "string" && value.includes("\0");
}

function textOnly(rows: Record<string, Bound>[]): Row[] {
  for (const row of rows) {
    for (const [column, value] of Object.entries(row)) {
      if (value instanceof Uint8Array) row[column] = Buffer.from(value).toString("utf8");
    }
  }
  return rows as Row[];
}

interface NodeStatement {
  run(...values: Bound[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  all(...values: Bound[]): Record<string, Bound>[];
}

interface NodeDatabase {
  exec(sql: string): void;
  prepare(sql: string): NodeStatement;
  close(): void;
}

function openNodeSqlite(require: NodeJS.Require, file: string): RawDatabase | undefined {
  if (!process.getBuiltinModule || process.getBuiltinModule("node:sqlite") === undefined) return undefined;
  const { DatabaseSync } = require("node:sqlite") as { DatabaseSync: new (file: string) => NodeDatabase };
  const db = new DatabaseSync(file);
  return {
    exec: (sql) => db.exec(sql),
    prepare(sql) {
      const statement = db.prepare(sql);
      return { run: (values) => statement.run(...values), all: (values) => statement.all(...values) };
    },
    once: (sql, values) => db.prepare(sql).all(...values),
    close: () => db.close(),
  };
}

interface WasmStatement extends RawStatement {
  finalize(): void;
  /** Of the driver's inside, but the only way to leave a failure behind. */
  _reset(): boolean;
}

interface WasmDatabase {
  exec(sql: string): void;
  prepare(sql: string): WasmStatement;
  /** Prepares, asks and finalizes. */
  all(sql: string, values: Bound[]): Record<string, Bound>[];
  close(): void;
}

function openWasm(require: NodeJS.Require, file: string): RawDatabase {
  const { Database: Wasm } = require("node-sqlite3-wasm") as { Database: new (file: string) => WasmDatabase };
  rmSync(`${file}.lock`, { recursive: true, force: true });
  const db = new Wasm(file);
  const statements: WasmStatement[] = [];
  return {
    exec: (sql) => db.exec(sql),
    prepare(sql) {
      const statement = db.prepare(sql);
      statements.push(statement);
      return {
        run: (values) => resetAfterFailure(statement, () => statement.run(values)),
        all: (values) => resetAfterFailure(statement, () => statement.all(values)),
      };
    },
    once: (sql, values) => db.all(sql, values),
    close() {
      for (const statement of statements) statement.finalize();
      db.close();
    },
  };
}

/** A statement that failed would answer its next use with the old failure. */
function resetAfterFailure<T>(statement: WasmStatement, use: () => T): T {
  try {
    return use();
  } catch (error) {
    statement._reset();
    throw error;
  }
}
