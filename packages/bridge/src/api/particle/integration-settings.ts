/** An integration as a user writes it, read into settings that cannot be wrong; every refusal names its field. */
import type { Integration, Scope } from "../../core/integration.ts";
import type { Directory, IntegrationSettings } from "../../core/directory.ts";
import { NO_WEBHOOK_SECRETS } from "../../core/webhook.ts";
import { ApiError, badRequest } from "../api-error.ts";
import type { AccountCaller } from "../authentication.ts";
import { missing, optionalFlag, optionalInteger, optionalText } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import { ownDevice } from "../ownership.ts";
import { connectionSettingsOf } from "./connection-settings.ts";
import type { ConnectionContext } from "./connection-settings.ts";
import { hubOptions } from "./hub-settings.ts";
import { hostOf, webhookOf, type StoredWebhook } from "./webhook-settings.ts";

interface Context extends Omit<ConnectionContext, "stored"> {
  readonly directory: Directory;
  readonly caller: AccountCaller;
  readonly scope: Scope;
  /** The one that is edited: what it must have and the edit leaves out stays as it is. */
  readonly stored?: Integration;
}

/** As they are written, exactly. */
const TYPES = ["AzureIotHub", "Webhook"] as const;
type IntegrationType = (typeof TYPES)[number];

const MAX_DAILY_CAP = 1_000_000_000;

/** Throws 400 with the field's name in the error. */
export async function integrationSettingsOf(fields: Fields, context: Context): Promise<IntegrationSettings> {
  const { scope, stored } = context;
  const type = settledTypeOf(fields, stored);
  const event = eventPrefix(fields) ?? stored?.event ?? missing("event");
  const common = {
    scope,
    event,
    deviceId: await deviceFilter(fields, context),
    dailyCap: optionalInteger(fields, "daily_cap", 1, MAX_DAILY_CAP),
    disabled: optionalFlag(fields, "disabled") ?? false,
  };
  const name = optionalText(fields, "name", 128);
  if (type === "Webhook") {
    const { options, secrets } = webhookOf(fields, await storedWebhook(context));
    return { type, ...common, name: name ?? `${event} for ${hostOf(options.url)}`, ...options, secrets };
  }
  const connection = connectionSettingsOf(fields, await connectionContext(context));
  return { type, ...common, name: name ?? `${event} for ${connection.hubName}`, ...connection, ...hubOptions(fields) };
}

/** `otherwise`: where no type is named and no address of a webhook is given; `null` refuses that. */
export function typeOf(fields: Fields, otherwise: IntegrationType | null): IntegrationType {
  const { integration_type: named, url } = fields;
  const given = named ?? otherwise ?? (url === undefined ? missing("integration_type") : "Webhook");
  const type = TYPES.find((known) => known === given);
  if (type === undefined) throw badRequest(`integration_type must be one of ${TYPES.join(", ")}`);
  return type;
}

/** An edit cannot change it. */
function settledTypeOf(fields: Fields, stored: Integration | undefined): IntegrationType {
  const type = typeOf(fields, stored?.type ?? null);
  if (stored !== undefined && stored.type !== type) throw badRequest("integration_type cannot be changed");
  return type;
}

/** What an edit of a webhook keeps where it says nothing or sends masks. */
export async function storedWebhook({
  directory,
  stored,
}: Pick<Context, "directory" | "stored">): Promise<StoredWebhook | null> {
  if (stored?.type !== "Webhook") return null;
  return { url: stored.url, secrets: (await directory.webhookSecrets(stored.id)) ?? NO_WEBHOOK_SECRETS };
}

export function eventPrefix(fields: Fields): string | null {
  const field = fields["event"] === undefined && fields["eventName"] !== undefined ? "eventName" : "event";
  const event = optionalText(fields, field, 64);
  if (event !== null && !/^[\x20-\x7e]+$/.test(event)) throw badRequest("event must be printable ASCII");
  return event;
}

async function connectionContext({ directory, stored, ...rules }: Context): Promise<ConnectionContext> {
  if (stored?.type !== "AzureIotHub") return rules;
  const { hubName, policyName, connectionId } = stored;
  return { ...rules, stored: { hubName, policyName, connection: await directory.connection(connectionId) } };
}

/** The device's spelling differs between clients and documents; all mean the same. */
export async function deviceFilter(
  fields: Fields,
  { directory, caller, scope }: Pick<Context, "directory" | "caller" | "scope">,
): Promise<string | null> {
  const field = ["deviceID", "deviceid", "deviceId"].find((spelling) => fields[spelling] !== undefined);
  const idOrName = field === undefined ? null : optionalText(fields, field, 128);
  if (idOrName === null) return null;
  if (scope.kind === "product") throw badRequest("deviceID: a product's integration takes events of all its devices");
  try {
    return (await ownDevice(directory, caller, idOrName)).id;
  } catch (error) {
    if (error instanceof ApiError) throw badRequest("deviceID: you have no such device");
    throw error;
  }
}
