/** API users, each with one token among the access tokens. A change and its new token are one transaction. */
import type { ApiUser } from "../../core/account.ts";
import { isPermission } from "../../core/permission.ts";
import type { Row } from "./driver.ts";
import type { Transaction } from "./transaction.ts";

export interface ApiUserOperations {
  /** The hash is of its one token. */
  createApiUser(apiUser: ApiUser, tokenHash: string): null;
  /** Its former token ends. False when it is not there. */
  replaceApiUser(apiUser: ApiUser, tokenHash: string, now: number): boolean;
  apiUsersIn(productId: number): ApiUser[];
  apiUser(productId: number, username: string): ApiUser | null;
  /** Its token ends with it. */
  deleteApiUser(id: string): number;
}

/** Name of the client that an API user's token was made for. */
const CLIENT = "api-user";

export function apiUserOperations({ db }: Transaction): ApiUserOperations {
  const insert = db.prepare(
    "INSERT INTO api_user (id, product_id, username, friendly_name, scopes, created_at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const update = db.prepare("UPDATE api_user SET friendly_name = ?, scopes = ? WHERE id = ?");
  const inProduct = db.prepare("SELECT * FROM api_user WHERE product_id = ? ORDER BY created_at, id");
  const byUsername = db.prepare("SELECT * FROM api_user WHERE product_id = ? AND username = ?");
  const remove = db.prepare("DELETE FROM api_user WHERE id = ?");
  const endTokens = db.prepare("DELETE FROM access_token WHERE account_id = ?");
  const insertToken = db.prepare(
    "INSERT INTO access_token (hash, account_id, client, created_at, expires_at) VALUES (?, ?, ?, ?, NULL)",
  );

  return {
    createApiUser({ id, productId, username, friendlyName, scopes, createdAt }, tokenHash) {
      insert.run(id, productId, username, friendlyName, JSON.stringify(scopes), createdAt);
      insertToken.run(tokenHash, id, CLIENT, createdAt);
      return null;
    },
    replaceApiUser({ id, friendlyName, scopes }, tokenHash, now) {
      if (update.run(friendlyName, JSON.stringify(scopes), id).changes === 0) return false;
      endTokens.run(id);
      insertToken.run(tokenHash, id, CLIENT, now);
      return true;
    },
    apiUsersIn: (productId) => inProduct.all(productId).map(toApiUser),
    apiUser(productId, username) {
      const row = byUsername.get(productId, username);
      return row === undefined ? null : toApiUser(row);
    },
    deleteApiUser(id) {
      endTokens.run(id);
      return remove.run(id).changes;
    },
  };
}

/** Scopes that a later release wrote and this one does not know give nothing. */
export function toApiUser(row: Row): ApiUser {
  return {
    id: String(row["id"]),
    productId: Number(row["product_id"]),
    username: String(row["username"]),
    friendlyName: String(row["friendly_name"]),
    scopes: (JSON.parse(String(row["scopes"])) as string[]).filter(isPermission),
    createdAt: Number(row["created_at"]),
  };
}
