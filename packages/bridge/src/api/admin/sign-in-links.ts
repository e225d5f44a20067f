/** Signing in to the console by a link: made by who is signed in already, on the command line or as the server starts. */
import type { FastifyInstance } from "fastify";
import type { Redeemed } from "../../core/sign-in-links.ts";
import { ApiError } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import { fieldsOf, requiredText } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { isoTime } from "../particle/iso-time.ts";
import type { SignIn } from "../sign-in.ts";

/** Of the token that a link gives: a working day. */
const TOKEN_SECONDS = 12 * 3600;
const CLIENT = "console";
const MAX_CODE_LENGTH = 128;
const tags = ["sign-in"];

const REFUSALS: Readonly<Record<Exclude<Redeemed["kind"], "redeemed">, string>> = {
  used: "This sign-in link has been used",
  expired: "This sign-in link is older than an hour",
  unknown: "This sign-in link is not known here: it is not whole, or the server was restarted since it was made",
};
const NEXT_STEP = "Run isthmus console on the server for a fresh link, or sign in with your password.";

export function registerSignInLinks(
  app: FastifyInstance,
  { directory, signInLinks, now, log }: ApiDependencies,
  authentication: Authentication,
  signIn: Pick<SignIn, "admit">,
): void {
  app.post(
    "/admin/v1/sign-in-links",
    {
      onRequest: [requireTokenPlacement],
      schema: { summary: "Make a link that signs in to the console, once", tags },
    },
    async (request, reply) => {
      const { accountId, access } = await authentication.account(request, "account");
      const { code, path, expiresAt } = signInLinks.create(accountId, access.expiresAt);
      return reply.code(201).send({ code, path, expires_at: isoTime(expiresAt) });
    },
  );

  app.post(
    "/admin/v1/sign-in-links/redeem",
    { schema: { summary: "Sign in with the code of a link", tags } },
    async (request) => {
      const code = requiredText(fieldsOf(request), "code", MAX_CODE_LENGTH);
      signIn.admit(request.ip);
      const redeemed = signInLinks.redeem(code);
      if (redeemed.kind !== "redeemed") {
        log.warn({ address: request.ip, reason: redeemed.kind }, "sign-in.refused");
        throw refused(redeemed.kind);
      }
      const account = await directory.account(redeemed.accountId);
      if (account === null) throw refused("unknown");
      request.actor = { kind: "account", accountId: account.id };
      // Nobody makes a short stay longer by a link to oneself.
      const expiresAt = Math.min(now() + TOKEN_SECONDS * 1000, redeemed.until ?? Number.POSITIVE_INFINITY);
      if (expiresAt <= now()) throw refused("expired");
      const token = await directory.createToken({ accountId: account.id, client: CLIENT, expiresAt });
      return { access_token: token, username: account.username, expires_in: Math.ceil((expiresAt - now()) / 1000) };
    },
  );
}

function refused(kind: Exclude<Redeemed["kind"], "redeemed">): ApiError {
  return new ApiError(400, {
    ok: false,
    error: REFUSALS[kind],
    code: `sign_in_link_${kind}`,
    next_step: NEXT_STEP,
  });
}
