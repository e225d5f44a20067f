/** A SQLite store in a folder of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore, type SqliteStore } from "../sqlite-store.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

export interface SqliteUnderTest extends StoreUnderTest {
  readonly store: SqliteStore;
  readonly folder: string;
  reopen(): Promise<SqliteStore>;
}

export function temporaryFolder(): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-store-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export async function openSqlite({ now }: { now?: () => number } = {}): Promise<SqliteUnderTest> {
  const { folder, remove } = temporaryFolder();
  let failure: Error | undefined;
  const open = (): Promise<SqliteStore> =>
    openSqliteStore({ folder, onFatal: (error) => (failure = error), ...(now === undefined ? {} : { now }) });
  let store = await open();
  return {
    get store() {
      return store;
    },
    folder,
    async reopen() {
      await store.close();
      store = await open();
      return store;
    },
    async dispose() {
      await store.close();
      remove();
      if (failure !== undefined) throw failure;
    },
  };
}
