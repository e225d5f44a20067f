/** The signed-in account, or API user: who it is; and a person's new password. */
import type { FastifyInstance } from "fastify";
import type { Account } from "../../core/account.ts";
import { badRequest, oauthError } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import { fieldsOf, optionalFlag } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { newPasswordIn } from "../new-password.ts";
import type { SignIn } from "../sign-in.ts";
import { isoTime } from "./iso-time.ts";
import type { OpenStreams } from "./open-streams.ts";

const tags = ["sign-in"];
const MAX_PASSWORD_LENGTH = 256;

export function registerUser(
  app: FastifyInstance,
  { directory, signInLinks, log }: ApiDependencies,
  authentication: Authentication,
  { signIn, streams }: { readonly signIn: SignIn; readonly streams: Pick<OpenStreams, "review"> },
): void {
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  app.get("/v1/user", route("Who the token stands for"), async (request) => {
    const caller = await authentication.account(request, "self");
    if (caller.kind === "api_user") {
      const { id, username, friendlyName, createdAt } = caller.apiUser;
      return { username, id, friendly_name: friendlyName, is_programmatic: true, created_at: isoTime(createdAt) };
    }
    const { id, username, createdAt } = await accountOf(caller.accountId);
    return { username, id, is_programmatic: false, created_at: isoTime(createdAt) };
  });

  app.put("/v1/user", route("Change the password"), async (request) => {
    const { accountId } = await authentication.account(request, "account");
    const fields = fieldsOf(request);
    const password = newPasswordIn(fields, "password") ?? nothingToChange(fields);
    const { username } = await accountOf(accountId);
    const proof = currentPassword(fields);
    const account = await signIn.check(username, proof, request.ip);
    if (account === null) throw badRequest("current_password is wrong");
    await directory.setPassword(accountId, await signIn.hash(password));
    if (optionalFlag(fields, "invalidate_tokens") === true) {
      await directory.revokeTokensOf(accountId);
      signInLinks.endOf(accountId);
      await streams.review();
    }
    log.info({ accountId }, "password.changed");
    return { ok: true };
  });

  async function accountOf(id: string): Promise<Account> {
    const account = await directory.account(id);
    if (account === null) throw oauthError(401, "invalid_token", "The access token provided is invalid.");
    return account;
  }
}

function currentPassword(fields: Fields): string {
  const value = fields["current_password"];
  if (typeof value !== "string" || value === "") throw badRequest("current_password is required");
  if (value.length > MAX_PASSWORD_LENGTH) throw badRequest("current_password is wrong");
  return value;
}

function nothingToChange(fields: Fields): never {
  if (fields["username"] !== undefined) throw badRequest("username cannot be changed");
  throw badRequest("password is required: nothing else of an account can be changed");
}
