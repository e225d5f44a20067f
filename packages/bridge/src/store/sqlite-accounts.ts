/** Accounts and access tokens in the embedded store; tokens as hashes. */
import type { AccessToken, Account } from "../core/account.ts";
import type { Accounts } from "../core/directory.ts";
import { hashToken, newId, newToken } from "../core/ids.ts";
import { Recent } from "./recent.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";

export function createAccounts({
  worker,
  now,
}: {
  readonly worker: GroupCommit;
  readonly now: () => number;
}): Accounts {
  const accessTokens = new Recent<string, AccessToken>(10_000);

  return {
    async createAccount(input: { readonly username: string; readonly passwordHash: string }): Promise<Account> {
      const account: Account = { id: newId(), username: input.username, createdAt: now() };
      await worker.call("createAccount", account, input.passwordHash);
      return account;
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
      accessTokens.deleteWhere((token) => token.accountId === accountId);
      return revoked;
    },
  };
}
