/** The identities of a hub compared with what is needed of them, and a plan that is shown before it is applied. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import {
  IDENTITY_ACTIONS,
  IDENTITY_CLASSES,
  type ApplyAnswer,
  type IdentityAction,
  type IdentityClass,
  type ScannedIdentity,
} from "../../core/hub-identities.ts";
import { ApiError, badRequest, notFound, refusal } from "../api-error.ts";
import { requireTokenPlacement, type Authentication } from "../authentication.ts";
import { fieldsOf, optionalInteger, requiredOneOf, type Fields } from "../bodies.ts";
import { wholeConnection } from "../connection-ownership.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { identityJson, lineJson, planJson, scanJson } from "./hub-identity-json.ts";
import { CSV_PAGE, identitiesCsv } from "./identities-csv.ts";

interface OfScan {
  Params: { id: string; scan: string; plan: string };
  Querystring: Fields;
}

const tags = ["admin"];
const LIMIT = { usual: 100, most: 1_000 };
const MAX_IDS = 1_000;

export function registerHubIdentities(
  app: FastifyInstance,
  dependencies: ApiDependencies,
  authentication: Authentication,
): void {
  const { hubIdentities } = dependencies;
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });
  const scans = "/admin/v1/connections/:id/identity-scans";
  const plans = "/admin/v1/connections/:id/identity-plans";

  /** The connection's id and the account, which decides about the whole hub connection. */
  async function own(request: FastifyRequest<OfScan>): Promise<{ readonly id: string; readonly accountId: string }> {
    const caller = await authentication.account(request, "account");
    await wholeConnection(dependencies, caller, request.params.id);
    return { id: request.params.id, accountId: caller.accountId };
  }

  app.post<OfScan>(scans, route("Compare a hub's identities with what is needed of them"), async (request, reply) => {
    const { id } = await own(request);
    const scan = await hubIdentities.scan(id);
    if (scan === "full") throw refusal(429, "Too many scans run at once");
    return reply.code(201).send({ scan: scanJson(scan) });
  });

  app.get<OfScan>(scans, route("Scans of the last hour, newest first"), async (request) => {
    const { id } = await own(request);
    return { scans: hubIdentities.scans(id).map(scanJson) };
  });

  app.get<OfScan>(`${scans}/:scan`, route("How far a scan is, what it found, and its plan"), async (request) => {
    const { id } = await own(request);
    const scan = hubIdentities.report(id, request.params.scan);
    if (scan === null) throw notFound("Scan");
    return { scan: scanJson(scan) };
  });

  app.delete<OfScan>(`${scans}/:scan`, route("Stop a scan"), async (request, reply) => {
    const { id } = await own(request);
    if (!hubIdentities.cancel(id, request.params.scan)) throw notFound("Scan");
    return reply.code(204).send();
  });

  app.get<OfScan>(`${scans}/:scan/identities`, route("Identities of one class that a scan found"), async (request) => {
    const { id } = await own(request);
    const [name, after, limit] = [
      requiredOneOf(request.query, "class", IDENTITY_CLASSES),
      afterIn(request.query),
      limitIn(request.query),
    ];
    const found = hubIdentities.list(id, request.params.scan, { class: name, after, limit });
    if (found === null) throw notFound("Scan");
    return { identities: found.map(identityJson), next: found.length === limit ? after + limit : null };
  });

  app.get<OfScan>(
    `${scans}/:scan/identities.csv`,
    route("All that a scan found, or one class, as CSV"),
    async (request, reply) => {
      const { id } = await own(request);
      const { scan } = request.params;
      const classes =
        request.query["class"] === undefined
          ? IDENTITY_CLASSES
          : [requiredOneOf(request.query, "class", IDENTITY_CLASSES)];
      if (hubIdentities.report(id, scan) === null) throw notFound("Scan");
      const page = (name: IdentityClass, after: number): readonly ScannedIdentity[] =>
        hubIdentities.list(id, scan, { class: name, after, limit: CSV_PAGE }) ?? [];
      return reply
        .type("text/csv; charset=utf-8")
        .header("content-disposition", 'attachment; filename="identities.csv"')
        .send(identitiesCsv(classes, page));
    },
  );

  app.post<OfScan>(`${scans}/:scan/apply`, route("Apply a scan's plan, or a part of it"), async (request, reply) => {
    const { id, accountId } = await own(request);
    const fields = fieldsOf(request);
    const answer = await hubIdentities.apply(id, request.params.scan, {
      actions: actionsIn(fields),
      hubDeviceIds: idsIn(fields),
      confirmedDeletes: confirmedIn(fields),
      accountId,
    });
    if (answer.kind !== "started") throw refused(answer);
    return reply.code(202).send({ plan: planJson(answer.plan) });
  });

  app.get<OfScan>(plans, route("Plans that were applied, newest first"), async (request) => {
    const { id } = await own(request);
    return { plans: (await hubIdentities.plans(id)).map(planJson) };
  });

  app.get<OfScan>(`${plans}/:plan`, route("How far a plan is, and what became of each identity"), async (request) => {
    const { id } = await own(request);
    const [after, limit] = [afterIn(request.query), limitIn(request.query)];
    const found = await hubIdentities.planLines(id, request.params.plan, { after, limit });
    if (found === null) throw notFound("Plan");
    const { plan, lines } = found;
    const next = lines.length === limit ? (lines.at(-1)?.line ?? null) : null;
    return { plan: planJson(plan), lines: lines.map(lineJson), next };
  });
}

function refused(answer: Exclude<ApplyAnswer, { kind: "started" }>): ApiError {
  const conflict = (code: string, error: string, next_step: string): ApiError =>
    new ApiError(409, { ok: false, error, code, next_step });
  switch (answer.kind) {
    case "unknown":
      return notFound("Scan");
    case "mass_deletion": {
      const { count, inHub } = answer;
      return conflict(
        "mass_deletion",
        `This would delete ${count} of the hub's ${inHub} identities`,
        `Look at the list; if that is meant, repeat it with "confirm": {"delete": ${count}}.`,
      );
    }
    case "not_whole":
      return conflict(
        "scan_not_whole",
        "The scan has not ended whole: it says nothing of what is missing",
        "Scan again.",
      );
    case "busy":
      return conflict(
        "plan_running",
        "A plan is being applied to this hub",
        "Wait until it has ended, then scan again.",
      );
    case "nothing":
      return conflict("nothing_to_do", "The plan has nothing of this to do", "Scan again to see what is left.");
  }
}

function afterIn(query: Fields): number {
  return optionalInteger(query, "after", 0, Number.MAX_SAFE_INTEGER) ?? 0;
}

function limitIn(query: Fields): number {
  return optionalInteger(query, "limit", 1, LIMIT.most) ?? LIMIT.usual;
}

function actionsIn({ actions }: Fields): readonly IdentityAction[] {
  const isList = Array.isArray(actions) && actions.length > 0 && actions.length <= IDENTITY_ACTIONS.length;
  if (!isList || !actions.every((action) => (IDENTITY_ACTIONS as readonly unknown[]).includes(action)))
    throw badRequest(`actions must be a list of ${IDENTITY_ACTIONS.join(", ")}`);
  return actions as readonly IdentityAction[];
}

function idsIn({ hub_device_ids: ids }: Fields): readonly string[] | null {
  if (ids === undefined || ids === null) return null;
  if (!Array.isArray(ids) || ids.length > MAX_IDS || !ids.every((id) => typeof id === "string" && id.length <= 128))
    throw badRequest(`hub_device_ids must be a list of at most ${MAX_IDS} ids`);
  return ids as readonly string[];
}

function confirmedIn({ confirm }: Fields): number | null {
  if (confirm === undefined || confirm === null) return null;
  if (typeof confirm !== "object" || Array.isArray(confirm)) throw badRequest('confirm must be like {"delete": 12}');
  return optionalInteger(confirm as Fields, "delete", 0, Number.MAX_SAFE_INTEGER);
}
