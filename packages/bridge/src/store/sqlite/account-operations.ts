/** Accounts and their access tokens, kept as hashes. */
import type { AccessToken, AccessTokenNote, Account } from "../../core/account.ts";
import { tokenId } from "../../core/ids.ts";
import { toApiUser } from "./api-user-operations.ts";
import { stateSettingsOperations } from "./state-settings-operations.ts";
import type { Transaction } from "./transaction.ts";

export interface AccountOperations {
  /** False when the name is taken. */
  createAccount(account: Account, passwordHash: string): boolean;
  accounts(): Account[];
  setPassword(id: string, passwordHash: string): null;
  deleteAccount(id: string): "deleted" | "owns_things" | "unknown";
  accountByUsername(username: string): { account: Account; passwordHash: string } | null;
  account(id: string): Account | null;
  createToken(hash: string, token: AccessToken): null;
  accessToken(hash: string): AccessToken | null;
  revokeToken(hash: string): number;
  revokeTokensOf(accountId: string): number;
  /** Those that end after `now`. */
  accessTokensOf(accountId: string, now: number, limit: number): AccessTokenNote[];
  /** The hash of the one that is gone. */
  revokeTokenOf(accountId: string, id: string): string | null;
}

export function accountOperations(transaction: Transaction): AccountOperations {
  const { db } = transaction;
  const settings = stateSettingsOperations(transaction);
  const insert = db.prepare(
    "INSERT INTO account (id, username, password_hash, operator, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const all = db.prepare("SELECT * FROM account ORDER BY created_at, id");
  const updatePassword = db.prepare("UPDATE account SET password_hash = ? WHERE id = ?");
  const remove = db.prepare("DELETE FROM account WHERE id = ?");
  const owned = db.prepare(
    `SELECT EXISTS (SELECT 1 FROM device WHERE owner_id = ?1) OR EXISTS (SELECT 1 FROM product WHERE owner_id = ?1)
       OR EXISTS (SELECT 1 FROM integration WHERE scope_kind = 'sandbox' AND scope_id = ?1) AS any`,
  );
  const byUsername = db.prepare("SELECT * FROM account WHERE username = ?");
  const byId = db.prepare("SELECT * FROM account WHERE id = ?");
  const insertToken = db.prepare(
    "INSERT INTO access_token (hash, account_id, client, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
  );
  const selectToken = db.prepare(
    `SELECT access_token.account_id, access_token.client, access_token.created_at AS made_at, access_token.expires_at, api_user.*
       FROM access_token LEFT JOIN api_user ON api_user.id = access_token.account_id WHERE access_token.hash = ?`,
  );
  const deleteToken = db.prepare("DELETE FROM access_token WHERE hash = ?");
  const deleteTokens = db.prepare("DELETE FROM access_token WHERE account_id = ?");

  const tokensOf = db.prepare(
    `SELECT hash, client, created_at, expires_at FROM access_token
       WHERE account_id = ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY created_at DESC LIMIT ?`,
  );
  const tokenById = db.prepare("SELECT hash FROM access_token WHERE account_id = ? AND substr(hash, 1, 16) = ?");

  const toAccount = (row: Record<string, unknown>): Account => ({
    id: String(row["id"]),
    username: String(row["username"]),
    operator: row["operator"] === 1,
    createdAt: Number(row["created_at"]),
  });

  return {
    createAccount(account, passwordHash) {
      const operator = account.operator ? 1 : 0;
      return insert.run(account.id, account.username, passwordHash, operator, account.createdAt).changes === 1;
    },
    accounts: () => all.all().map(toAccount),
    setPassword(id, passwordHash) {
      updatePassword.run(passwordHash, id);
      return null;
    },
    deleteAccount(id) {
      if (Number(owned.get(id)?.["any"]) === 1) return "owns_things";
      deleteTokens.run(id);
      settings.deleteStateSettings({ kind: "sandbox", accountId: id });
      return remove.run(id).changes === 1 ? "deleted" : "unknown";
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
        apiUser: row["id"] === null ? null : toApiUser(row),
        client: String(row["client"]),
        createdAt: Number(row["made_at"]),
        expiresAt: row["expires_at"] as number | null,
      };
    },
    revokeToken: (hash) => deleteToken.run(hash).changes,
    revokeTokensOf: (accountId) => deleteTokens.run(accountId).changes,
    accessTokensOf: (accountId, now, limit) =>
      tokensOf.all(accountId, now, limit).map((row) => ({
        id: tokenId(String(row["hash"])),
        client: String(row["client"]),
        createdAt: Number(row["created_at"]),
        expiresAt: row["expires_at"] as number | null,
      })),
    revokeTokenOf(accountId, id) {
      const hash = id === "" ? undefined : tokenById.get(accountId, id)?.["hash"];
      if (hash === undefined) return null;
      deleteToken.run(hash as string);
      return String(hash);
    },
  };
}
