/** Changes laid over a stored integration, for looking at what they would do before they are saved. */
import type { Integration } from "../../core/integration.ts";
import type { WebhookSecrets } from "../../core/webhook.ts";
import { badRequest } from "../api-error.ts";
import type { Fields } from "../bodies.ts";
import { integrationJson } from "./integration-json.ts";

/** Other spellings of a field, each for the one by which a stored integration is shown. */
const SPELLINGS: Readonly<Record<string, string>> = { eventName: "event", deviceid: "deviceID", deviceId: "deviceID" };

/** All fields of the integration, with the given ones in their places; `null` takes a setting back to its default. */
export function overlaid(stored: Integration, given: Fields, secrets: WebhookSecrets | null = null): Fields {
  const changes = Object.entries(given).map(([field, value]) => [SPELLINGS[field] ?? field, value] as const);
  const { name, ...kept } = integrationJson(stored, { connection: null, secrets });
  const type = given["integration_type"];
  if (type !== undefined && type !== stored.type) throw badRequest("integration_type of an integration never changes");
  return { ...kept, name, ...Object.fromEntries(changes) };
}
