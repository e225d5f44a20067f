/** What an account knows of itself and of its tokens. */
import type { FastifyInstance } from "fastify";
import type { ApiUser } from "../../core/account.ts";
import { oauthError } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { isoTime } from "./iso-time.ts";
import type { OpenStreams } from "./open-streams.ts";

const tags = ["sign-in"];

export function registerAccessTokens(
  app: FastifyInstance,
  { directory }: ApiDependencies,
  authentication: Authentication,
  streams: Pick<OpenStreams, "review">,
): void {
  const onRequest = [requireTokenPlacement];

  app.get("/v1/user", { onRequest, schema: { summary: "The signed-in account", tags } }, async (request) => {
    const caller = await authentication.account(request, "self");
    if (caller.kind === "api_user") return apiUserJson(caller.apiUser);
    const account = await directory.account(caller.accountId);
    if (account === null) throw oauthError(401, "invalid_token", "The access token provided is invalid.");
    return { username: account.username, id: account.id, created_at: isoTime(account.createdAt) };
  });

  app.get("/v1/access_tokens/current", { onRequest, schema: { summary: "This token", tags } }, async (request) => {
    const { access } = await authentication.account(request, "self");
    return {
      expires_at: isoTime(access.expiresAt),
      client: access.client,
      client_id: access.client,
      scopes: access.apiUser?.scopes ?? [],
      orgs: [],
    };
  });

  app.delete("/v1/access_tokens/current", { onRequest, schema: { summary: "Sign out", tags } }, async (request) => {
    const { token } = await authentication.account(request, "account");
    await directory.revokeToken(token);
    await streams.review();
    return { ok: true };
  });

  // Knowing a token is the right to revoke it: the clients send no other proof.
  app.delete<{ Params: { token: string } }>(
    "/v1/access_tokens/:token",
    { schema: { summary: "Revoke a token", tags } },
    async (request) => {
      const revoked = await directory.revokeToken(request.params.token);
      if (!revoked) throw oauthError(401, "invalid_token", "The access token provided is invalid.");
      await streams.review();
      return { ok: true };
    },
  );

  app.delete("/v1/access_tokens", { onRequest, schema: { summary: "Revoke all tokens", tags } }, async (request) => {
    const { accountId } = await authentication.account(request, "account");
    await directory.revokeTokensOf(accountId);
    await streams.review();
    return { ok: true };
  });
}

/** An API user as `/v1/user` shows it. */
function apiUserJson({ id, username, friendlyName, createdAt }: ApiUser): Record<string, unknown> {
  return { username, id, friendly_name: friendlyName, is_programmatic: true, created_at: isoTime(createdAt) };
}
