/** Return codes of CONNACK and SUBACK. */
import { HubError } from "../hub/errors.ts";
import type { HubErrorName } from "../hub/errors.ts";

export const ACCEPTED = 0;
export const UNACCEPTABLE_PROTOCOL = 1;
const SERVER_UNAVAILABLE = 3;
const NOT_AUTHORIZED = 5;

/** In a SUBACK: this filter is not for you. */
export const SUBSCRIPTION_FAILURE = 0x80;

/** Clients try again after these; after all others they give up. */
const TEMPORARY: ReadonlySet<HubErrorName> = new Set([
  "ServerError",
  "ServiceUnavailable",
  "ThrottlingException",
  "IotHubQuotaExceeded",
]);

/** How a refused CONNECT is answered. */
export function refusalCode(error: Error): number {
  return error instanceof HubError && TEMPORARY.has(error.errorName) ? SERVER_UNAVAILABLE : NOT_AUTHORIZED;
}
