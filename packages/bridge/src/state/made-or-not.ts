/** Whether a device may be in the hub although making it failed: then it is deleted, so that nobody's device is left there. */
import type { Failure, FailureCode } from "../core/failure.ts";

/** The hub said no before it did anything, or was never asked. */
const NOT_MADE: ReadonlySet<FailureCode> = new Set([
  "hub_not_found",
  "hub_address_refused",
  "hub_tls_failed",
  "key_refused",
  "permission_missing",
  "entra_refused",
  "entra_role_missing",
  "entra_unreachable",
  "create_not_permitted",
  "create_throttled",
  "throttled",
  "quota_exceeded",
  "device_id_refused",
]);

export function mayHaveBeenMade({ code }: Failure): boolean {
  return !NOT_MADE.has(code);
}
