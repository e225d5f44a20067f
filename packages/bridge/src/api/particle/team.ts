/** A product's team: its owner, and API users, programs that call the API with the scopes they were given. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ApiUser } from "../../core/account.ts";
import { isPermission, PERMISSIONS } from "../../core/permission.ts";
import type { Permission } from "../../core/permission.ts";
import type { Product } from "../../core/product.ts";
import { badRequest, notFound, permissionDenied, refusal } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { AccountCaller, Authentication } from "../authentication.ts";
import { fieldsOf, optionalText } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownProduct } from "../ownership.ts";
import { isoTime } from "./iso-time.ts";
import type { OpenStreams } from "./open-streams.ts";

interface OfTeam {
  Params: { product: string };
}
interface OfMember {
  Params: { product: string; username: string };
}

const tags = ["products"];
const MAX_API_USERS = 100;
const MAX_NAME_LENGTH = 100;
const MAX_USERNAME_LENGTH = 128;

export function registerTeam(
  app: FastifyInstance,
  { directory, log }: ApiDependencies,
  authentication: Authentication,
  streams: Pick<OpenStreams, "review">,
): void {
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  async function open(
    request: FastifyRequest<OfTeam | OfMember>,
    permission: Permission,
  ): Promise<{ caller: AccountCaller; product: Product }> {
    const caller = await authentication.account(request, permission);
    return { caller, product: await ownProduct(directory, caller, request.params.product) };
  }

  async function memberOf(request: FastifyRequest<OfMember>, product: Product): Promise<ApiUser> {
    const { username } = request.params;
    const member = username.length > MAX_USERNAME_LENGTH ? null : await directory.apiUser(product.id, username);
    if (member === null) throw notFound("User");
    return member;
  }

  app.get<OfTeam>("/v1/products/:product/team", route("A product's owner and API users"), async (request) => {
    const { product } = await open(request, "teams.users:list");
    const [owner, members] = await Promise.all([directory.account(product.ownerId), directory.apiUsersIn(product.id)]);
    const people = owner === null ? [] : [{ username: owner.username, is_programmatic: false, role: "owner" }];
    return [...people, ...members.map(apiUserJson)];
  });

  app.post<OfTeam>("/v1/products/:product/team", route("Make an API user"), async (request, reply) => {
    const { caller, product } = await open(request, "teams.users:invite");
    const { friendlyName, scopes } = memberIn(fieldsOf(request));
    refuseMoreThanOwn(caller, scopes ?? missing("scopes"));
    if ((await directory.apiUsersIn(product.id)).length >= MAX_API_USERS) {
      throw refusal(409, `A product has at most ${MAX_API_USERS} API users: delete one that is not used`);
    }
    const made = await directory.createApiUser({
      productId: product.id,
      friendlyName: friendlyName ?? missing("friendly_name"),
      scopes: scopes ?? [],
    });
    log.info({ productId: product.id, username: made.apiUser.username }, "api-user.created");
    return reply.code(201).send({ ok: true, created: withToken(made.apiUser, made.token) });
  });

  app.get<OfMember>("/v1/products/:product/team/:username", route("One API user"), async (request) => {
    const { product } = await open(request, "teams.users:list");
    return apiUserJson(await memberOf(request, product));
  });

  app.put<OfMember>(
    "/v1/products/:product/team/:username",
    route("Change an API user; it gets a new token and the old one ends"),
    async (request) => {
      const { caller, product } = await open(request, "teams.users:update");
      const member = await memberOf(request, product);
      const { friendlyName, scopes } = memberIn(fieldsOf(request));
      if (friendlyName === null && scopes === null) throw badRequest("Give scopes or friendly_name");
      // The new token is told to the caller, so that it must not be worth more than the caller's own.
      refuseMoreThanOwn(caller, scopes ?? member.scopes);
      const changed = await directory.replaceApiUser({
        ...member,
        friendlyName: friendlyName ?? member.friendlyName,
        scopes: scopes ?? member.scopes,
      });
      if (changed === null) throw notFound("User");
      await streams.review();
      log.info({ productId: product.id, username: member.username }, "api-user.changed");
      return { ok: true, updated: withToken(changed.apiUser, changed.token) };
    },
  );

  app.delete<OfMember>(
    "/v1/products/:product/team/:username",
    route("Delete an API user; its token ends"),
    async (request, reply) => {
      const { product } = await open(request, "teams.users:remove");
      const member = await memberOf(request, product);
      await directory.deleteApiUser(member.id);
      await streams.review();
      log.info({ productId: product.id, username: member.username }, "api-user.deleted");
      return reply.code(204).send();
    },
  );
}

/** What a body says of an API user; `null` for what it leaves out. */
function memberIn(fields: Fields): { friendlyName: string | null; scopes: readonly Permission[] | null } {
  if (fields["username"] !== undefined) {
    throw badRequest("username: people cannot be invited here; make an API user with friendly_name and scopes");
  }
  const { scopes } = fields;
  return {
    friendlyName: optionalText(fields, "friendly_name", MAX_NAME_LENGTH)?.trim() || null,
    scopes: scopes === undefined || scopes === null ? null : scopesIn(scopes),
  };
}

function scopesIn(value: unknown): readonly Permission[] {
  // A form has one value or several; both are a list.
  const names: unknown = typeof value === "string" ? [value] : value;
  if (!Array.isArray(names) || names.length === 0) throw badRequest("scopes must be a list of at least one scope");
  return [...new Set(names.map(scopeIn))];
}

function scopeIn(name: unknown): Permission {
  if (typeof name === "string" && isPermission(name)) return name;
  const told = typeof name === "string" && /^[\w.:*-]{1,64}$/.test(name) ? `'${name}'` : "one of these";
  throw badRequest(`scopes: ${told} is no scope of this server, which has ${PERMISSIONS.join(", ")}`);
}

/** Nobody hands out what he does not have. */
function refuseMoreThanOwn(caller: AccountCaller, scopes: readonly Permission[]): void {
  if (caller.kind === "account") return;
  const more = scopes.filter((scope) => !caller.apiUser.scopes.includes(scope));
  if (more.length > 0) throw permissionDenied(`An API user cannot give scopes that it lacks: ${more.join(", ")}`);
}

function apiUserJson({ username, friendlyName, scopes, createdAt }: ApiUser): Record<string, unknown> {
  return {
    username,
    friendly_name: friendlyName,
    is_programmatic: true,
    scopes,
    created_at: isoTime(createdAt),
  };
}

/** The only answer that holds the token. */
function withToken(apiUser: ApiUser, token: string): Record<string, unknown> {
  return { ...apiUserJson(apiUser), tokens: [{ token }] };
}

function missing(field: string): never {
  throw badRequest(`${field} is required`);
}
