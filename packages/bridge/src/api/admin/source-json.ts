/** Sources as the API shows them. Their secrets it never shows. */
import type { Gap, InboundWebhookSource, Source, SourceProgress, SourceState } from "../../core/source.ts";
import { isoTime } from "../particle/iso-time.ts";

const MASK = "********";

/** `origin`: how this server is reached from outside, for the webhook's address. */
export function sourceJson(
  source: Source,
  status: { readonly state: SourceState; readonly progress: SourceProgress },
  origin: string,
): Record<string, unknown> {
  return {
    id: source.id,
    kind: source.kind,
    product_id: source.productId,
    name: source.name,
    disabled: source.disabled,
    event: source.event,
    create_devices: source.createDevices,
    system_events: source.systemEvents,
    ...kindJson(source, origin),
    status: statusJson(status.state, status.progress),
    created_at: isoTime(source.createdAt),
    updated_at: isoTime(source.updatedAt),
  };
}

function kindJson(source: Source, origin: string): Record<string, unknown> {
  if (source.kind === "inbound-webhook") {
    return { url: webhookUrl(source, origin), fields: source.fields, secret: MASK };
  }
  return {
    base_url: source.baseUrl,
    particle_product: source.particleProduct,
    particle_device: source.particleDevice,
    follow_events: source.followEvents,
    token: MASK,
  };
}

function statusJson(state: SourceState, progress: SourceProgress): Record<string, unknown> {
  const { lastRefusal } = progress;
  return {
    state: state.state,
    since: isoTime(state.since),
    until: isoTime(state.until),
    reason: state.reason,
    next_step: state.nextStep,
    today: {
      accepted: progress.accepted,
      repeated: progress.repeated,
      ignored: progress.ignored,
      refused: progress.refused,
    },
    last_event_at: isoTime(progress.lastEventAt),
    test_received_at: isoTime(progress.lastTestAt),
    last_refusal: lastRefusal === null ? null : { at: isoTime(lastRefusal.at), message: lastRefusal.message },
    names_fetched_at: isoTime(progress.namesAt),
    names_failure: progress.namesFailure,
  };
}

export function gapJson({ id, beganAt, endedAt, reason }: Gap): Record<string, unknown> {
  return { id, from: isoTime(beganAt), to: isoTime(endedAt), reason };
}

/**
 * What Particle's console takes as a custom template, and `particle webhook create` as a file: its default fields, and those
 * by which a repeated event is known and its firmware is named.
 */
export function webhookDefinition(
  source: InboundWebhookSource,
  { origin, event, secret = MASK }: { readonly origin: string; readonly event: string; readonly secret?: string },
): Record<string, unknown> {
  return {
    name: `Isthmus: ${source.name}`,
    event,
    url: webhookUrl(source, origin),
    requestType: "POST",
    noDefaults: false,
    rejectUnauthorized: true,
    headers: { "X-Isthmus-Secret": secret },
    json: {
      PARTICLE_EVENT_ID: "{{{PARTICLE_EVENT_ID}}}",
      PRODUCT_ID: "{{{PRODUCT_ID}}}",
      PRODUCT_VERSION: "{{{PRODUCT_VERSION}}}",
    },
  };
}

function webhookUrl({ id }: InboundWebhookSource, origin: string): string {
  return `${origin}/inbound/v1/${id}`;
}
