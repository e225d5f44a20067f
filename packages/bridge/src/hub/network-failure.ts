/** Errors of sockets, name servers and TLS, told apart by their codes. */
import type { Failure, FailureCode } from "../core/failure.ts";

const BY_CODE: Readonly<Record<string, FailureCode>> = {
  ENOTFOUND: "hub_not_found",
  EAI_AGAIN: "hub_not_found",
  EAI_FAIL: "hub_not_found",
  EAI_NODATA: "hub_not_found",
  EAI_NONAME: "hub_not_found",
  ERR_ADDRESS_REFUSED: "hub_address_refused",
  EPROTO: "hub_tls_failed",
  CERT_HAS_EXPIRED: "hub_tls_failed",
  CERT_NOT_YET_VALID: "hub_tls_failed",
  CERT_UNTRUSTED: "hub_tls_failed",
  CERT_REJECTED: "hub_tls_failed",
  CERT_REVOKED: "hub_tls_failed",
  CERT_SIGNATURE_FAILURE: "hub_tls_failed",
  CERT_CHAIN_TOO_LONG: "hub_tls_failed",
  DEPTH_ZERO_SELF_SIGNED_CERT: "hub_tls_failed",
  SELF_SIGNED_CERT_IN_CHAIN: "hub_tls_failed",
  INVALID_CA: "hub_tls_failed",
  INVALID_PURPOSE: "hub_tls_failed",
  HOSTNAME_MISMATCH: "hub_tls_failed",
};

// Families of codes that OpenSSL and Node keep adding to.
const TLS_CODE = /^(?:ERR_TLS_|ERR_SSL_|UNABLE_TO_|ERR_OSSL)/;

const SENTENCES: Readonly<Partial<Record<FailureCode, string>>> = {
  hub_not_found: "The name server knows no such host",
  hub_address_refused: "The host resolves to no public address",
  hub_tls_failed: "The secure connection failed",
};

/** What a failed connect, request or lost connection to `hostName` means. Resets and timeouts: `hub_unreachable`. */
export function networkFailure(error: unknown, hostName: string): Failure {
  const cause = rootCause(error);
  const hubCode = codeOf(cause);
  const code = BY_CODE[hubCode] ?? (TLS_CODE.test(hubCode) ? "hub_tls_failed" : "hub_unreachable");
  const sentence = SENTENCES[code] ?? "The hub could not be reached";
  const words =
    cause instanceof Error && cause.message !== "" ? cause.message.split("\n", 1)[0]!.slice(0, 200) : hubCode;
  return { code, message: `${sentence} (${hostName}): ${words}`, ...(hubCode === "" ? {} : { hubCode }) };
}

// undici wraps in `cause`; a connect that tried several addresses holds one error for each.
function rootCause(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return rootCause(error.errors[0]);
  if (error instanceof Error && codeOf(error) === "" && error.cause !== undefined) return rootCause(error.cause);
  return error;
}

function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}
