/** What a request says of a source: judged field by field, with the stored values where it says nothing of them. */
import { WEBHOOK_FIELDS } from "../../core/source.ts";
import type {
  InboundWebhookSource,
  ParticleCloudSource,
  Source,
  SourceControl,
  SourceSettings,
  WebhookField,
} from "../../core/source.ts";
import { isCloudDeviceId } from "../../core/device.ts";
import { badRequest } from "../api-error.ts";
import { optionalFlag, optionalText } from "../bodies.ts";
import type { Fields } from "../bodies.ts";

export interface SourceContext {
  readonly productId: number;
  readonly baseUrlFault: SourceControl["baseUrlFault"];
  /** The source that is edited. */
  readonly stored?: Source;
}

const DEFAULT_BASE_URL = "https://api.particle.io";
const MAX_NAME = 100;
const MAX_EVENT = 64;
const MAX_TOKEN = 256;
const MAX_PATH = 128;
const MASK = "********";
const DEFAULT_NAMES = { "particle-cloud": "Particle's cloud", "inbound-webhook": "Particle webhook" } as const;

const KNOWN_FIELDS: Readonly<Record<Source["kind"], ReadonlySet<string>>> = {
  "particle-cloud": new Set(["base_url", "particle_product", "particle_device", "follow_events", "token"]),
  "inbound-webhook": new Set(["fields"]),
};
const COMMON_FIELDS = new Set(["kind", "name", "disabled", "event", "create_devices", "system_events"]);
/** What an answer shows beside the settings: sent back as it came, it means nothing. */
const SHOWN_FIELDS = new Set([
  "id",
  "product_id",
  "url",
  "secret",
  "status",
  "created_at",
  "updated_at",
  "webhook_definition",
]);

export function sourceSettingsOf(fields: Fields, context: SourceContext): SourceSettings {
  const kind = kindOf(fields, context.stored);
  const unknown = Object.keys(fields).find(
    (field) => !COMMON_FIELDS.has(field) && !KNOWN_FIELDS[kind].has(field) && !SHOWN_FIELDS.has(field),
  );
  if (unknown !== undefined) throw badRequest(`A source of kind ${kind} has no field ${shownName(unknown)}`);
  return kind === "particle-cloud"
    ? { ...common(fields, context), ...particleCloud(fields, context) }
    : { ...common(fields, context), ...inboundWebhook(fields, context) };
}

/** A field's name as an answer may repeat it. */
function shownName(field: string): string {
  return /^[a-z_]{1,40}$/i.test(field) ? field : "of that name";
}

/** The token that a request brings; `undefined` keeps the stored one. */
export function tokenOf(fields: Fields): string | undefined {
  const token = optionalText(fields, "token", MAX_TOKEN);
  if (token === null || token === MASK) return undefined;
  if (!/^[\x21-\x7e]+$/.test(token)) throw badRequest("token must be an access token of Particle's cloud");
  return token;
}

function kindOf(fields: Fields, stored: Source | undefined): Source["kind"] {
  const kind = fields["kind"] ?? stored?.kind;
  if (kind !== "particle-cloud" && kind !== "inbound-webhook") {
    throw badRequest("kind must be particle-cloud or inbound-webhook");
  }
  if (stored !== undefined && stored.kind !== kind) throw badRequest("The kind of a source cannot be changed");
  return kind;
}

type Common = Omit<InboundWebhookSource, "id" | "createdAt" | "updatedAt" | "kind" | "fields">;

function common(fields: Fields, { productId, stored }: SourceContext): Common {
  const event = "event" in fields ? optionalText(fields, "event", MAX_EVENT) : (stored?.event ?? null);
  if (event !== null && !/^[\x20-\x7e]*$/.test(event)) throw badRequest("event must be printable ASCII");
  const kind = kindOf(fields, stored);
  return {
    productId,
    name: optionalText(fields, "name", MAX_NAME) ?? stored?.name ?? DEFAULT_NAMES[kind],
    disabled: optionalFlag(fields, "disabled") ?? stored?.disabled ?? false,
    event: event ?? "",
    createDevices: optionalFlag(fields, "create_devices") ?? stored?.createDevices ?? true,
    systemEvents: optionalFlag(fields, "system_events") ?? stored?.systemEvents ?? false,
  };
}

type ParticleCloud = Pick<
  ParticleCloudSource,
  "kind" | "baseUrl" | "particleProduct" | "particleDevice" | "followEvents"
>;

function particleCloud(fields: Fields, { stored, baseUrlFault }: SourceContext): ParticleCloud {
  const known = stored?.kind === "particle-cloud" ? stored : null;
  const text = (field: string, was: string | null | undefined): string | null =>
    field in fields ? optionalText(fields, field, MAX_PATH) : (was ?? null);
  const baseUrl = (optionalText(fields, "base_url", 256) ?? known?.baseUrl ?? DEFAULT_BASE_URL).replace(/\/+$/, "");
  const fault = baseUrlFault(baseUrl);
  if (fault !== null) throw badRequest(fault);
  const particleProduct = productIn(text("particle_product", known?.particleProduct));
  const particleDevice = text("particle_device", known?.particleDevice)?.toLowerCase() ?? null;
  if (particleDevice !== null && !isCloudDeviceId(particleDevice)) {
    throw badRequest("particle_device must be a device's id of 24 hexadecimal digits");
  }
  const followEvents = optionalFlag(fields, "follow_events") ?? known?.followEvents ?? true;
  return { kind: "particle-cloud", baseUrl, particleProduct, particleDevice, followEvents };
}

function productIn(text: string | null): string | null {
  if (text !== null && !/^[a-z0-9][a-z0-9._-]*$/i.test(text)) {
    throw badRequest("particle_product must be a product's id or slug in Particle's cloud");
  }
  return text;
}

function inboundWebhook(fields: Fields, { stored }: SourceContext): Pick<InboundWebhookSource, "kind" | "fields"> {
  const kind = "inbound-webhook";
  const given = fields["fields"];
  if (given === undefined) return { kind, fields: stored?.kind === kind ? stored.fields : {} };
  if (given === null) return { kind, fields: {} };
  if (typeof given !== "object" || Array.isArray(given)) throw badRequest("fields must be an object");
  const mapping: Partial<Record<WebhookField, string>> = {};
  for (const name of Object.keys(given)) {
    const field = WEBHOOK_FIELDS.find((known) => known === name);
    if (field === undefined) throw badRequest(`fields may have ${WEBHOOK_FIELDS.join(", ")}`);
    const path = optionalText(given as Fields, name, MAX_PATH);
    if (path !== null) mapping[field] = path;
  }
  return { kind, fields: mapping };
}
