/**
 * What the hub says when it says no, and what that means here. It speaks in three tongues: AMQP conditions, HTTP statuses
 * with an error name, and six-digit numbers that either may carry in its text. The most exact one decides: number, name,
 * the words themselves, condition, status.
 */
import type { Failure, FailureCode } from "../core/failure.ts";

/** The failures that a hub's own words can mean. */
type RefusalCode = Exclude<
  FailureCode,
  | "create_not_permitted"
  | "create_throttled"
  | "daily_cap_reached"
  | "device_missing"
  | "identity_keeps_vanishing"
  | "identity_not_created"
  | "message_throttled"
  | "not_sent"
  | "state_too_large"
  | "template_failed"
  | `stream_${string}`
  | `webhook_${string}`
  | `entra_${string}`
>;

/** What was asked of the hub when it refused. */
export type Occasion = "token" | "connection" | "link" | "message" | "command" | "identity" | "twin" | "method";

/** The hub's refusal as it came, over either protocol. */
export interface Refusal {
  /** AMQP error condition. */
  readonly condition?: string;
  /** HTTP status, or the `status-code` of a put-token answer. */
  readonly status?: number;
  /** Value of `iothub-errorcode`, or the name in the body. */
  readonly name?: string;
  /** The hub's own words. */
  readonly text: string;
  /** Seconds, where the answer names them. */
  readonly retryAfter?: number;
}

export interface Row {
  readonly number?: number;
  readonly name?: string;
  readonly words?: RegExp;
  readonly condition?: string;
  readonly status?: number;
  /** Only on these occasions; rows that name theirs go before those that do not. */
  readonly on?: readonly Occasion[];
  readonly code: RefusalCode;
}

const LINK: readonly Occasion[] = ["link", "message", "command"];

export const CLASSIFICATION: readonly Row[] = [
  // Numbers and names of the service's error list.
  { number: 400023, name: "EtagDoesNotMatch", code: "hub_error" },
  { number: 400024, name: "RequestTimedOut", code: "hub_error" },
  { number: 400027, name: "ConnectionForcefullyClosedOnNewConnection", code: "identity_in_use" },
  { number: 400004, name: "ArgumentInvalid", on: ["identity"], code: "device_id_refused" },
  { number: 401001, name: "IotHubNotFound", code: "hub_not_found" },
  { number: 404012, code: "hub_error" },
  // 401002 IotHubUnauthorizedAccess has no row: it may mean the key or a permission, so words and occasion decide.
  { number: 401003, name: "IotHubUnauthorized", code: "key_refused" },
  { number: 403001, name: "IotHubSuspended", code: "hub_error" },
  { number: 403002, name: "IotHubQuotaExceeded", code: "quota_exceeded" },
  { number: 403004, name: "DeviceMaximumQueueDepthExceeded", code: "message_queue_full" },
  { number: 403005, name: "IotHubMaxCbsTokenExceeded", code: "hub_error" },
  { number: 403010, name: "OperationNotAvailableInCurrentTier", code: "not_in_tier" },
  { number: 403012, name: "DeviceDisabled", code: "device_disabled" },
  { number: 404001, name: "DeviceNotFound", code: "identity_missing" },
  { number: 404006, name: "AmqpAddressNotFound", code: "hub_error" },
  { number: 404103, name: "DeviceNotOnline", code: "device_not_online" },
  { number: 404104, name: "DeviceConnectionClosedRemotely", on: ["method"], code: "method_unanswered" },
  { number: 404104, name: "DeviceConnectionClosedRemotely", code: "outcome_unknown" },
  { number: 409001, name: "DeviceAlreadyExists", code: "hub_error" },
  { number: 409002, name: "LinkCreationConflict", code: "identity_in_use" },
  { number: 412001, name: "PreconditionFailed", code: "hub_error" },
  { number: 400004, name: "ArgumentInvalid", on: ["method"], code: "method_refused" },
  { number: 413001, name: "MessageTooLarge", on: ["method"], code: "method_refused" },
  { number: 413001, name: "MessageTooLarge", on: ["twin"], code: "twin_refused" },
  { number: 413001, name: "MessageTooLarge", code: "message_too_large" },
  // The registry is full: only this device waits, the others go on.
  { number: 413002, name: "TooManyDevices", code: "registry_full" },
  { number: 429000, name: "GenericTooManyRequests", code: "throttled" },
  { number: 429001, name: "ThrottlingException", code: "throttled" },
  { number: 429002, name: "ThrottleBacklogLimitExceeded", code: "throttled" },
  { number: 429003, name: "ThrottlingBacklogTimeout", code: "throttled" },
  { number: 429004, name: "ThrottlingMaxActiveJobCountExceeded", code: "throttled" },
  { number: 429005, name: "DeviceThrottlingLimitExceeded", code: "throttled" },
  { number: 500001, name: "ServerError", code: "hub_error" },
  { number: 503001, name: "ServiceUnavailable", code: "hub_error" },
  { number: 503005, name: "ServerBusy", code: "throttled" },
  { number: 503008, name: "ReceiveLinkOpensThrottled", code: "throttled" },
  { number: 504101, name: "GatewayTimeout", on: ["method"], code: "method_unanswered" },
  { number: 504101, name: "GatewayTimeout", code: "hub_error" },

  // Words, where condition or status alone would mislead.
  { words: /\bdevice\b.*\bdisabled\b|\bdisabled\b.*\bdevice\b/i, on: LINK, code: "device_disabled" },
  { words: /\bip[ -]?filter|not allowed .*\bip\b|public network access/i, code: "hub_unreachable" },
  { words: /\bnew connection\b|\bstolen\b/i, on: LINK, code: "identity_in_use" },
  { words: /invalid ?signature|\bsignature (?:is|was|does|mismatch)|\bmatch the signature/i, code: "key_refused" },
  { words: /\b(?:needs?|lacks?|missing|required?) .*\bpermissions?\b/i, code: "permission_missing" },

  // AMQP conditions.
  { condition: "amqp:not-found", on: LINK, code: "identity_missing" },
  { condition: "amqp:not-found", on: ["connection", "token"], code: "hub_not_found" },
  // The token was taken, so the key is right: the policy lacks DeviceConnect.
  { condition: "amqp:unauthorized-access", on: LINK, code: "permission_missing" },
  { condition: "amqp:unauthorized-access", code: "key_refused" },
  // A device's queue in the hub holds 50 messages.
  { condition: "amqp:resource-limit-exceeded", on: ["command"], code: "message_queue_full" },
  { condition: "amqp:resource-limit-exceeded", on: LINK, code: "quota_exceeded" },
  { condition: "amqp:link:message-size-exceeded", code: "message_too_large" },
  { condition: "amqp:link:stolen", code: "identity_in_use" },
  // The hub moves a device elsewhere: only its own messages are in doubt.
  { condition: "amqp:link:detach-forced", code: "outcome_unknown" },
  { condition: "amqp:connection:forced", code: "hub_unreachable" },
  { condition: "amqp:internal-error", code: "hub_error" },
  { condition: "com.microsoft:timeout", on: LINK, code: "outcome_unknown" },
  { condition: "com.microsoft:timeout", code: "hub_error" },
  { condition: "com.microsoft:server-busy", code: "throttled" },
  { condition: "com.microsoft:device-container-throttled", code: "throttled" },
  { condition: "com.microsoft:quota-exceeded", code: "quota_exceeded" },
  { condition: "com.microsoft:link-creation-conflict", code: "identity_in_use" },
  { condition: "com.microsoft:iot-hub-not-found-error", code: "hub_not_found" },
  { condition: "com.microsoft:iot-hub-suspended", code: "hub_error" },
  { condition: "com.microsoft:device-disabled", code: "device_disabled" },
  { condition: "com.microsoft:message-too-large", code: "message_too_large" },

  // HTTP statuses and put-token answers.
  { status: 400, on: ["token"], code: "key_refused" },
  { status: 400, on: ["identity"], code: "device_id_refused" },
  { status: 400, on: ["twin"], code: "twin_refused" },
  { status: 400, on: ["method"], code: "method_refused" },
  { status: 401, code: "key_refused" },
  { status: 403, on: ["token"], code: "permission_missing" },
  { status: 403, code: "permission_missing" },
  { status: 404, on: ["token"], code: "hub_not_found" },
  { status: 404, on: ["twin"], code: "identity_missing" },
  { status: 404, on: ["method"], code: "device_not_online" },
  { status: 413, on: ["twin"], code: "twin_refused" },
  { status: 413, on: ["method"], code: "method_refused" },
  { status: 504, on: ["method"], code: "method_unanswered" },
  { status: 413, code: "message_too_large" },
  { status: 429, code: "throttled" },
];

const LEADS: Readonly<Record<RefusalCode, string>> = {
  hub_not_found: "There is no such IoT Hub",
  hub_address_refused: "The hub's address is not allowed",
  hub_unreachable: "The hub ended the connection",
  hub_tls_failed: "The secure connection failed",
  key_refused: "The hub refused the policy's name or key",
  permission_missing: "The policy lacks a permission for this",
  throttled: "The hub limits the rate",
  quota_exceeded: "The hub's quota is used up",
  hub_error: "The hub has trouble of its own",
  outcome_unknown: "The hub did not say whether it took the message",
  identity_missing: "The hub has no identity for this device",
  identity_in_use: "Another connection uses this device identity",
  device_disabled: "The device is disabled in the hub",
  device_id_refused: "The hub refused the device id",
  message_too_large: "The message is too large for the hub",
  message_refused: "The hub refused it for good",
  not_in_tier: "The hub's tier does not offer this",
  twin_refused: "The hub refused the change of the twin",
  message_queue_full: "Too many messages wait in the hub for this device",
  registry_full: "The hub holds as many devices as it can",
  device_not_online: "The device is not connected to the hub",
  method_unanswered: "The device did not answer in time",
  method_refused: "The hub refused the call",
};

/** Where what no row knows is the message's own fault. */
const REFUSABLE: ReadonlySet<Occasion> = new Set<Occasion>(["message", "command"]);

/** Turns a refusal into a failure. What no row knows is the message's fault when one message was rejected, else the hub's. */
export function classifyRefusal(refusal: Refusal, occasion: Occasion, now: number): Failure {
  const code = lookUp(refusal, occasion) ?? (REFUSABLE.has(occasion) ? "message_refused" : "hub_error");
  const number = numberIn(refusal);
  const hubCode =
    number === undefined ? (refusal.name ?? refusal.condition ?? refusal.status?.toString()) : `${number}`;
  const notBefore = code === "quota_exceeded" ? nextUtcMidnight(now) : waitOf(refusal, now);
  const words = scrub(refusal.text);
  return {
    code,
    message: words === "" ? `${LEADS[code]}.` : `${LEADS[code]}: ${words}`,
    ...(hubCode === undefined ? {} : { hubCode }),
    ...(notBefore === undefined ? {} : { notBefore }),
  };
}

/** The hub's older form of words, `ErrorCode:{Name};{words}`; other text is left as it is. */
export function splitWords(text: string): { readonly name?: string; readonly text: string } {
  const parts = /^ErrorCode:\s*(\w+)\s*;?\s*(.*)$/s.exec(text);
  return parts?.[1] === undefined ? { text } : { name: parts[1], text: parts[2] ?? "" };
}

function lookUp(refusal: Refusal, occasion: Occasion): RefusalCode | undefined {
  const number = numberIn(refusal);
  const matchers: readonly ((row: Row) => boolean)[] = [
    (row) => number !== undefined && row.number === number,
    (row) => refusal.name !== undefined && row.name === refusal.name,
    (row) => row.words?.test(refusal.text) === true,
    (row) => refusal.condition !== undefined && row.condition === refusal.condition,
    (row) => refusal.status !== undefined && row.status === refusal.status,
  ];
  for (const matches of matchers) {
    const rows = CLASSIFICATION.filter((row) => matches(row) && (row.on?.includes(occasion) ?? true));
    const row = rows.find(({ on }) => on !== undefined) ?? rows[0];
    if (row !== undefined) return row.code;
  }
  return undefined;
}

// `errorCode: 404001`, `(404001)` or bare; six digits of which the first three are an HTTP error status.
function numberIn({ name, text }: Refusal): number | undefined {
  const digits = /(?<![\w.])[45]\d{2}[0-3]\d{2}(?![\w.])/.exec(`${name ?? ""} ${text}`)?.[0];
  return digits === undefined ? undefined : Number(digits);
}

function waitOf({ retryAfter }: Refusal, now: number): number | undefined {
  return retryAfter === undefined || !(retryAfter >= 0) ? undefined : now + retryAfter * 1000;
}

/** The daily quota starts anew at midnight UTC. */
export function nextUtcMidnight(now: number): number {
  return Math.floor(now / 86_400_000) * 86_400_000 + 86_400_000;
}

/** One line of printable text, without anything that looks like a token or key. */
export function scrub(text: string): string {
  return text
    .replace(/SharedAccess(?:Signature|Key)\b[ =][^\s"']*/gi, "(secret)")
    .replace(/\b(?:sig|skn)=[^&\s"']+/gi, "(secret)")
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ")
    .trim()
    .slice(0, 300);
}
