import type { Directory } from "../../core/directory.ts";
import { FAILURES, type Failure } from "../../core/failure.ts";
import type { AzureIotHubIntegration, HubConnection, Integration } from "../../core/integration.ts";
import type { ConnectionState } from "../../core/connection-state.ts";
import type { WebhookSecrets } from "../../core/webhook.ts";
import { connectionJson } from "./connection-settings.ts";
import { isoTime } from "./iso-time.ts";
import { webhookJson } from "./webhook-json.ts";

interface Today {
  readonly success: number;
  readonly error: number;
}

/** What an integration keeps apart: shown masked. */
export interface IntegrationSecrets {
  readonly connection: HubConnection | null;
  readonly secrets: WebhookSecrets | null;
}

/** An integration as the API shows it. Its keys never leave the server. */
export function integrationJson(
  integration: Integration,
  { connection, secrets }: IntegrationSecrets,
): Record<string, unknown> {
  return {
    id: integration.id,
    event: integration.event,
    name: integration.name,
    created_at: isoTime(integration.createdAt),
    updated_at: isoTime(integration.updatedAt),
    integration_type: integration.type,
    ...(integration.deviceId !== null && { deviceID: integration.deviceId }),
    ...(integration.scope.kind === "product" && { product_id: integration.scope.productId }),
    ...(integration.type === "AzureIotHub" ? hubFields(integration, connection) : webhookJson(integration, secrets)),
    daily_cap: integration.dailyCap,
    disabled: integration.disabled,
  };
}

/** As `integrationJson`, with its keys and secrets fetched to be masked. */
export async function shownIntegration(
  integration: Integration,
  directory: Pick<Directory, "connection" | "webhookSecrets">,
): Promise<Record<string, unknown>> {
  const isHub = integration.type === "AzureIotHub";
  return integrationJson(integration, {
    connection: isHub ? await directory.connection(integration.connectionId) : null,
    secrets: isHub ? null : await directory.webhookSecrets(integration.id),
  });
}

function hubFields(integration: AzureIotHubIntegration, connection: HubConnection | null): Record<string, unknown> {
  return {
    hub_name: integration.hubName,
    policy_name: integration.policyName,
    ...connectionJson(connection),
    ...(integration.template !== null && { json: integration.template }),
    content_type: integration.contentType,
    message_properties: integration.properties,
    parse_data: integration.parseData,
    name_sync: integration.nameSync,
    create_identities: integration.createIdentities,
    device_id_prefix: integration.deviceIdPrefix,
  };
}

/** Counted since midnight UTC. Nothing sleeps here: what cannot be sent waits. */
export function todayCounters({ success, error }: Today): Record<string, number> {
  return { success, error, sleep: 0 };
}

/** Whether the integration's hub takes messages now, and if not why and what to do. `own`: its own reason to wait. */
export function hubStateJson(
  connections: readonly ConnectionState[],
  connectionId: string,
  own: Failure | null,
): Record<string, unknown> {
  const connection = connections.find((one) => one.connectionId === connectionId);
  const failure = own ?? connection?.failure ?? null;
  return {
    state: connection?.state ?? "idle",
    ...(connection?.keyInUse != null && { key_in_use: connection.keyInUse }),
    next_probe_at: isoTime(connection?.nextProbeAt ?? null),
    failure: failure === null ? null : failureJson(failure),
  };
}

export function failureJson({ code, message }: Failure): { code: string; message: string; next_step: string } {
  return { code, message, next_step: FAILURES[code].nextStep };
}
