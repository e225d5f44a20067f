/**
 * Asks the server's default hub whether it takes us before it has any device: a wrong name or key is told at the start and
 * not by the first Thing that cannot be made. A look into the registry costs nothing of a hub's quota.
 */
import type { Clock } from "../core/clock.ts";
import { FAILURES, type Failure } from "../core/failure.ts";
import type { Log } from "../core/log.ts";
import type { MirrorHub } from "./mirror-hub.ts";

const AGAIN_AFTER_TROUBLE_MS = 60_000;
const AGAIN_MS = 15 * 60_000;
const PATIENCE_MS = 30_000;
/** No device of anybody's. */
const NOBODY = "isthmus-looks-whether-the-hub-answers";

export interface HubProbeOptions {
  readonly connectionId: string;
  readonly hostName: () => Promise<string>;
  /** `undefined`: nobody knows where it is. */
  readonly hub: () => Promise<MirrorHub | undefined>;
  /** False once there are devices: writing, reading and comparing tell more. */
  readonly isNeeded: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

export class HubProbe {
  readonly connectionId: string;
  readonly #options: HubProbeOptions;
  #failure: Failure | null = null;
  #isStopped = false;
  #callOff: () => void = () => undefined;

  constructor(options: HubProbeOptions) {
    this.#options = options;
    this.connectionId = options.connectionId;
  }

  /** Why it does not take us, as far as it was asked. */
  get failure(): Failure | null {
    return this.#options.isNeeded() ? this.#failure : null;
  }

  /** Nobody waits for the answer. */
  start(): void {
    void this.#look();
  }

  /** An ask under way ends with the hub's client. */
  stop(): void {
    this.#isStopped = true;
    this.#callOff();
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const { clock, log, connectionId } = this.#options;
    try {
      const failure = await this.#ask();
      if (!this.#isStopped) await this.#told(failure);
    } catch (error) {
      log.warn({ connectionId, reason: String(error) }, "hub.not_asked");
    }
    if (this.#isStopped) return;
    this.#callOff = clock.after(this.#failure === null ? AGAIN_MS : AGAIN_AFTER_TROUBLE_MS, () => void this.#look());
  }

  async #ask(): Promise<Failure | null> {
    const { hub: opened, isNeeded } = this.#options;
    const hub = isNeeded() ? await opened() : undefined;
    if (hub === undefined) return null;
    const answer = await hub.registry.run(() => hub.twins.device(NOBODY), PATIENCE_MS);
    return answer.ok ? null : answer.failure;
  }

  async #told(failure: Failure | null): Promise<void> {
    const { log, connectionId, hostName, isNeeded } = this.#options;
    const former = this.#failure;
    this.#failure = failure;
    if (failure?.code === former?.code || !isNeeded()) return;
    const hub = await hostName();
    if (failure === null) log.info({ connectionId, hub }, "hub.answered");
    else {
      const { code, message: reason } = failure;
      log.warn({ connectionId, hub, code, reason, nextStep: FAILURES[code].nextStep }, "hub.refused");
    }
  }
}
