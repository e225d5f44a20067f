/** Writes how a try ended. A settlement must be on disk before its lane goes on: that is what keeps the order. */
import type { Clock } from "../core/clock.ts";
import type { Settlement } from "../core/delivery.ts";
import type { Log } from "../core/log.ts";
import type { DeliveryQueue } from "../core/ports.ts";

const AGAIN_AFTER_MS = 1_000;

export interface SettlingOptions {
  readonly queue: DeliveryQueue;
  readonly clock: Clock;
  readonly log: Log;
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

  /** Resolves when the settlement is on disk; while the disk is full it keeps trying. Rejects only while stopping. */
  async write(settlement: Settlement): Promise<void> {
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
