/** Trouble on the way to a webhook's target as a failure. */
import type { Failure, FailureCode } from "../core/failure.ts";
import { networkTrouble, type NetworkTroubleKind } from "../network/network-trouble.ts";

const FAILURE: Readonly<Record<NetworkTroubleKind, { readonly code: FailureCode; readonly sentence: string }>> = {
  name: { code: "webhook_unreachable", sentence: "The name server knows no such host" },
  address: { code: "webhook_address_refused", sentence: "The host resolves to no public address" },
  tls: { code: "webhook_tls_failed", sentence: "The secure connection failed" },
  connection: { code: "webhook_unreachable", sentence: "The target could not be reached or did not answer" },
};

export function webhookFailure(error: unknown, hostName: string): Failure {
  const { kind, code: hubCode, words } = networkTrouble(error);
  const { code, sentence } = FAILURE[kind];
  return { code, message: `${sentence} (${hostName}): ${words}`, ...(hubCode === "" ? {} : { hubCode }) };
}
