/** Accounts and their access tokens, kept as hashes. */
import type { AccessToken, Account } from "../../core/account.ts";
import type { Transaction } from "./transaction.ts";

export interface AccountOperations {
  createAccount(account: Account, passwordHash: string): null;
  accountByUsername(username: string): { account: Account; passwordHash: string } | null;
  account(id: string): Account | null;
  createToken(hash: string, token: AccessToken): null;
  accessToken(hash: string): AccessToken | null;
  revokeToken(hash: string): number;
  revokeTokensOf(accountId: string): number;
}

export function accountOperations({ db }: Transaction): AccountOperations {
  const insert = db.prepare("INSERT INTO account (id, username, password_hash, created_at) VALUES (?, ?, ?, ?)");
  const byUsername = db.prepare("SELECT * FROM account WHERE username = ?");
  const byId = db.prepare("SELECT * FROM account WHERE id = ?");
  const insertToken = db.prepare(
    "INSERT INTO access_token (hash, account_id, client, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
  );
  const selectToken = db.prepare("SELECT * FROM access_token WHERE hash = ?");
  const deleteToken = db.prepare("DELETE FROM access_token WHERE hash = ?");
  const deleteTokens = db.prepare("DELETE FROM access_token WHERE account_id = ?");

  const toAccount = (row: Record<string, unknown>): Account => ({
    id: String(row["id"]),
    username: String(row["username"]),
    createdAt: Number(row["created_at"]),
  });

  return {
    createAccount(account, passwordHash) {
      insert.run(account.id, account.username, passwordHash, account.createdAt);
      return null;
    },
    accountByUsername(username) {
      const row = byUsername.get(username);
      return row === undefined ? null : { account: toAccount(row), passwordHash: String(row["password_hash"]) };
    },
    account(id) {
      const row = byId.get(id);
      return row === undefined ? null : toAccount(row);
    },
    createToken(hash, token) {
      insertToken.run(hash, token.accountId, token.client, token.createdAt, token.expiresAt);
      return null;
    },
    accessToken(hash) {
      const row = selectToken.get(hash);
      if (row === undefined) return null;
      return {
        accountId: String(row["account_id"]),
        apiUser: null,
        client: String(row["client"]),
        createdAt: Number(row["created_at"]),
        expiresAt: row["expires_at"] as number | null,
      };
    },
    revokeToken: (hash) => deleteToken.run(hash).changes,
    revokeTokensOf: (accountId) => deleteTokens.run(accountId).changes,
  };
}
