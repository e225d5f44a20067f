/** The Local Hub for its operator: where it is, its connection strings, its tier and the faults that are switched on. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { LocalHubAnswer, LocalHubControl, LocalHubFault, LocalHubReport } from "../../core/local-hub-control.ts";
import { ApiError, badRequest, notFound } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import { fieldsOf, optionalInteger, optionalText } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { requireOperator } from "../ownership.ts";

const tags = ["admin"];
const PATH = "/admin/v1/local-hub";
const MAX_UNITS = 200;
/** What a fault's rule is made of; the hub judges the rest. */
const RULE_FIELDS = ["where", "effect", "skip", "times", "probability", "seed", "forMs"] as const;

export function registerLocalHub(
  app: FastifyInstance,
  { directory, localHub, log }: ApiDependencies,
  authentication: Authentication,
): void {
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  async function controlFor(request: FastifyRequest): Promise<LocalHubControl> {
    const { accountId } = await authentication.account(request, "account");
    await requireOperator(directory, accountId, "Only the operator of this server looks after the Local Hub");
    if (localHub === null) throw isOff();
    return localHub;
  }

  app.get(PATH, route("The Local Hub: addresses, connection strings, tier, faults"), async (request) => {
    const control = await controlFor(request);
    return reportJson(valueOf(await control.report()));
  });

  app.put(`${PATH}/limits`, route("Change the Local Hub's tier and units"), async (request) => {
    const control = await controlFor(request);
    const fields = fieldsOf(request);
    const units = optionalInteger(fields, "units", 1, MAX_UNITS) ?? 1;
    if (!("tier" in fields)) throw badRequest("tier is required: a tier's name, or null for no limits");
    const limits = valueOf(await control.changeLimits({ tier: optionalText(fields, "tier", 8), units }));
    log.info({ tier: limits.tier, units: limits.units }, "local_hub.limits_changed");
    return { limits: limitsJson(limits) };
  });

  app.post(`${PATH}/faults`, route("Switch a fault on in the Local Hub"), async (request, reply) => {
    const control = await controlFor(request);
    const fields = fieldsOf(request);
    const rule = Object.fromEntries(
      RULE_FIELDS.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]])),
    );
    const fault = valueOf(await control.addFault(rule));
    log.info({ fault: fault.id }, "local_hub.fault_added");
    return reply.code(201).send({ fault: faultJson(fault) });
  });

  app.delete(`${PATH}/faults`, route("Switch all faults of the Local Hub off"), async (request, reply) => {
    const control = await controlFor(request);
    valueOf(await control.clearFaults());
    return reply.code(204).send();
  });

  app.delete<{ Params: { fault: string } }>(
    `${PATH}/faults/:fault`,
    route("Switch a fault of the Local Hub off"),
    async (request, reply) => {
      const control = await controlFor(request);
      valueOf(await control.removeFault(request.params.fault));
      return reply.code(204).send();
    },
  );
}

function valueOf<T>(answer: LocalHubAnswer<T>): T {
  if (answer.ok) return answer.value;
  switch (answer.reason) {
    case "refused":
      throw badRequest(answer.message);
    case "unknown":
      throw notFound("Fault");
    case "unreachable":
      throw new ApiError(502, {
        ok: false,
        error: answer.message,
        code: "local_hub_unreachable",
        next_step: "Try again in a moment; if it stays like that, look at the server's log.",
      });
  }
}

function isOff(): ApiError {
  return new ApiError(404, {
    ok: false,
    error: "This server runs without the Local Hub",
    code: "local_hub_off",
    next_step: "Start the server with ISTHMUS_LOCAL_HUB=on.",
  });
}

function reportJson(report: LocalHubReport): Record<string, unknown> {
  const { hostName, ports, ca, caFile, idScope, connectionStrings, limits, faults, connected } = report;
  return {
    host_name: hostName,
    ports,
    ca,
    ca_file: caFile,
    id_scope: idScope,
    connection_strings: connectionStrings,
    limits: limitsJson(limits),
    faults: faults.map(faultJson),
    connected,
  };
}

function limitsJson({ tier, units, quota }: LocalHubReport["limits"]): Record<string, unknown> {
  const { limit, used, resetsAt } = quota ?? {};
  return { tier, units, quota: quota === null ? null : { limit, used, resets_at: resetsAt } };
}

/** As the hub tells it; its own fields beyond these stay with it. */
function faultJson(fault: LocalHubFault): Record<string, unknown> {
  return { ...fault };
}
