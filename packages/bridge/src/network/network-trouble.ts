/** Errors of sockets, name servers and TLS, told apart by their codes. */

/** `connection`: refused, reset, timed out, or anything else on the way. */
export type NetworkTroubleKind = "name" | "address" | "tls" | "connection";

export interface NetworkTrouble {
  readonly kind: NetworkTroubleKind;
  /** The system's or library's own code, e.g. `ECONNREFUSED`; empty when it gave none. */
  readonly code: string;
  /** Its own words, one line. */
  readonly words: string;
}

const BY_CODE: Readonly<Record<string, NetworkTroubleKind>> = {
  ENOTFOUND: "name",
  EAI_AGAIN: "name",
  EAI_FAIL: "name",
  EAI_NODATA: "name",
  EAI_NONAME: "name",
  ERR_ADDRESS_REFUSED: "address",
  EPROTO: "tls",
  CERT_HAS_EXPIRED: "tls",
  CERT_NOT_YET_VALID: "tls",
  CERT_UNTRUSTED: "tls",
  CERT_REJECTED: "tls",
  CERT_REVOKED: "tls",
  CERT_SIGNATURE_FAILURE: "tls",
  CERT_CHAIN_TOO_LONG: "tls",
  DEPTH_ZERO_SELF_SIGNED_CERT: "tls",
  SELF_SIGNED_CERT_IN_CHAIN: "tls",
  INVALID_CA: "tls",
  INVALID_PURPOSE: "tls",
  HOSTNAME_MISMATCH: "tls",
};

// Families of codes that OpenSSL and Node keep adding to.
const TLS_CODE = /^(?:ERR_TLS_|ERR_SSL_|UNABLE_TO_|ERR_OSSL)/;

/** What a failed connect, request or lost connection means. */
export function networkTrouble(error: unknown): NetworkTrouble {
  const cause = rootCause(error);
  const code = codeOf(cause);
  const kind = BY_CODE[code] ?? (TLS_CODE.test(code) ? "tls" : "connection");
  const words = cause instanceof Error && cause.message !== "" ? cause.message.split("\n", 1)[0]!.slice(0, 200) : code;
  return { kind, code, words };
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
