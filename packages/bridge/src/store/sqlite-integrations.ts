/** Integrations in the embedded store. Policy keys are sealed before they go to the worker, and opened only for those who send. */
import type { EntraSettings, Integrations, IntegrationSettings } from "../core/directory.ts";
import { newId } from "../core/ids.ts";
import type { EntraCredential, HubConnection, Integration, Scope } from "../core/integration.ts";
import type { WebhookSecrets } from "../core/webhook.ts";
import { openConnection, sealConnection } from "./sealed-connection.ts";
import type { Secrets } from "./secrets.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";
import type { InTurn } from "./turns.ts";

export interface SqliteIntegrationsOptions {
  readonly worker: GroupCommit;
  readonly secrets: Secrets;
  readonly now: () => number;
  /** An update reads before it writes: side by side, one could bring back a deleted integration or a replaced key. */
  readonly inTurn: InTurn;
}

type Made = Pick<Integration, "id" | "createdAt" | "updatedAt">;

export interface SqliteIntegrations extends Integrations {
  allIntegrations(): Promise<readonly Integration[]>;
}

export function createIntegrations({ worker, secrets, now, inTurn }: SqliteIntegrationsOptions): SqliteIntegrations {
  function integration(id: string): Promise<Integration | null> {
    return worker.call("integration", id);
  }

  async function connection(id: string): Promise<HubConnection | null> {
    const sealed = await worker.call("sealedConnection", id);
    if (sealed === null) return null;
    return openConnection(secrets, sealed);
  }

  /** `former`: the stored connection, for settings that leave out what it has. */
  function saveIntegration(
    record: Made,
    settings: IntegrationSettings,
    former: HubConnection | null,
  ): Promise<Integration> {
    if (settings.type === "Webhook") {
      const { secrets: open, ...options } = settings;
      const sealed = secrets.seal(JSON.stringify(open), record.id);
      return worker.call("saveIntegration", { ...options, ...record }, null, null, sealed);
    }
    const { hostName, policyKey, secondaryKey, entra, ...fields } = settings;
    const connection: HubConnection = {
      id: newId(),
      hostName,
      policyName: settings.policyName,
      policyKey: policyKey ?? former?.policyKey ?? "",
      secondaryKey: secondaryKey === undefined ? (former?.secondaryKey ?? null) : secondaryKey || null,
      entra: entra === undefined ? (former?.entra ?? null) : entraOf(entra, former),
    };
    return worker.call(
      "saveIntegration",
      { ...fields, ...record },
      sealConnection(secrets, connection),
      former === null ? null : sealConnection(secrets, { ...connection, id: former.id }),
      null,
    );
  }

  return {
    integration,
    connection,
    async webhookSecrets(integrationId: string): Promise<WebhookSecrets | null> {
      const sealed = await worker.call("sealedWebhookSecrets", integrationId);
      return sealed === null ? null : (JSON.parse(secrets.open(sealed, integrationId)) as WebhookSecrets);
    },

    createIntegration(settings: IntegrationSettings): Promise<Integration> {
      const at = now();
      return inTurn(() => saveIntegration({ id: newId(), createdAt: at, updatedAt: at }, settings, null));
    },

    updateIntegration(id: string, settings: IntegrationSettings): Promise<Integration | null> {
      return inTurn(async () => {
        const known = await integration(id);
        if (known === null) return null;
        const former = known.type === "AzureIotHub" ? await connection(known.connectionId) : null;
        return saveIntegration({ id, createdAt: known.createdAt, updatedAt: now() }, settings, former);
      });
    },

    deleteIntegration(id: string): Promise<boolean> {
      return inTurn(async () => (await worker.call("deleteIntegration", id, now())) > 0);
    },

    integrationsIn(scope: Scope): Promise<readonly Integration[]> {
      return worker.call("integrationsIn", scope);
    },

    allIntegrations(): Promise<readonly Integration[]> {
      return worker.call("allIntegrations");
    },
  };
}

/** A client secret that was not given again is the stored one, where that is of the same application. */
function entraOf(settings: EntraSettings | null, former: HubConnection | null): EntraCredential | null {
  if (settings?.kind !== "client_secret") return settings;
  const stored = former?.entra?.kind === "client_secret" ? former.entra.clientSecret : "";
  return { ...settings, clientSecret: settings.clientSecret ?? stored };
}
