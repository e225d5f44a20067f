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
  prepare(sql: string): Statement;
  close(): void;
}

/** The caller holds the data folder's lock: only then may a left-over lock of a killed process be removed. */
export function openDatabase(file: string): Database {
  const require = createRequire(import.meta.url);
  return openNodeSqlite(require, file) ?? openWasm(require, file);
}

interface NodeStatement {
  run(...values: Value[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  get(...values: Value[]): Row | undefined;
  all(...values: Value[]): Row[];
}

interface NodeDatabase {
  exec(sql: string): void;
  prepare(sql: string): NodeStatement;
  close(): void;
}

function openNodeSqlite(require: NodeJS.Require, file: string): Database | undefined {
  if (!process.getBuiltinModule || process.getBuiltinModule("node:sqlite") === undefined) return undefined;
  const { DatabaseSync } = require("node:sqlite") as { DatabaseSync: new (file: string) => NodeDatabase };
  const db = new DatabaseSync(file);
  return {
    exec: (sql) => db.exec(sql),
    prepare: (sql) => {
      const statement = db.prepare(sql);
      return {
        run: (...values) => {
          const { changes, lastInsertRowid } = statement.run(...values);
          return { changes: Number(changes), lastInsertRowid: Number(lastInsertRowid) };
        },
        get: (...values) => statement.get(...values),
        all: (...values) => statement.all(...values),
      };
    },
    close: () => db.close(),
  };
}

interface WasmStatement {
  run(values: Value[]): { changes: number; lastInsertRowid: number | bigint };
  all(values: Value[]): Row[];
  finalize(): void;
}

interface WasmDatabase {
  exec(sql: string): void;
  prepare(sql: string): WasmStatement;
  close(): void;
}

function openWasm(require: NodeJS.Require, file: string): Database {
  const { Database: Wasm } = require("node-sqlite3-wasm") as { Database: new (file: string) => WasmDatabase };
  rmSync(`${file}.lock`, { recursive: true, force: true });
  const db = new Wasm(file);
  const statements: WasmStatement[] = [];
  return {
    exec: (sql) => db.exec(sql),
    prepare: (sql) => {
      const statement = db.prepare(sql);
      statements.push(statement);
      return {
        run: (...values) => {
          const { changes, lastInsertRowid } = statement.run(values);
          return { changes, lastInsertRowid: Number(lastInsertRowid) };
        },
        // The driver's own get leaves the statement open, which would keep a transaction from committing.
        get: (...values) => statement.all(values)[0],
        all: (...values) => statement.all(values),
      };
    },
    close: () => {
      for (const statement of statements) statement.finalize();
      db.close();
    },
  };
}
