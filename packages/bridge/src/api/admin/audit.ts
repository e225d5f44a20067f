/** The audit log as the API shows it: each account its own, the operator all. */
import type { FastifyInstance } from "fastify";
import type { AuditEntry, AuditQuery } from "../../core/audit.ts";
import { requireTokenPlacement, type Authentication } from "../authentication.ts";
import { optionalFlag, optionalInteger, optionalText, type Fields } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { isoTime } from "../particle/iso-time.ts";
import { optionalTime } from "../times.ts";

const MAX_LIMIT = 200;
const DEFAULT_LIMIT = 50;
const MAX_TEXT = 128;

export function registerAudit(
  app: FastifyInstance,
  { audit, directory }: ApiDependencies,
  authentication: Authentication,
): void {
  const schema = { summary: "Who changed what, and how it went", tags: ["admin"] };
  app.get<{ Querystring: Fields }>(
    "/admin/v1/audit",
    { onRequest: [requireTokenPlacement], schema },
    async (request) => {
      const { accountId } = await authentication.account(request, "account");
      const isOperator = (await directory.account(accountId))?.operator === true;
      const all = isOperator && optionalFlag(request.query, "mine") !== true;
      const page = await audit.entries({ ...queryIn(request.query), accountId: all ? null : accountId });
      return { entries: page.entries.map(entryJson), next: page.next };
    },
  );
}

function queryIn(query: Fields): Omit<AuditQuery, "accountId"> {
  const who = optionalText(query, "who", MAX_TEXT);
  const what = optionalText(query, "what", MAX_TEXT);
  const since = optionalTime(query, "since");
  const until = optionalTime(query, "until");
  const before = optionalInteger(query, "before", 1, Number.MAX_SAFE_INTEGER);
  return {
    limit: optionalInteger(query, "limit", 1, MAX_LIMIT) ?? DEFAULT_LIMIT,
    ...(optionalFlag(query, "failed") === true && { failed: true }),
    ...(who !== null && { who }),
    ...(what !== null && { what }),
    ...(since !== null && { since }),
    ...(until !== null && { until }),
    ...(before !== null && { before }),
  };
}

function entryJson(entry: AuditEntry): Record<string, unknown> {
  const { id, at, lastAt, count, actor, action, route, objects, status, code, address } = entry;
  return {
    id,
    at: isoTime(at),
    last_at: isoTime(lastAt),
    count,
    who: { kind: actor.kind, name: actor.name },
    action,
    route,
    objects,
    status,
    code,
    address,
  };
}
