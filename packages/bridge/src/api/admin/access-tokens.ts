/** Where an account is signed in: its tokens, listed by ids that open nothing, and ended one by one. */
import type { FastifyInstance } from "fastify";
import { hashToken, tokenId } from "../../core/ids.ts";
import { notFound } from "../api-error.ts";
import { requireTokenPlacement, type Authentication } from "../authentication.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { isoTime } from "../particle/iso-time.ts";
import type { OpenStreams } from "../particle/open-streams.ts";

/** The newest; who has more ends all at once. */
const MAX_LISTED = 200;

export function registerAccessTokenList(
  app: FastifyInstance,
  { directory, signInLinks }: ApiDependencies,
  authentication: Authentication,
  streams: Pick<OpenStreams, "review">,
): void {
  const route = (summary: string): object => ({
    onRequest: [requireTokenPlacement],
    schema: { summary, tags: ["sign-in"] },
  });

  app.get("/admin/v1/access-tokens", route("Where the account is signed in"), async (request) => {
    const { accountId, token } = await authentication.account(request, "account");
    const current = tokenId(hashToken(token));
    const tokens = await directory.accessTokensOf(accountId, MAX_LISTED);
    return {
      access_tokens: tokens.map(({ id, client, createdAt, expiresAt }) => ({
        id,
        client,
        current: id === current,
        created_at: isoTime(createdAt),
        expires_at: isoTime(expiresAt),
      })),
    };
  });

  app.delete<{ Params: { id: string } }>(
    "/admin/v1/access-tokens/:id",
    route("End one access token"),
    async (request, reply) => {
      const { accountId } = await authentication.account(request, "account");
      const { id } = request.params;
      const isKnown = /^[0-9a-f]{16}$/.test(id) && (await directory.revokeTokenOf(accountId, id));
      if (!isKnown) throw notFound("Access token");
      signInLinks.endOf(accountId);
      await streams.review();
      return reply.code(204).send();
    },
  );
}
