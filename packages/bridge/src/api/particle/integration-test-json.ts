import { FAILURES } from "../../core/failure.ts";
import type { Arrival, TestReport } from "../../core/integration-test.ts";
import { messageSize } from "../../message/message-size.ts";
import { exchangeJson } from "../delivery-json.ts";
import { messageJson } from "./message-json.ts";
import { isoTime } from "./iso-time.ts";

/** The clients read `pass`, `data` and `error`; the rest says what was tried, what was sent, and whether it arrived. */
export function testJson(report: TestReport): Record<string, unknown> {
  const { pass, failure, steps, sent, arrival, exchange } = report;
  const more = {
    steps,
    device_id: sent?.deviceId ?? null,
    message: sent === null ? null : messageJson(sent.message, messageSize(sent.message)),
    arrival: arrival === null ? null : arrivalJson(arrival),
    ...(exchange !== undefined && { exchange: exchangeJson(exchange) }),
  };
  if (pass || failure === null) return { pass, data: exchange?.response ?? outcomeText(arrival), ...more };
  const { nextStep } = FAILURES[failure.code];
  return {
    pass,
    data: null,
    error: `${failure.message} ${nextStep}`,
    code: failure.code,
    hub_code: failure.hubCode ?? null,
    next_step: nextStep,
    ...more,
  };
}

function outcomeText(arrival: Arrival | null): string {
  if (arrival === null) return "The hub took the message.";
  if (!arrival.seen) return `The hub took the message. ${arrival.why}`;
  return `The hub took the message, and it was read back from partition ${arrival.partitionId} after ${arrival.afterMs} ms.`;
}

function arrivalJson(arrival: Arrival): Record<string, unknown> {
  if (!arrival.seen) return { seen: false, why: arrival.why };
  return {
    seen: true,
    partition: arrival.partitionId,
    sequence_number: arrival.sequenceNumber,
    enqueued_time: isoTime(arrival.enqueuedTime),
    after_ms: arrival.afterMs,
  };
}
