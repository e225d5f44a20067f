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
