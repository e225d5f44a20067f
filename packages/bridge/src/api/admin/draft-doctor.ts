/** The doctor of a hub before anything is saved: what a set-up form would connect to. */
import type { FastifyInstance } from "fastify";
import type { EntraSettings } from "../../core/directory.ts";
import type { DraftConnection } from "../../core/doctor.ts";
import type { AzureIotHubIntegration, EntraCredential, HubConnection } from "../../core/integration.ts";
import { badRequest, rateLimited } from "../api-error.ts";
import { allow, requireTokenPlacement } from "../authentication.ts";
import type { AccountCaller, Authentication } from "../authentication.ts";
import { fieldsOf, optionalText, type Fields } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownIntegration, tenantOf } from "../ownership.ts";
import { connectionSettingsOf, type ConnectionSettings } from "../particle/connection-settings.ts";
import { reportJson } from "./doctor.ts";

const BUSY_SECONDS = 5;

export function registerDraftDoctor(
  app: FastifyInstance,
  { directory, diagnoseDraft, hubHostRule, entraRule }: ApiDependencies,
  authentication: Authentication,
): void {
  const schema = { summary: "Try everything that settings which are not saved need of their hub", tags: ["admin"] };
  // A hub is asked for somebody who may not be its owner: one examination at a time for each.
  const examined = new Set<string>();

  app.post("/admin/v1/doctor", { onRequest: [requireTokenPlacement], schema }, async (request) => {
    const caller = await authentication.account(request, "integrations:create");
    const fields = fieldsOf(request);
    const stored = await storedOf(fields, caller);
    const connection = stored === null ? null : await directory.connection(stored.connectionId);
    const { hubName = "", policyName = "" } = stored ?? {};
    const settings = connectionSettingsOf(fields, {
      hubHostRule,
      entraRule,
      isDraft: true,
      ...(stored !== null && { stored: { hubName, policyName, connection } }),
    });
    const tenant = tenantOf(caller);
    if (examined.has(tenant)) throw rateLimited("Another check of yours is still under way", BUSY_SECONDS);
    examined.add(tenant);
    try {
      return reportJson(await diagnoseDraft(draftOf(settings, connection)));
    } finally {
      examined.delete(tenant);
    }
  });

  /** With `id`: changes of a stored integration, whose keys are kept where none are given. */
  async function storedOf(fields: Fields, caller: AccountCaller): Promise<AzureIotHubIntegration | null> {
    const id = optionalText(fields, "id", 128);
    if (id === null) return null;
    allow(caller, "integrations:update");
    const stored = await ownIntegration(directory, caller, id);
    if (stored.type !== "AzureIotHub") throw badRequest("id: this integration has no hub. TEST tries a webhook");
    return stored;
  }
}

/** Kept keys are good for the hub and the policy that they were given for, and go to no other. */
function draftOf(settings: ConnectionSettings, stored: HubConnection | null): DraftConnection {
  const { hostName, policyName, policyKey, secondaryKey, entra } = settings;
  const isSame = stored !== null && stored.hostName === hostName && stored.policyName === policyName;
  const kept = isSame ? stored : null;
  return {
    hostName,
    policyName,
    policyKey: policyKey ?? kept?.policyKey ?? "",
    secondaryKey: secondaryKey === undefined ? (kept?.secondaryKey ?? null) : secondaryKey || null,
    entra: entra === undefined ? (kept?.entra ?? null) : entra && credentialOf(entra, kept?.entra ?? null),
  };
}

function credentialOf(entra: EntraSettings, kept: EntraCredential | null): EntraCredential {
  if (entra.kind !== "client_secret") return entra;
  const { clientSecret = kept?.kind === "client_secret" ? kept.clientSecret : "", ...rest } = entra;
  return { ...rest, clientSecret };
}
