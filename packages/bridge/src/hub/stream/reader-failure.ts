/** What Microsoft's client says when it cannot read. */
import type { Failure, FailureCode } from "../../core/failure.ts";
import { classifyRefusal } from "../error-classification.ts";
import { networkFailure } from "../network-failure.ts";

/** By the client's own names of its errors; others are trouble of the network. */
const CONDITIONS: Readonly<Record<string, string>> = {
  UnauthorizedError: "amqp:unauthorized-access",
  ServerBusyError: "com.microsoft:server-busy",
  InternalServerError: "amqp:internal-error",
};
const CODES: Readonly<Record<string, { readonly code: FailureCode; readonly message: string }>> = {
  MessagingEntityNotFoundError: { code: "stream_not_found", message: "There is no such event hub or consumer group" },
  ArgumentOutOfRangeError: { code: "stream_not_found", message: "There is no such partition" },
  QuotaExceededError: { code: "stream_in_use", message: "Too many others read this consumer group" },
  ReceiverDisconnectedError: { code: "stream_in_use", message: "Somebody else took over reading this consumer group" },
};

export function readerFailure(error: unknown, hostName: string, now: number): Failure {
  const name = error instanceof Error && "code" in error ? String(error.code) : "";
  const text = error instanceof Error ? error.message : "";
  const condition = Object.hasOwn(CONDITIONS, name) ? CONDITIONS[name] : undefined;
  if (condition !== undefined) return classifyRefusal({ condition, text }, "connection", now);
  const known = Object.hasOwn(CODES, name) ? CODES[name] : undefined;
  return known === undefined ? networkFailure(error, hostName) : { code: known.code, message: `${known.message}.` };
}
