/** What every store must do with accounts, API users and their tokens. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { deviceId, settings } from "./store-samples.ts";
import type { OpenStore, Store, StoreUnderTest } from "./store-under-test.ts";

export function describeAccounts(open: OpenStore): void {
  describe("accounts", () => {
    let under: StoreUnderTest;
    let store: Store;
    beforeEach(async () => {
      under = await open({ now: () => 1_700_000_000_000 });
      store = under.store;
    });
    afterEach(() => under.dispose());

    const account = async (username = "ada@example.com"): Promise<string> =>
      (await store.createAccount({ username, passwordHash: "scrypt$1" }))!.id;

    test("an account is found by its name in any letter case, and only once", async () => {
      const id = await account("Ada@Example.com");
      expect(await store.accountByUsername("ada@example.COM")).toMatchObject({
        account: { id, username: "Ada@Example.com" },
        passwordHash: "scrypt$1",
      });
      expect(await store.createAccount({ username: "ADA@example.com", passwordHash: "scrypt$2" })).toBeNull();
      expect(await store.accountByUsername("eve@example.com")).toBeNull();
      expect((await store.account(await account("eve@example.com")))?.username).toBe("eve@example.com");
    });

    test("the operator is told from others, and passwords are replaced", async () => {
      const operator = await store.createAccount({ username: "root", passwordHash: "scrypt$1", operator: true });
      const id = await account();
      await store.setPassword(id, "scrypt$2");
      store = await under.reopen();
      expect(await store.account(operator!.id)).toEqual(operator);
      const roles = (await store.accounts()).map(({ username, operator: runs }) => [username, runs] as const);
      expect(new Map(roles)).toEqual(
        new Map([
          ["ada@example.com", false],
          ["root", true],
        ]),
      );
      expect(await store.accountByUsername("ada@example.com")).toMatchObject({ passwordHash: "scrypt$2" });
    });

    test("an account goes with its tokens, and stays while it owns anything", async () => {
      const id = await account();
      const token = await store.createToken({ accountId: id, client: "cli", expiresAt: null });
      expect(await store.accessToken(token)).not.toBeNull();
      await store.claimDevice(id, deviceId(1));
      expect(await store.deleteAccount(id)).toBe("owns_things");
      await store.unclaimDevice(deviceId(1));
      const made = await store.createIntegration(settings({ kind: "sandbox", accountId: id }));
      expect(await store.deleteAccount(id)).toBe("owns_things");
      await store.deleteIntegration(made.id);
      expect(await store.accessToken(token)).not.toBeNull();
      expect(await store.deleteAccount(id)).toBe("deleted");
      expect(await store.accessToken(token)).toBeNull();
      expect(await store.account(id)).toBeNull();
      expect(await store.deleteAccount(id)).toBe("unknown");
    });

    test("an API user has one token: a change makes a new one and ends the old, over a restart too", async () => {
      const made = await store.createApiUser({ productId: 7, friendlyName: "Billing job", scopes: ["events:get"] });
      expect(made.apiUser.username).toMatch(/^billing-job\+[0-9a-f]+@api\.particle\.io$/);
      expect(await store.accessToken(made.token)).toMatchObject({ apiUser: made.apiUser, expiresAt: null });
      const changed = (await store.replaceApiUser({ ...made.apiUser, scopes: ["events:get", "devices:list"] }))!;
      expect(await store.accessToken(made.token)).toBeNull();
      store = await under.reopen();
      expect(await store.accessToken(made.token)).toBeNull();
      expect(await store.accessToken(changed.token)).toMatchObject({
        accountId: made.apiUser.id,
        apiUser: { productId: 7, scopes: ["events:get", "devices:list"] },
      });
      expect(await store.apiUsersIn(7)).toEqual([changed.apiUser]);
      expect(await store.apiUsersIn(8)).toEqual([]);
      expect(await store.apiUser(8, made.apiUser.username)).toBeNull();
      expect(await store.apiUser(7, made.apiUser.username)).toEqual(changed.apiUser);
      expect(await store.deleteApiUser(made.apiUser.id)).toBe(true);
      expect(await store.deleteApiUser(made.apiUser.id)).toBe(false);
      expect(await store.replaceApiUser(made.apiUser)).toBeNull();
      expect(await store.accessToken(changed.token)).toBeNull();
      expect(await store.apiUsersIn(7)).toEqual([]);
    });

    test("a person's token is no API user's", async () => {
      const token = await store.createToken({ accountId: await account(), client: "cli", expiresAt: null });
      expect((await store.accessToken(token))?.apiUser).toBeNull();
    });

    test("an access token is known until it is revoked, over a restart too", async () => {
      const accountId = await account();
      const token = await store.createToken({ accountId, client: "cli", expiresAt: null });
      const other = await store.createToken({ accountId, client: "cli", expiresAt: 5 });
      expect(await store.accessToken(token)).toMatchObject({ accountId, client: "cli", expiresAt: null });
      expect(await store.accessToken(other)).toMatchObject({ expiresAt: 5 });
      expect(await store.revokeToken(token)).toBe(true);
      expect(await store.revokeToken(token)).toBe(false);
      expect(await store.accessToken(token)).toBeNull();
      store = await under.reopen();
      expect(await store.accessToken(token)).toBeNull();
      expect(await store.accessToken(other)).not.toBeNull();
      expect(await store.revokeTokensOf(accountId)).toBe(1);
      expect(await store.accessToken(other)).toBeNull();
    });

    test("a token that is revoked while it is looked up is not remembered", async () => {
      const token = await store.createToken({ accountId: await account(), client: "cli", expiresAt: null });
      await Promise.all([store.accessToken(token), store.revokeToken(token), store.accessToken(token)]);
      expect(await store.accessToken(token)).toBeNull();
    });
  });
}
