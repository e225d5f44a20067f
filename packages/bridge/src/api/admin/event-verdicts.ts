/** What each integration did with an event: its delivery, or the rule by which it did not take it. */
import type { Device } from "../../core/device.ts";
import type { DeliveryRecord } from "../../core/delivery.ts";
import type { DeviceEvent } from "../../core/device-event.ts";
import type { Integration } from "../../core/integration.ts";
import { mismatch, mismatchSentence } from "../../core/matching.ts";
import { deliveryJson } from "../delivery-json.ts";

/** Why one that would take the event as all is now has no delivery of it. */
const SINCE_THEN = {
  made_later: "The integration was made after the event.",
  changed_later: "The integration was changed after the event; as it is now, it would take such an event.",
  not_known:
    "It would take such an event. Either its delivery has ended and is no longer kept, or the device was claimed, " +
    "approved or put into the product after the event.",
} as const;

export function eventVerdict(
  integration: Integration,
  { event, device, delivery }: { event: DeviceEvent; device: Device | null; delivery: DeliveryRecord | null },
): Record<string, unknown> {
  return {
    id: integration.id,
    name: integration.name,
    event: integration.event,
    integration_type: integration.type,
    product_id: integration.scope.kind === "product" ? integration.scope.productId : null,
    disabled: integration.disabled,
    ...(delivery === null
      ? { taken: false, ...refusalOf(integration, event, device), delivery: null }
      : { taken: true, rule: null, reason: null, delivery: deliveryJson(delivery) }),
  };
}

function refusalOf(
  integration: Integration,
  event: DeviceEvent,
  device: Device | null,
): { readonly rule: string; readonly reason: string } {
  const rule = mismatch(integration, event.name, device);
  if (rule !== null) return { rule, reason: mismatchSentence(rule, integration, device) };
  const since =
    integration.createdAt > event.receivedAt
      ? "made_later"
      : integration.updatedAt > event.receivedAt
        ? "changed_later"
        : "not_known";
  return { rule: since, reason: SINCE_THEN[since] };
}
