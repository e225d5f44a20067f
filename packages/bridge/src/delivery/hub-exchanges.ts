/**
 * What went to a hub and what it said, for an integration's log. The log keeps a few of each kind only, so a busy
 * integration gives samples: writing every message twice would cost more than sending it.
 */
import type { Clock } from "../core/clock.ts";
import type { Exchange } from "../core/exchange.ts";
import type { Outcome } from "../core/failure.ts";
import type { HubMessage } from "../core/hub-client.ts";
import { Recent } from "../core/recent.ts";

/** Between two samples of an integration that ended alike. */
const EVERY_MS = 1_000;
/** Integrations of one hub whose last samples are remembered. */
const MAX_INTEGRATIONS = 1_000;
const LONGEST_TEXT = 2_048;

interface Last {
  delivered: number;
  failed: number;
}

/** A message that was tried. */
interface Sent {
  readonly integrationId: string;
  /** The device's id in the hub. */
  readonly deviceId: string;
  readonly message: HubMessage;
  readonly outcome: Outcome;
  /** On the growing clock. */
  readonly startedAt: number;
}

export class HubExchanges {
  readonly #clock: Clock;
  /** By integration, on the growing clock: when the last sample was taken. */
  readonly #last = new Recent<string, Last>(MAX_INTEGRATIONS);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The outcome with its exchange, when it is time for one. */
  sample({ integrationId, deviceId, message, outcome, startedAt }: Sent): Outcome {
    const now = this.#clock.elapsed();
    let last = this.#last.get(integrationId);
    if (last === undefined) this.#last.set(integrationId, (last = { delivered: -Infinity, failed: -Infinity }));
    if (now - last[outcome.kind] < EVERY_MS) return outcome;
    last[outcome.kind] = now;
    return { ...outcome, exchange: exchangeOf(deviceId, message, outcome, now - startedAt) };
  }
}

function exchangeOf(deviceId: string, message: HubMessage, outcome: Outcome, durationMs: number): Exchange {
  const { messageId, contentType, properties, body } = message;
  const head = { device_id: deviceId, message_id: messageId, content_type: contentType, properties };
  const start = Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, LONGEST_TEXT));
  const request = `${JSON.stringify(head)}\n${start.toString("utf8")}`;
  if (outcome.kind === "delivered") {
    return { request: cut(request), response: "The hub accepted the message.", status: "accepted", durationMs };
  }
  const { code, hubCode, message: words } = outcome.failure;
  return { request: cut(request), response: cut(words), status: hubCode ?? code, durationMs };
}

function cut(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1)}…` : text;
}
