/** Writes how a try ended. A settlement must be on disk before its lane goes on: that is what keeps the order. */
import type { Clock } from "../core/clock.ts";
import type { PendingDelivery, Settlement } from "../core/delivery.ts";
import type { Exchange } from "../core/exchange.ts";
import type { Failure } from "../core/failure.ts";
import type { Metered } from "../core/hub-meter.ts";
import type { Log } from "../core/log.ts";
import type { DeliveryQueue } from "../core/delivery-queue.ts";

const AGAIN_AFTER_MS = 1_000;

export interface SettlingOptions {
  readonly queue: DeliveryQueue;
  readonly clock: Clock;
  readonly log: Log;
}

interface NextTry {
  readonly waitMs: number;
  readonly exchange?: Exchange | undefined;
  /** Whether it was a try of the message itself. */
  readonly counts: boolean;
}

export class Settling {
  readonly #options: SettlingOptions;
  #stopping = false;

  constructor(options: SettlingOptions) {
    this.#options = options;
  }

  /** From now on a write that fails is not repeated: the delivery stays pending. */
  stop(): void {
    this.#stopping = true;
  }

  /** Like all of these: resolves when the settlement is on disk, and rejects only while stopping. */
  delivered({ id, integrationId }: PendingDelivery, exchange?: Exchange, metered?: Metered): Promise<void> {
    const at = this.#options.clock.now();
    const more = { ...(exchange && { exchange }), ...(metered && { metered }) };
    return this.#write({ kind: "delivered", id, integrationId, at, ...more });
  }

  parked({ id, integrationId, event }: PendingDelivery, failure: Failure, exchange?: Exchange): Promise<void> {
    const { log, clock } = this.#options;
    const { code, message } = failure;
    log.warn({ deliveryId: id, deviceId: event.deviceId, code, reason: message }, "delivery.parked");
    return this.#write({ kind: "parked", id, integrationId, at: clock.now(), failure, ...(exchange && { exchange }) });
  }

  /** The target as a whole said no: for the integration's log. The delivery waits as it did; its lane need not. */
  async held({ id, integrationId }: PendingDelivery, failure: Failure, exchange?: Exchange): Promise<void> {
    const at = this.#options.clock.now();
    const more = exchange && { exchange };
    // Not repeated: the next probe writes the next one.
    await this.#options.queue.settle({ kind: "held", id, integrationId, at, failure, ...more }).catch(() => undefined);
  }

  /** The try has failed; the next one comes after `waitMs`. */
  retry(delivery: PendingDelivery, failure: Failure, { waitMs, exchange, counts }: NextTry): Promise<void> {
    const { id, integrationId, event, attempts } = delivery;
    const { log, clock } = this.#options;
    const at = clock.now();
    log.info(
      {
        deliveryId: id,
        deviceId: event.deviceId,
        code: failure.code,
        reason: failure.message,
        waitMs: Math.round(waitMs),
      },
      "delivery.waits",
    );
    const nextAttemptAt = Math.round(at + waitMs);
    const next = { nextAttemptAt, attempts: counts ? attempts + 1 : attempts, ...(exchange && { exchange }) };
    return this.#write({ kind: "retry", id, integrationId, at, failure, ...next });
  }

  /** While the disk is full it keeps trying: a lane must not go on before. */
  async #write(settlement: Settlement): Promise<void> {
    const { queue, clock, log } = this.#options;
    for (;;) {
      try {
        return await queue.settle(settlement);
      } catch (error) {
        if (this.#stopping) throw error;
        log.error({ deliveryId: settlement.id, reason: String(error) }, "settlement.not_written");
        await new Promise<void>((resolve) => clock.after(AGAIN_AFTER_MS, resolve));
      }
    }
  }
}
