/** What a caller knows of its tokens. */
import type { FastifyInstance } from "fastify";
import { oauthError } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { isoTime } from "./iso-time.ts";
import type { OpenStreams } from "./open-streams.ts";

const tags = ["sign-in"];

export function registerAccessTokens(
  app: FastifyInstance,
  { directory, signInLinks }: ApiDependencies,
  authentication: Authentication,
  streams: Pick<OpenStreams, "review">,
): void {
  const onRequest = [requireTokenPlacement];

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
      const { token } = request.params;
      const access = await directory.accessToken(token);
      const revoked = await directory.revokeToken(token);
      if (!revoked) throw oauthError(401, "invalid_token", "The access token provided is invalid.");
      if (access?.apiUser === null) signInLinks.endOf(access.accountId);
      await streams.review();
      return { ok: true };
    },
  );

  app.delete("/v1/access_tokens", { onRequest, schema: { summary: "Revoke all tokens", tags } }, async (request) => {
    const { accountId } = await authentication.account(request, "account");
    await directory.revokeTokensOf(accountId);
    signInLinks.endOf(accountId);
    await streams.review();
    return { ok: true };
  });
}
