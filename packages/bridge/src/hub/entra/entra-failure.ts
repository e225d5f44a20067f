/** Why Microsoft Entra gave no token. It names its reasons by numbers (`AADSTS…`), which its words are only a comment on. */
import type { Failure, FailureCode } from "../../core/failure.ts";
import type { EntraCredential } from "../../core/integration.ts";

const REASONS: readonly (readonly [numbers: readonly number[], sentence: string])[] = [
  [[7000215], "the client secret is wrong"],
  [[7000222], "the client secret has expired"],
  [[7000112], "the application is disabled"],
  [[700016, 1002016], "the tenant has no such application"],
  [[90002, 900021, 900023], "there is no such tenant"],
  [
    [700211, 700212, 700213, 700024, 70021],
    "the application has no federated credential that fits this workload's token",
  ],
  [[53003], "a conditional access policy forbids it"],
];

/** Errors of the library are told apart by their names, as it advises. */
export function entraFailure(error: unknown, kind: EntraCredential["kind"]): Failure {
  const { name, message } = error instanceof Error ? error : { name: "", message: "" };
  const number = /\bAADSTS(\d{4,8})\b/.exec(message)?.[1];
  if (number !== undefined) {
    const [, sentence] = REASONS.find(([numbers]) => numbers.includes(Number(number))) ?? [];
    const why = sentence ?? "for a reason that its documentation tells under this number";
    return failure("entra_refused", `Microsoft Entra gave no token: ${why}.`, `AADSTS${number}`);
  }
  // An application's credential is there; what is not there is then Entra itself.
  if (name === "CredentialUnavailableError" && kind !== "client_secret")
    return failure("entra_unreachable", "This server has no such identity: its platform offers none, or not to it.");
  if (/invalid_client|invalid_grant|unauthorized_client|invalid_request/.test(message))
    return failure("entra_refused", "Microsoft Entra gave no token: it refused the application's credential.");
  return failure("entra_unreachable", `Microsoft Entra could not be asked for a token${networkWords(error)}.`);
}

function failure(code: FailureCode, message: string, hubCode?: string): Failure {
  return { code, message, ...(hubCode !== undefined && { hubCode }) };
}

function networkWords(error: unknown): string {
  const text = error instanceof Error ? `${error.message} ${codeOf(error)}` : "";
  const code = /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|[A-Z_]*CERT[A-Z_]*|SELF_SIGNED\w*)\b/.exec(
    text,
  )?.[0];
  return code === undefined ? "" : ` (${code})`;
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
