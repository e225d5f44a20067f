/** The doctor of an integration's hub. */
import type { FastifyInstance } from "fastify";
import type { DoctorReport } from "../../core/doctor.ts";
import { badRequest } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownIntegration } from "../ownership.ts";

interface OfIntegration {
  Params: { id: string };
}

export function registerDoctor(
  app: FastifyInstance,
  { directory, diagnose }: ApiDependencies,
  authentication: Authentication,
): void {
  const schema = { summary: "Try everything that an integration needs of its hub", tags: ["admin"] };
  const options = { onRequest: [requireTokenPlacement], schema };
  app.post<OfIntegration>("/admin/v1/integrations/:id/doctor", options, async (request) => {
    const caller = await authentication.account(request, "integrations:test");
    const integration = await ownIntegration(directory, caller, request.params.id);
    const report = await diagnose(integration.id);
    if (report === null) throw badRequest("The doctor looks at hubs: this integration has none. TEST tries a webhook");
    return reportJson(report);
  });
}

function reportJson({ pass, checks }: DoctorReport): Record<string, unknown> {
  return {
    pass,
    checks: checks.map(({ name, ok, message, code, nextStep }) => ({
      name,
      ok,
      message,
      ...(code !== undefined && { code }),
      ...(nextStep !== undefined && { next_step: nextStep }),
    })),
  };
}
