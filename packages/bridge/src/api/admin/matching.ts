/** Which integrations take an event and why the others do not; and what a change of one would have gained and lost. */
import type { FastifyInstance } from "fastify";
import type { Device } from "../../core/device.ts";
import type { DeviceEvent } from "../../core/device-event.ts";
import { hubDeviceId, type Integration } from "../../core/integration.ts";
import { mismatch, mismatchSentence } from "../../core/matching.ts";
import { previewMessage } from "../../message/message-preview.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { AccountCaller, Authentication } from "../authentication.ts";
import { fieldsOf, optionalInteger, optionalText, requiredText } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownDevice, ownIntegration, ownIntegrations, ownProduct, productDevice } from "../ownership.ts";
import { integrationSettingsOf } from "../particle/integration-settings.ts";
import { overlaid } from "../particle/integration-overlay.ts";
import { isoTime } from "../particle/iso-time.ts";
import { visibleEvent } from "../sample-event.ts";

interface OfIntegration {
  Params: { id: string };
}

/** What is judged: a real event, or a name and a device. */
interface Judged {
  readonly name: string;
  readonly device: Device | null;
  readonly event: DeviceEvent | null;
}

const tags = ["admin"];
const DEFAULT_LAST = 100;
const MAX_LAST = 1_000;
/** Events that an answer lists of each kind. */
const LISTED = 20;

export function registerMatching(
  app: FastifyInstance,
  dependencies: ApiDependencies,
  authentication: Authentication,
): void {
  const { directory, recentEvents, hubHostRule, entraRule } = dependencies;
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  app.post("/admin/v1/match", route("Which integrations take an event, and why the others do not"), async (request) => {
    const caller = await authentication.account(request, "integrations:list");
    const { name, device, event } = await judged(fieldsOf(request), caller);
    const integrations = await ownIntegrations(directory, caller);
    return {
      event: { id: event?.id ?? null, name, device_id: device?.id ?? null },
      integrations: integrations.map((integration) => verdict(integration, name, device)),
    };
  });

  app.post<OfIntegration>(
    "/admin/v1/integrations/:id/dry-run",
    route("What changed settings would have taken of the last events"),
    async (request) => {
      await authentication.account(request, "events:get");
      const caller = await authentication.account(request, "integrations:get");
      const stored = await ownIntegration(directory, caller, request.params.id);
      const { last: _last, ...given } = fieldsOf(request);
      const last = optionalInteger(fieldsOf(request), "last", 1, MAX_LAST) ?? DEFAULT_LAST;
      const context = { directory, caller, scope: stored.scope, hubHostRule, entraRule, stored };
      const settings = await integrationSettingsOf(overlaid(stored, given), context);
      const changed = { ...stored, ...settings } as Integration;
      const events = await recentEvents.recentEvents(stored.scope, { limit: last });
      const devices = await devicesOf(events);
      return dryRun(stored, changed, events, devices);
    },
  );

  async function judged(fields: Fields, caller: AccountCaller): Promise<Judged> {
    const eventId = optionalText(fields, "event_id", 64);
    if (eventId !== null) {
      const { event, device } = await visibleEvent(eventId, caller, dependencies);
      return { name: event.name, device, event };
    }
    const name = requiredText(fields, "name", 64);
    const deviceId = optionalText(fields, "device_id", 128);
    if (deviceId === null) return { name, device: null, event: null };
    const product = optionalText(fields, "product", 128);
    const device =
      product === null
        ? await ownDevice(directory, caller, deviceId)
        : await productDevice(directory, (await ownProduct(directory, caller, product)).id, deviceId);
    return { name, device, event: null };
  }

  async function devicesOf(events: readonly DeviceEvent[]): Promise<ReadonlyMap<string, Device>> {
    const ids = [...new Set(events.flatMap(({ deviceId }) => (deviceId === null ? [] : [deviceId])))];
    const found = await Promise.all(ids.map((id) => directory.device(id)));
    return new Map(found.flatMap((device) => (device === null ? [] : [[device.id, device]])));
  }
}

function verdict(integration: Integration, name: string, device: Device | null): Record<string, unknown> {
  const rule = mismatch(integration, name, device);
  const { scope } = integration;
  return {
    id: integration.id,
    name: integration.name,
    event: integration.event,
    ...(scope.kind === "product" && { product_id: scope.productId }),
    matched: rule === null,
    ...(rule === null &&
      integration.disabled && { waits: "The integration is disabled: what it takes waits until it is enabled." }),
    ...(rule === null
      ? deviceInHub(integration, device)
      : { rule, reason: mismatchSentence(rule, integration, device) }),
  };
}

function deviceInHub(integration: Integration, device: Device | null): Record<string, unknown> {
  if (integration.type !== "AzureIotHub" || device === null) return {};
  return { hub_name: integration.hubName, hub_device_id: hubDeviceId(integration, device.id) };
}

function dryRun(
  stored: Integration,
  changed: Integration,
  events: readonly DeviceEvent[],
  devices: ReadonlyMap<string, Device>,
): Record<string, unknown> {
  const gained: Record<string, unknown>[] = [];
  const lost: Record<string, unknown>[] = [];
  const failing: Record<string, unknown>[] = [];
  let kept = 0;
  for (const event of events) {
    const device = devices.get(event.deviceId ?? "") ?? null;
    const before = mismatch(stored, event.name, device);
    const after = mismatch(changed, event.name, device);
    if (before === null && after === null) kept += 1;
    if (before !== null && after === null) gained.push(eventJson(event));
    if (before === null && after !== null) {
      lost.push({ ...eventJson(event), rule: after, reason: mismatchSentence(after, changed, device) });
    }
    const error = after === null ? renderingFault(changed, event, device) : null;
    if (error !== null) failing.push({ ...eventJson(event), error });
  }
  return {
    looked_at: events.length,
    since: isoTime(events.at(-1)?.receivedAt ?? null),
    kept,
    ...counted("gained", gained),
    ...counted("lost", lost),
    ...counted("failing", failing),
  };
}

/** Why the changed settings make no message of an event. */
function renderingFault(integration: Integration, event: DeviceEvent, device: Device | null): string | null {
  if (integration.type !== "AzureIotHub" || event.deviceId === null) return null;
  const preview = previewMessage(integration, { ...event, deviceId: event.deviceId }, device ?? { ownerId: null });
  return preview.ok ? null : preview.failure.message;
}

function counted(kind: string, events: readonly Record<string, unknown>[]): Record<string, unknown> {
  return { [kind]: { count: events.length, events: events.slice(0, LISTED) } };
}

function eventJson({ id, name, deviceId, publishedAt }: DeviceEvent): Record<string, unknown> {
  return { id, name, device_id: deviceId, published_at: isoTime(publishedAt) };
}
