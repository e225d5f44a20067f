/** Accounts: made and closed by the operator, whose account the first start made. */
import { randomBytes } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Account } from "../../core/account.ts";
import { badRequest, notFound, refusal } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import { fieldsOf, optionalFlag, requiredText } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { requireOperator } from "../ownership.ts";
import { newPasswordIn } from "../new-password.ts";
import { isoTime } from "../particle/iso-time.ts";
import type { OpenStreams } from "../particle/open-streams.ts";
import type { SignIn } from "../sign-in.ts";

interface OfAccount {
  Params: { username: string };
}

const tags = ["admin"];
const MAX_USERNAME_LENGTH = 128;

export function registerAccounts(
  app: FastifyInstance,
  { directory, signInLinks, log }: ApiDependencies,
  authentication: Authentication,
  { signIn, streams }: { readonly signIn: SignIn; readonly streams: Pick<OpenStreams, "review"> },
): void {
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  async function operatorOf(request: FastifyRequest): Promise<Account> {
    const { accountId } = await authentication.account(request, "account");
    return requireOperator(directory, accountId, "Only the operator of this server sees its accounts");
  }

  async function named(username: string): Promise<Account> {
    const found = username.length > MAX_USERNAME_LENGTH ? null : await directory.accountByUsername(username);
    if (found === null) throw notFound("Account");
    return found.account;
  }

  app.get("/admin/v1/accounts", route("Accounts of this server"), async (request) => {
    await operatorOf(request);
    return { accounts: (await directory.accounts()).map(accountJson) };
  });

  app.post("/admin/v1/accounts", route("Make an account"), async (request, reply) => {
    await operatorOf(request);
    const fields = fieldsOf(request);
    const username = usernameIn(fields);
    const { password, generated } = passwordIn(fields);
    const operator = optionalFlag(fields, "operator") ?? false;
    const passwordHash = await signIn.hash(password);
    const account = await directory.createAccount({ username, passwordHash, operator });
    if (account === null) throw refusal(409, "username is taken");
    log.info({ accountId: account.id }, "account.created");
    return reply.code(201).send({ account: accountJson(account), ...(generated && { password }) });
  });

  app.put<OfAccount>(
    "/admin/v1/accounts/:username",
    route("Set an account's password; its tokens end"),
    async (request) => {
      await operatorOf(request);
      const account = await named(request.params.username);
      const { password, generated } = passwordIn(fieldsOf(request));
      await directory.setPassword(account.id, await signIn.hash(password));
      await directory.revokeTokensOf(account.id);
      signInLinks.endOf(account.id);
      await streams.review();
      log.info({ accountId: account.id }, "password.changed");
      return { account: accountJson(account), ...(generated && { password }) };
    },
  );

  app.delete<OfAccount>(
    "/admin/v1/accounts/:username",
    route("Delete an account that owns nothing"),
    async (request, reply) => {
      const operator = await operatorOf(request);
      const account = await named(request.params.username);
      if (account.id === operator.id) throw refusal(409, "Nobody deletes the own account");
      switch (await directory.deleteAccount(account.id)) {
        case "owns_things":
          throw refusal(409, "The account has devices, products or integrations: delete or hand over these first");
        case "unknown":
          throw notFound("Account");
        case "deleted":
          await streams.review();
          log.info({ accountId: account.id }, "account.deleted");
          return reply.code(204).send();
      }
    },
  );
}

function usernameIn(fields: Fields): string {
  const username = requiredText(fields, "username", MAX_USERNAME_LENGTH);
  if (!/^[^\s:/]+$/.test(username)) throw badRequest("username must not hold blanks, colons or slashes");
  if (username.toLowerCase().endsWith("@api.particle.io")) throw badRequest("username: that ending is for API users");
  return username;
}

/** The one asked for, or a good one that is shown once. */
function passwordIn(fields: Fields): { readonly password: string; readonly generated: boolean } {
  const asked = newPasswordIn(fields, "password");
  if (asked !== null) return { password: asked, generated: false };
  return { password: randomBytes(12).toString("base64url"), generated: true };
}

function accountJson({ id, username, operator, createdAt }: Account): Record<string, unknown> {
  return { id, username, operator, created_at: isoTime(createdAt) };
}
