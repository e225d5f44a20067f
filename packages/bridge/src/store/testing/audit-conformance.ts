/** What every store must do with the audit log. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { NewAuditEntry } from "../../core/audit.ts";
import type { OpenStore, Store, StoreUnderTest } from "./store-under-test.ts";

const ENTRY: NewAuditEntry = {
  at: 1_000,
  lastAt: 1_000,
  count: 1,
  accountId: "ada",
  actor: { kind: "account", name: "ada@example.com" },
  action: "Delete an integration",
  route: "DELETE /v1/integrations/:integration",
  objects: { integration: "66f0" },
  status: 204,
  code: null,
  address: "127.0.0.1",
};

export function describeAudit(open: OpenStore): void {
  describe("the audit log", () => {
    let under: StoreUnderTest;
    let store: Store;
    beforeEach(async () => {
      under = await open();
      store = under.store;
    });
    afterEach(() => under.dispose());

    const write = (...entries: Partial<NewAuditEntry>[]): Promise<readonly number[]> =>
      store.appendAudit(entries.map((entry) => ({ ...ENTRY, ...entry })));
    const ids = async (query: Partial<Parameters<Store["auditEntries"]>[0]>): Promise<readonly number[]> =>
      (await store.auditEntries({ accountId: null, limit: 10, ...query })).entries.map(({ id }) => id);

    test("is read newest first and page by page, over a restart too", async () => {
      const written = await write({ at: 1 }, { at: 2 }, { at: 3 });
      store = await under.reopen();
      const first = await store.auditEntries({ accountId: "ada", limit: 2 });
      expect(first.entries.map(({ id }) => id)).toEqual([written[2], written[1]]);
      expect(first.entries[0]).toEqual({ ...ENTRY, at: 3, id: written[2] });
      expect(await ids({ accountId: "ada", limit: 2, before: first.next! })).toEqual([written[0]]);
      expect((await store.auditEntries({ accountId: "ada", limit: 2, before: written[0]! })).next).toBeNull();
    });

    test("shows an account its own entries alone, and those of nobody to who sees all", async () => {
      const [ada, eve, nobody] = await write({}, { accountId: "eve" }, { accountId: null });
      expect(await ids({ accountId: "ada" })).toEqual([ada]);
      expect(await ids({ accountId: null })).toEqual([nobody, eve, ada]);
      expect((await store.auditEntries({ accountId: null, limit: 1 })).entries[0]?.accountId).toBeNull();
    });

    test("is asked for who, what, when and what failed", async () => {
      const [deleted, refused, signIn] = await write(
        { at: 10, lastAt: 10 },
        { at: 20, lastAt: 25, status: 409, code: "pending_deliveries", actor: { kind: "app", name: "weather" } },
        { at: 30, lastAt: 30, action: "Sign in", route: "POST /oauth/token", objects: {}, status: 400 },
      );
      expect(await ids({ who: "Ada@example.com" })).toEqual([signIn, deleted]);
      expect(await ids({ what: "SIGN" })).toEqual([signIn]);
      expect(await ids({ what: "66f0" })).toEqual([refused, deleted]);
      expect(await ids({ what: "%" })).toEqual([]);
      expect(await ids({ failed: true })).toEqual([signIn, refused]);
      expect(await ids({ since: 25, until: 30 })).toEqual([refused]);
    });

    test("looks through many entries for the one that is asked for", async () => {
      const [needle] = await write({ action: "Needle" });
      await write(...Array.from({ length: 5_000 }, () => ({})));
      expect(await ids({ what: "needle" })).toEqual([needle]);
    });

    test("counts what happened again", async () => {
      const [id] = await write({});
      await store.repeatAudit([{ id: id!, count: 4, lastAt: 9_000 }]);
      expect((await store.auditEntries({ accountId: "ada", limit: 1 })).entries[0]).toMatchObject({
        at: 1_000,
        count: 5,
        lastAt: 9_000,
      });
    });

    test("forgets what is old, and of each account the oldest beyond its share", async () => {
      const [, young] = await write({ at: 1, lastAt: 1 }, { at: 1, lastAt: 50 });
      const eves = await write(...Array.from({ length: 4 }, () => ({ accountId: "eve", lastAt: 60 })));
      expect(await store.pruneAudit({ since: 50, perAccount: 2 })).toBe(3);
      expect(await ids({})).toEqual([eves[3], eves[2], young]);
    });

    test("forgets what strangers tried before it forgets what was done", async () => {
      const actor = { kind: "claimed", name: "ada@example.com" } as const;
      const [done] = await write({ action: "Delete an integration" });
      const tried = await write({ actor }, { actor }, { actor });
      expect(await store.pruneAudit({ since: 0, perAccount: 2 })).toBe(2);
      expect(await ids({})).toEqual([tried[2], done]);
    });
  });
}
