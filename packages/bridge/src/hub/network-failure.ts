/** Trouble on the way to a hub as a failure. */
import type { Failure, FailureCode } from "../core/failure.ts";
import { networkTrouble, type NetworkTroubleKind } from "../network/network-trouble.ts";

const FAILURE: Readonly<Record<NetworkTroubleKind, { readonly code: FailureCode; readonly sentence: string }>> = {
  name: { code: "hub_not_found", sentence: "The name server knows no such host" },
  address: { code: "hub_address_refused", sentence: "The host resolves to no public address" },
  tls: { code: "hub_tls_failed", sentence: "The secure connection failed" },
  connection: { code: "hub_unreachable", sentence: "The hub could not be reached" },
};

/** What a failed connect, request or lost connection to `hostName` means. Resets and timeouts: `hub_unreachable`. */
export function networkFailure(error: unknown, hostName: string): Failure {
  const { kind, code: hubCode, words } = networkTrouble(error);
  const { code, sentence } = FAILURE[kind];
  return { code, message: `${sentence} (${hostName}): ${words}`, ...(hubCode === "" ? {} : { hubCode }) };
}
