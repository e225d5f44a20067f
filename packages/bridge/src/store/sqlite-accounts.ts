/** Accounts and access tokens in the embedded store; tokens as hashes. */
import type { AccessToken, AccessTokenNote, Account } from "../core/account.ts";
import type { Accounts } from "../core/directory.ts";
import { hashToken, newId, newToken } from "../core/ids.ts";
import { Recent } from "../core/recent.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";

interface SqliteAccounts extends Accounts {
  /** Makes the cached tokens of an account or API user unknown. */
  readonly forgetTokensOf: (id: string) => void;
}

export function createAccounts({
  worker,
  now,
}: {
  readonly worker: GroupCommit;
  readonly now: () => number;
}): SqliteAccounts {
  const accessTokens = new Recent<string, AccessToken>(10_000);
  const forgetTokensOf = (id: string): void => accessTokens.deleteWhere((token) => token.accountId === id);

  return {
    forgetTokensOf,

    async createAccount(input: {
      readonly username: string;
      readonly passwordHash: string;
      readonly operator?: boolean;
    }): Promise<Account | null> {
      const { username, operator = false } = input;
      const account: Account = { id: newId(), username, operator, createdAt: now() };
      return (await worker.call("createAccount", account, input.passwordHash)) ? account : null;
    },

    accounts(): Promise<readonly Account[]> {
      return worker.call("accounts");
    },

    async setPassword(accountId: string, passwordHash: string): Promise<void> {
      await worker.call("setPassword", accountId, passwordHash);
    },

    async deleteAccount(id: string): Promise<"deleted" | "owns_things" | "unknown"> {
      const outcome = await worker.call("deleteAccount", id);
      forgetTokensOf(id);
      return outcome;
    },

    accountByUsername(username: string): Promise<{ account: Account; passwordHash: string } | null> {
      return worker.call("accountByUsername", username);
    },

    account(id: string): Promise<Account | null> {
      return worker.call("account", id);
    },

    async createToken(input: {
      readonly accountId: string;
      readonly client: string;
      readonly expiresAt: number | null;
    }): Promise<string> {
      const token = newToken();
      await worker.call("createToken", hashToken(token), { ...input, apiUser: null, createdAt: now() });
      return token;
    },

    async accessToken(token: string): Promise<AccessToken | null> {
      const hash = hashToken(token);
      const cached = accessTokens.get(hash);
      if (cached !== undefined) return cached;
      const found = await worker.call("accessToken", hash);
      if (found !== null) accessTokens.set(hash, found);
      return found;
    },

    async revokeToken(token: string): Promise<boolean> {
      const hash = hashToken(token);
      const revoked = await worker.call("revokeToken", hash);
      accessTokens.delete(hash);
      return revoked > 0;
    },

    async revokeTokensOf(accountId: string): Promise<number> {
      const revoked = await worker.call("revokeTokensOf", accountId);
      forgetTokensOf(accountId);
      return revoked;
    },

    accessTokensOf(accountId: string, limit: number): Promise<readonly AccessTokenNote[]> {
      return worker.call("accessTokensOf", accountId, now(), limit);
    },

    async revokeTokenOf(accountId: string, id: string): Promise<boolean> {
      const hash = await worker.call("revokeTokenOf", accountId, id);
      if (hash !== null) accessTokens.delete(hash);
      return hash !== null;
    },
  };
}
