/**
 * Deletes devices in their hubs: those of Things that were deleted here, and those that a crash left behind while a Thing
 * was made. Noted in the store, tried until it is done; a hub that takes nothing holds up no other.
 */
import { backoffMs, type Backoff, type Random } from "../core/backoff.ts";
import type { Clock } from "../core/clock.ts";
import { FAILURES, fail, type Failure } from "../core/failure.ts";
import type { Log } from "../core/log.ts";
import type { HubRemoval, HubRemovals } from "../core/state-store.ts";
import { grouped } from "./grouped.ts";
import type { MirrorHub } from "./mirror-hub.ts";

const RETRY: Backoff = { firstMs: 2_000, maxMs: 30 * 60_000 };
/** One that concerns the hub as a whole: nobody should wait long when it is back. */
const HUB_RETRY: Backoff = { firstMs: 2_000, maxMs: 60_000 };
/** Looked at in one go. */
const PAGE = 200;
/** Under way at once in one hub; its pace may allow fewer. */
const AT_ONCE = 4;
/** How often it is looked whether one is due. */
const LOOK_MS = 5_000;
/** A removal is in no hurry: it waits for its turn as long as it takes. */
const PATIENCE_MS = 10 * 60_000;

export interface RemovalsOptions {
  readonly store: HubRemovals;
  /** `undefined`: nobody knows where it is. */
  readonly hub: (connectionId: string) => Promise<MirrorHub | undefined>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

interface Held {
  readonly until: number;
  readonly failures: number;
}

export class Removals {
  readonly #options: RemovalsOptions;
  /** By connection and device, so that nobody deletes the same twice at once. */
  readonly #underWay = new Map<string, Promise<Failure | null>>();
  /** Hubs that took nothing the last time, by connection. */
  readonly #held = new Map<string, Held>();
  #callOff: () => void = () => undefined;
  #round: Promise<void> | null = null;
  #isWanted = false;
  #isStopped = true;

  constructor(options: RemovalsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#isStopped = false;
    this.soon();
  }

  /** What is under way ends; the rest stays noted. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#callOff();
    await this.#round;
    await Promise.allSettled(this.#underWay.values());
  }

  /** Something was noted. */
  soon(): void {
    this.#isWanted = true;
    if (this.#isStopped || this.#round !== null) return;
    this.#callOff();
    this.#round = this.#rounds().finally(() => {
      this.#round = null;
    });
  }

  /** The hub's key or address is another one: it is tried at once. */
  retry(connectionId: string): void {
    this.#held.delete(connectionId);
    this.soon();
  }

  /** Does one removal now, should there be one. `null`: none is left to do. */
  async finish(connectionId: string, hubDeviceId: string): Promise<Failure | null> {
    const underWay = this.#underWay.get(keyOf(connectionId, hubDeviceId));
    if (underWay !== undefined) return underWay;
    const removal = await this.#options.store.hubRemoval(connectionId, hubDeviceId);
    if (removal === null) return null;
    const hub = await this.#options.hub(connectionId);
    return hub === undefined ? unknownHub(connectionId) : this.#remove(hub, removal);
  }

  /** Never rejects: a store that fails ends the process by itself. */
  async #rounds(): Promise<void> {
    const { clock, log } = this.#options;
    try {
      while (this.#isWanted && !this.#isStopped) {
        this.#isWanted = false;
        if ((await this.#removeDue()) === PAGE) this.#isWanted = true;
      }
    } catch (error) {
      log.warn({ reason: String(error) }, "removal.not_looked");
    }
    if (!this.#isStopped) this.#callOff = clock.after(LOOK_MS, () => this.soon());
  }

  async #removeDue(): Promise<number> {
    const { store, clock } = this.#options;
    const without = [...this.#held].filter(([, { until }]) => until > clock.elapsed()).map(([id]) => id);
    const due = await store.hubRemovals({ dueAt: clock.now(), limit: PAGE, without });
    const byHub = grouped(due, ({ connectionId }) => connectionId);
    await Promise.all([...byHub].map(async ([connectionId, removals]) => this.#removeIn(connectionId, removals)));
    return due.length;
  }

  async #removeIn(connectionId: string, removals: readonly HubRemoval[]): Promise<void> {
    const hub = await this.#options.hub(connectionId);
    if (hub === undefined) return this.#hold(removals[0]!, unknownHub(connectionId));
    const left = [...removals];
    const work = async (): Promise<void> => {
      for (let removal = left.shift(); removal !== undefined && !this.#isStopped; removal = left.shift()) {
        const failure = await (this.#underWay.get(keyOf(connectionId, removal.hubDeviceId)) ??
          this.#remove(hub, removal));
        if (failure !== null && concernsHub(failure)) left.length = 0;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  #remove(hub: MirrorHub, removal: HubRemoval): Promise<Failure | null> {
    const key = keyOf(removal.connectionId, removal.hubDeviceId);
    const removing = this.#removeOne(hub, removal).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, removing);
    return removing;
  }

  async #removeOne(hub: MirrorHub, removal: HubRemoval): Promise<Failure | null> {
    const { store, random, log } = this.#options;
    const { connectionId, hubDeviceId, attempts } = removal;
    const removed = await hub.registry.run(() => hub.twins.deleteDevice(hubDeviceId), PATIENCE_MS);
    if (removed.ok) {
      this.#held.delete(connectionId);
      await store.hubRemovalDone(connectionId, hubDeviceId);
      log.info({ connectionId, deviceId: hubDeviceId, attempts: attempts + 1 }, "removal.done");
      return null;
    }
    const { failure } = removed;
    if (concernsHub(failure)) await this.#hold(removal, failure);
    else await this.#failed(removal, failure, backoffMs(RETRY, attempts + 1, random));
    log.warn({ connectionId, deviceId: hubDeviceId, code: failure.code, reason: failure.message }, "removal.failed");
    return failure;
  }

  async #hold(removal: HubRemoval, failure: Failure): Promise<void> {
    const { clock, random } = this.#options;
    const held = this.#held.get(removal.connectionId);
    // Of those that failed together only the first lengthens the wait.
    const isNew = held === undefined || held.until <= clock.elapsed();
    const failures = (held?.failures ?? 0) + (isNew ? 1 : 0);
    const wait = backoffMs(HUB_RETRY, failures, random);
    if (isNew) this.#held.set(removal.connectionId, { until: clock.elapsed() + wait, failures });
    await this.#failed(removal, failure, wait);
  }

  async #failed(removal: HubRemoval, failure: Failure, waitMs: number): Promise<void> {
    const retryAt = Math.max(this.#options.clock.now() + Math.ceil(waitMs), failure.notBefore ?? 0);
    const attempts = removal.attempts + 1;
    await this.#options.store.hubRemovalFailed({ ...removal, attempts, retryAt, reason: failure.message });
  }
}

function concernsHub({ code }: Failure): boolean {
  return FAILURES[code].scope === "hub";
}

function unknownHub(connectionId: string): Failure {
  return fail("hub_unreachable", `The hub of the connection ${connectionId} is not running, or has not said where.`)
    .failure;
}

function keyOf(connectionId: string, hubDeviceId: string): string {
  return `${connectionId} ${hubDeviceId}`;
}
