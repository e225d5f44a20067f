/** Deliveries, their tries and their causes as the API shows them. */
import type {
  Attempt,
  DeliveryDetail,
  FailureGroup,
  LogRecord,
  NamedLedger,
  Replay,
  SeriesPoint,
} from "../core/delivery-history.ts";
import type { DeliveryRecord, Ledger } from "../core/delivery.ts";
import type { Exchange } from "../core/exchange.ts";
import { FAILURES, type Failure, type FailureCode } from "../core/failure.ts";
import { isoTime } from "./particle/iso-time.ts";

type Json = Record<string, unknown>;

export function ledgerJson(ledger: Ledger): Record<string, number> {
  const { accepted, delivered, pending, parked, expired, erased } = ledger;
  return { accepted, delivered, pending, parked, expired, erased };
}

/** The accounts of an integration that is there or was deleted. */
export function namedLedgerJson({
  integrationId,
  name,
  event,
  scope,
  deletedAt,
  ledger,
  expiredBy,
}: NamedLedger): Json {
  return {
    integration_id: integrationId,
    name,
    event,
    ...(scope.kind === "product" && { product_id: scope.productId }),
    deleted_at: isoTime(deletedAt),
    ledger: ledgerJson(ledger),
    expired_by: expiredBy,
  };
}

export function deliveryJson(record: DeliveryRecord): Json {
  return {
    id: record.id,
    event_id: record.eventId,
    event: record.event,
    device_id: record.deviceId,
    state: record.state,
    seq: record.seq,
    attempts: record.attempts,
    accepted_at: isoTime(record.acceptedAt),
    settled_at: isoTime(record.settledAt),
    next_attempt_at: isoTime(record.nextAttemptAt),
    ...problemJson(record.failure),
    reason: record.reason?.kind ?? null,
    note: record.reason?.note ?? null,
    replay_id: record.replayId,
  };
}

/** With the event itself and the newest tries. */
export function deliveryDetailJson({ record, event, attempts }: DeliveryDetail): Json {
  return {
    ...deliveryJson(record),
    data: event.data,
    content_type: event.contentType,
    product_id: event.productId,
    fw_version: event.firmwareVersion,
    published_at: isoTime(event.publishedAt),
    received_at: isoTime(event.receivedAt),
    attempts_log: attempts.map(attemptJson),
  };
}

/** A line of an integration's log. */
export function logJson(record: LogRecord): Json {
  return {
    id: record.deliveryId,
    event_id: record.eventId,
    event: record.event,
    device_id: record.deviceId,
    ...attemptJson(record),
  };
}

export function failureGroupJson(group: FailureGroup): Json {
  const { code, message, parked, waiting, seen, firstAt, lastAt, sampleId } = group;
  return {
    code,
    message,
    count: parked + waiting,
    parked,
    waiting,
    seen,
    first_at: isoTime(firstAt),
    last_at: isoTime(lastAt),
    sample_delivery: sampleId,
    next_step: nextStep(code),
  };
}

export function replayJson(replay: Replay): Json {
  const { id, state, from, to, deviceId, event, queued, delivered, parked, expired, createdAt, endedAt } = replay;
  return {
    id,
    state,
    from: isoTime(from),
    to: isoTime(to),
    device_id: deviceId,
    event,
    queued,
    delivered,
    parked,
    expired,
    waiting: Math.max(0, queued - delivered - parked - expired),
    created_at: isoTime(createdAt),
    ended_at: isoTime(endedAt),
  };
}

export function seriesJson({ time, accepted, success, failure }: SeriesPoint): Json {
  return { time: isoTime(time), accepted, success, failure };
}

function attemptJson({ at, outcome, failure, exchange }: Attempt): Json {
  return {
    time: isoTime(at),
    outcome,
    success: outcome === "delivered",
    ...exchangeJson(exchange),
    ...problemJson(failure),
  };
}

export function exchangeJson(exchange: Exchange | null): Json {
  if (exchange === null) return { request: null, response: null, status: null, duration_ms: null };
  const { request, response, status = null, durationMs } = exchange;
  return { request, response, status, duration_ms: Math.round(durationMs) };
}

function problemJson(failure: Failure | null): Json {
  if (failure === null) return { error: null, code: null, hub_code: null, next_step: null };
  const { message, code, hubCode = null } = failure;
  return { error: message, code, hub_code: hubCode, next_step: nextStep(code) };
}

/** Rows may hold codes that a newer release wrote. */
function nextStep(code: string): string | null {
  return (FAILURES as Partial<typeof FAILURES>)[code as FailureCode]?.nextStep ?? null;
}
