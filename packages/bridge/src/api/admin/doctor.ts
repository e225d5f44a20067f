/** The doctor of an integration's hub. */
import type { FastifyInstance } from "fastify";
import type { DatedReport, DoctorReport } from "../../core/doctor.ts";
import { badRequest } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownIntegration } from "../ownership.ts";
import { isoTime } from "../particle/iso-time.ts";

interface OfIntegration {
  Params: { id: string };
}

export function registerDoctor(
  app: FastifyInstance,
  { directory, diagnose, doctorReports, now }: ApiDependencies,
  authentication: Authentication,
): void {
  const route = (summary: string): object => ({
    onRequest: [requireTokenPlacement],
    schema: { summary, tags: ["admin"] },
  });
  const path = "/admin/v1/integrations/:id/doctor";

  app.get<OfIntegration>(path, route("What the doctor found last"), async (request) => {
    const caller = await authentication.account(request, "integrations:get");
    const integration = await ownIntegration(directory, caller, request.params.id);
    const report = await doctorReports.doctorReport(integration.id);
    return { report: report === null ? null : datedJson(report) };
  });

  app.post<OfIntegration>(path, route("Try everything that an integration needs of its hub"), async (request) => {
    const caller = await authentication.account(request, "integrations:test");
    const integration = await ownIntegration(directory, caller, request.params.id);
    const report = await diagnose(integration.id);
    if (report === null) throw badRequest("The doctor looks at hubs: this integration has none. TEST tries a webhook");
    const dated = { ...report, at: now() };
    await doctorReports.keepDoctorReport(integration.id, dated);
    return datedJson(dated);
  });
}

function datedJson(report: DatedReport): Record<string, unknown> {
  return { ...reportJson(report), checked_at: isoTime(report.at) };
}

/** Never holds a key. */
export function reportJson({ pass, checks }: DoctorReport): Record<string, unknown> {
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
