/**
 * How an integration reaches its hub, as a user writes it: hub, policy, one or two keys, and perhaps an Entra credential.
 * Who pastes a whole connection string means what is in it.
 */
import { ConnectionStringError, parseHubConnectionString } from "iot-hub-protocol";
import type { AzureIotHubSettings, EntraSettings } from "../../core/directory.ts";
import type { EntraCredential, HubConnection } from "../../core/integration.ts";
import { MASKED } from "../../core/secret-names.ts";
import { badRequest } from "../api-error.ts";
import { optionalText } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import type { EntraRule, HubHostRule } from "../dependencies.ts";

export type ConnectionSettings = Pick<
  AzureIotHubSettings,
  "hubName" | "hostName" | "policyName" | "policyKey" | "secondaryKey" | "entra"
>;

export interface ConnectionContext {
  readonly hubHostRule: HubHostRule;
  readonly entraRule: EntraRule;
  /** It is a draft: policy and key may come later. */
  readonly isDraft?: boolean;
  /** Of the integration that is edited: what the edit leaves out stays as it is. */
  readonly stored?: {
    readonly hubName: string;
    readonly policyName: string;
    readonly connection: HubConnection | null;
  };
}

const LOCAL = "local";
/** The policy that the Local Hub makes at its first start. */
const LOCAL_POLICY = "iothubowner";
const KEY_FIELDS = ["policy_key", "secondary_policy_key"] as const;

/** Throws 400 with the field's name in the error. */
export function connectionSettingsOf(given: Fields, context: ConnectionContext): ConnectionSettings {
  const { stored, hubHostRule, isDraft = false } = context;
  const fields = unfold(given);
  const asked = optionalText(fields, "hub_name", 253)?.trim() ?? stored?.hubName ?? missing("hub_name");
  const host = hubHostRule(asked);
  if (!host.ok) throw badRequest(`hub_name: ${host.message}`);
  const isLocal = host.hostName === LOCAL;
  const policyName =
    policyNameOf(fields) ?? stored?.policyName ?? (isLocal ? LOCAL_POLICY : isDraft ? "" : missing("policy_name"));
  const [policyKey, secondaryKey] = KEY_FIELDS.map((field) => keyOf(fields, field));
  const mayKeepKey = isLocal || (stored !== undefined && stored.hubName !== LOCAL);
  if (policyKey === null && !mayKeepKey && !isDraft) missing("policy_key");
  const entra = entraOf(fields["entra"], host.hostName, context);
  return {
    // However it was written: who may see what in the shared Local Hub depends on recognising it.
    hubName: isLocal ? LOCAL : asked,
    hostName: host.hostName,
    policyName,
    ...(policyKey != null && { policyKey }),
    ...(fields["secondary_policy_key"] === "" && { secondaryKey: "" }),
    ...(secondaryKey != null && { secondaryKey }),
    ...(entra !== undefined && { entra }),
  };
}

/** A connection as the API shows it. No secret leaves the server. */
export function connectionJson(connection: HubConnection | null): Record<string, unknown> {
  return {
    policy_key: MASKED,
    ...(connection?.secondaryKey != null && { secondary_policy_key: MASKED }),
    ...(connection?.entra != null && { entra: entraJson(connection.entra) }),
  };
}

function entraJson(entra: EntraCredential): Record<string, unknown> {
  return {
    credential: entra.kind,
    ...(entra.kind !== "managed_identity" && { tenant_id: entra.tenantId }),
    client_id: entra.clientId,
    ...(entra.kind === "client_secret" && { client_secret: MASKED }),
  };
}

/** Takes the fields out of a connection string that stands in the place of a hub's name or of a key. */
function unfold(fields: Fields): Fields {
  const unfolded: Record<string, unknown> = { ...fields };
  for (const field of ["hub_name", ...KEY_FIELDS] as const) {
    const text = fields[field];
    if (typeof text !== "string" || !/^\s*\w+=[^;]*;/.test(text)) continue;
    const { hostName, sharedAccessKeyName, sharedAccessKey } = parsePolicyString(text.trim(), field);
    const key = field === "hub_name" ? "policy_key" : field;
    Object.assign(unfolded, agreeing(unfolded, field, { hub_name: hostName, policy_name: sharedAccessKeyName }));
    unfolded[key] = sharedAccessKey;
  }
  return unfolded;
}

function parsePolicyString(text: string, field: string): ReturnType<typeof parseHubConnectionString> {
  const wrong = (why: string): never => {
    throw badRequest(`${field} is a connection string ${why}: give that of a shared access policy, or its key alone`);
  };
  if (text.length > 1024) return wrong("that is too long");
  if (/(^|;)\s*DeviceId=/i.test(text)) return wrong("of a device");
  if (/(^|;)\s*Endpoint=/i.test(text)) return wrong("of the Event Hubs-compatible endpoint");
  try {
    return parseHubConnectionString(text);
  } catch (error) {
    if (error instanceof ConnectionStringError) return wrong("that is not whole");
    throw error;
  }
}

/** What was given beside the string must not say otherwise: two hubs at once mean a mistake. */
function agreeing(fields: Fields, from: string, parts: Readonly<Record<string, string>>): Record<string, string> {
  for (const [field, value] of Object.entries(parts)) {
    const other = fields[field];
    if (field === from || typeof other !== "string" || other.trim() === "") continue;
    const [a, b] = [other.trim().toLowerCase(), value.toLowerCase()];
    if (a !== b && !b.startsWith(`${a}.`)) throw badRequest(`${from} is a connection string with another ${field}`);
  }
  return Object.fromEntries(Object.entries(parts));
}

function policyNameOf(fields: Fields): string | null {
  const policyName = optionalText(fields, "policy_name", 64);
  if (policyName !== null && !/^[\x21-\x7e]+$/.test(policyName)) throw badRequest("policy_name must not hold blanks");
  return policyName;
}

/** `null` for an absent or masked key. */
function keyOf(fields: Fields, field: (typeof KEY_FIELDS)[number]): string | null {
  const key = optionalText(fields, field, 1024)?.trim() ?? null;
  if (key === null || /^\*+$/.test(key)) return null;
  // Whether it is the right one only the hub can say; that is what TEST is for.
  if (!/^[\x21-\x7e]+$/.test(key)) throw badRequest(`${field} must be a shared access key: base64 without blanks`);
  return key;
}

const CREDENTIALS = ["managed_identity", "workload_identity", "client_secret"] as const;

/** `undefined`: not mentioned. Kept credentials are judged anew, because the host may be another one now. */
function entraOf(value: unknown, hostName: string, context: ConnectionContext): EntraSettings | null | undefined {
  const kept = context.stored?.connection?.entra ?? null;
  if (value === null || value === "") return null;
  const entra = value === undefined ? kept : readEntra(value, kept);
  if (entra !== null) {
    const refused = context.entraRule(entra, hostName);
    if (refused !== null) throw badRequest(`entra: ${refused}`);
  }
  return value === undefined ? undefined : entra;
}

function readEntra(value: unknown, kept: EntraCredential | null): EntraSettings {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw badRequest("entra must be an object");
  const fields = value as Fields;
  const kind = CREDENTIALS.find((one) => one === fields["credential"]);
  if (kind === undefined) throw badRequest(`entra.credential must be one of ${CREDENTIALS.join(", ")}`);
  const clientId = identifier(fields, "client_id", /^[A-Za-z0-9-]{1,64}$/);
  if (kind === "managed_identity") return { kind, clientId };
  const tenantId = identifier(fields, "tenant_id", /^[A-Za-z0-9.-]{1,253}$/) ?? missing("entra.tenant_id");
  const application = { tenantId, clientId: clientId ?? missing("entra.client_id") };
  if (kind === "workload_identity") return { kind, ...application };
  const clientSecret = optionalText(fields, "client_secret", 256);
  if (clientSecret !== null && !/^\*+$/.test(clientSecret)) return { kind, ...application, clientSecret };
  // A kept secret goes only to the application that it was given for.
  const isKept =
    kept?.kind === kind && kept.tenantId === application.tenantId && kept.clientId === application.clientId;
  return isKept ? { kind, ...application } : missing("entra.client_secret");
}

function identifier(fields: Fields, field: string, form: RegExp): string | null {
  const text = optionalText(fields, field, 253);
  if (text !== null && !form.test(text)) throw badRequest(`entra.${field} is not one of Microsoft Entra's`);
  return text;
}

function missing(field: string): never {
  throw badRequest(`${field} is required`);
}
