/**
 * Writes device names into twins, one write at a time per device, so that an older name never lands after a newer one.
 * A failure is logged and tried again with a later event; it is nobody else's trouble.
 */
import type { Clock } from "../core/clock.ts";
import type { HubClient } from "../core/hub-client.ts";
import type { Failure } from "../core/failure.ts";
import type { Log } from "../core/log.ts";
import { Recent } from "../core/recent.ts";
import { backoffMs, type Backoff, type Random } from "../core/backoff.ts";

const NAME_RETRY: Backoff = { firstMs: 5_000, maxMs: 10 * 60_000 };
/** A hub without twins has them only after a change of its tier. */
const NO_TWINS_MS = 60 * 60_000;

export interface NameSyncOptions {
  readonly connectionId: string;
  readonly client: Pick<HubClient, "patchDesired">;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The twin has the name now. */
  readonly onWritten: (deviceId: string, generationId: string, name: string | null) => Promise<void>;
}

/** Devices whose name could not be written, in memory at most. Who is forgotten is tried again sooner. */
const MAX_TROUBLES = 100_000;

/** Of a device whose last write has failed. */
interface Trouble {
  readonly failures: number;
  /** On the growing clock. */
  readonly retryAt: number;
}

export class NameSync {
  readonly #options: NameSyncOptions;
  readonly #troubles = new Recent<string, Trouble>(MAX_TROUBLES);
  readonly #writing = new Map<string, Promise<void>>();
  #failure: Failure | null = null;
  /** On the growing clock: the hub has no twins, and is not asked before. */
  #noneUntil = Number.NEGATIVE_INFINITY;

  constructor(options: NameSyncOptions) {
    this.#options = options;
  }

  /** Why the last name that was tried is not written; `null` when it is. */
  get failure(): Failure | null {
    return this.#failure;
  }

  /** Whether an event of the device may start a write: none is under way and the last failure is long enough ago. */
  mayWrite(deviceId: string): boolean {
    const retryAt = this.#troubles.get(deviceId)?.retryAt ?? Number.NEGATIVE_INFINITY;
    return !this.#writing.has(deviceId) && this.#options.clock.elapsed() >= Math.max(retryAt, this.#noneUntil);
  }

  /** Resolves when the name is written or has failed, after earlier writes of the device. Never rejects. */
  write(deviceId: string, generationId: string, name: string | null): Promise<void> {
    const former = this.#writing.get(deviceId) ?? Promise.resolve();
    const write = former
      .then(() => this.#write(deviceId, generationId, name))
      .finally(() => {
        if (this.#writing.get(deviceId) === write) this.#writing.delete(deviceId);
      });
    this.#writing.set(deviceId, write);
    return write;
  }

  forget(deviceId: string): void {
    this.#troubles.delete(deviceId);
  }

  async #write(deviceId: string, generationId: string, name: string | null): Promise<void> {
    const { connectionId, client, log, onWritten, clock, random } = this.#options;
    if (clock.elapsed() < this.#noneUntil) return;
    try {
      const written = await client.patchDesired(deviceId, { deviceName: name });
      if (written.ok) {
        this.#troubles.delete(deviceId);
        this.#failure = null;
        return await onWritten(deviceId, generationId, name);
      }
      const { code, message } = written.failure;
      this.#failure = written.failure;
      if (code === "not_in_tier") this.#noneUntil = clock.elapsed() + NO_TWINS_MS;
      log.warn({ deviceId, connectionId, code, reason: message }, "identity.name_not_written");
    } catch (error) {
      log.warn({ deviceId, connectionId, reason: String(error) }, "identity.name_not_recorded");
    }
    const failures = (this.#troubles.get(deviceId)?.failures ?? 0) + 1;
    this.#troubles.set(deviceId, { failures, retryAt: clock.elapsed() + backoffMs(NAME_RETRY, failures, random) });
  }
}
