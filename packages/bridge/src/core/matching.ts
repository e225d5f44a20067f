/** Which integrations take an event, and for each that does not, the first rule that said no. */
import type { Device } from "./device.ts";
import type { Integration } from "./integration.ts";

/** Events that the bridge or the cloud makes about integrations: they never trigger any, which guards against loops. */
const LOOP_PREFIXES = ["hook-sent/", "hook-response/", "hook-error/"] as const;

/** Why an integration does not take an event. */
export type Mismatch =
  | "prefix"
  | "loop_guard"
  | "no_device"
  | "not_owner"
  | "other_product"
  | "other_device"
  | "not_approved";

/**
 * Rules in the order they are judged; the first that rejects is the explanation. A disabled integration takes its events
 * like any other: they wait until it is enabled again.
 */
export function mismatch(integration: Integration, eventName: string, device: Device | null): Mismatch | null {
  if (!eventName.startsWith(integration.event)) return "prefix";
  if (LOOP_PREFIXES.some((prefix) => eventName.startsWith(prefix))) return "loop_guard";
  if (device === null) return "no_device";
  if (device.approval !== "approved") return "not_approved";
  if (integration.scope.kind === "product")
    return device.productId === integration.scope.productId ? null : "other_product";
  if (device.ownerId !== integration.scope.accountId) return "not_owner";
  if (integration.deviceId !== null && integration.deviceId !== device.id) return "other_device";
  return null;
}

type Sentence = (integration: Integration, device: Device | null) => string;

const SENTENCES: Readonly<Record<Mismatch, Sentence>> = {
  prefix: ({ event }) => `The event's name does not begin with '${event}'; letter case counts.`,
  loop_guard: () => `Events under ${LOOP_PREFIXES.join(", ")} never trigger integrations, so that no loop can arise.`,
  no_device: () => "The event was made over the API without a device; a hub takes messages of devices only.",
  not_approved: (_integration, device) =>
    `The device is ${device?.approval}: only approved devices trigger integrations.`,
  other_product: () => "The device is not in the integration's product.",
  not_owner: () => "The device is not claimed by the account in whose sandbox the integration is.",
  other_device: ({ deviceId }) => `The integration takes the events of device ${deviceId} only.`,
};

/** The rule in a sentence for the integration's owner. */
export function mismatchSentence(rule: Mismatch, integration: Integration, device: Device | null): string {
  return SENTENCES[rule](integration, device);
}
