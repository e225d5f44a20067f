/** API users in the embedded store. */
import type { ApiUser } from "../core/account.ts";
import type { ApiUsers } from "../core/directory.ts";
import { hashToken, newId, newToken } from "../core/ids.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";

interface Options {
  readonly worker: GroupCommit;
  readonly now: () => number;
  /** Makes the cached tokens of an API user unknown. */
  readonly forgetTokensOf: (id: string) => void;
}

export function createApiUsers({ worker, now, forgetTokensOf }: Options): ApiUsers {
  return {
    async createApiUser(input: {
      readonly productId: number;
      readonly friendlyName: string;
      readonly scopes: ApiUser["scopes"];
    }): Promise<{ apiUser: ApiUser; token: string }> {
      const id = newId();
      const apiUser = { ...input, id, username: usernameOf(input.friendlyName, id), createdAt: now() };
      const token = newToken();
      await worker.call("createApiUser", apiUser, hashToken(token));
      return { apiUser, token };
    },
    async replaceApiUser(apiUser: ApiUser): Promise<{ apiUser: ApiUser; token: string } | null> {
      const token = newToken();
      const replaced = await worker.call("replaceApiUser", apiUser, hashToken(token), now());
      forgetTokensOf(apiUser.id);
      return replaced ? { apiUser, token } : null;
    },
    apiUsersIn: (productId: number) => worker.call("apiUsersIn", productId),
    apiUser: (productId: number, username: string) => worker.call("apiUser", productId, username),
    async deleteApiUser(id: string): Promise<boolean> {
      const deleted = await worker.call("deleteApiUser", id);
      forgetTokensOf(id);
      return deleted > 0;
    },
  };
}

/** Readable, and unique by a piece of the id. */
function usernameOf(friendlyName: string, id: string): string {
  const plain = friendlyName.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  const readable = plain.slice(0, 30).replaceAll(/^-+|-+$/g, "") || "api-user";
  return `${readable}+${id.slice(0, 10)}@api.particle.io`;
}
