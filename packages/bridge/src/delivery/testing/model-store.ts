/**
 * A store in memory that keeps the promises of `core/ports` and nothing more: calls gather into groups, a group happens
 * all at once or (disk full) not at all, and answers come later, in order, all answers of a group in one turn.
 *
 * It outlives its users: each process of a simulation talks to it through a session, and a session that has ended gets
 * no answers.
 */
import type { Clock } from "../../core/clock.ts";
import type { DeliveryState, Ledger, PendingDelivery, Settlement } from "../../core/delivery.ts";
import type { DeviceEvent } from "../../core/device-event.ts";
import type { Failure } from "../../core/failure.ts";
import type { Identities, KnownIdentity } from "../../core/identities.ts";
import type { DeliveryQueue, EventLog } from "../../core/delivery-queue.ts";
import type { Dice } from "./dice.ts";

/** A delivery as the store keeps it. */
export interface StoredDelivery {
  readonly pending: PendingDelivery;
  state: DeliveryState;
  attempts: number;
  failure: Failure | null;
  /** It was parked at some time: its order is free from then on. */
  wasParked: boolean;
  /** On which it was delivered. */
  day: string | null;
}

export interface StoreSession extends DeliveryQueue, Pick<EventLog, "append">, Identities {
  retryParked(integrationId: string): Promise<readonly string[]>;
  expirePending(integrationId: string): Promise<void>;
  /** The process is gone: calls that have not happened never happen, answers never come. */
  end(): void;
}

interface Call {
  readonly happen: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
  readonly isAlive: () => boolean;
}

export interface ModelStoreOptions {
  readonly clock: Clock;
  readonly dice: Dice;
  /** Longest virtual time that a flush takes, in milliseconds. */
  readonly flushMs?: number;
  readonly onSettled?: (settlement: Settlement, delivery: StoredDelivery) => void;
}

export class ModelStore {
  readonly deliveries: StoredDelivery[] = [];
  diskFull = false;
  readonly #options: ModelStoreOptions;
  readonly #lanes = new Map<string, StoredDelivery[]>();
  readonly #identities = new Map<string, Map<string, KnownIdentity>>();
  readonly #losses = new Map<string, number>();
  #waiting: Call[] = [];
  #flushing = false;

  constructor(options: ModelStoreOptions) {
    this.#options = options;
  }

  session(): StoreSession {
    let alive = true;
    const call = <T>(happen: () => T): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        this.#waiting.push({ happen, resolve: resolve as (value: never) => void, reject, isAlive: () => alive });
        this.#schedule();
      });
    return {
      // One promise more than the reads have, as in a store that dresses what its worker answers.
      append: async (event, integrationIds) => {
        const placed = await call(() => this.#append(event, integrationIds));
        return placed.map(({ pending }) => pending);
      },
      devicesWithPending: (integrationId, after, limit) =>
        call(() => this.#devicesWithPending(integrationId, after, limit)),
      pending: (integrationId, deviceId, afterSeq, limit) =>
        call(() => this.#pending(integrationId, deviceId, afterSeq, limit)),
      deliveredOn: (integrationId, day) =>
        call(() => this.deliveries.filter((d) => d.pending.integrationId === integrationId && d.day === day).length),
      settle: (settlement) => call(() => this.#settle(settlement)),
      retryParked: (integrationId) => call(() => this.#retryParked(integrationId)),
      expirePending: (integrationId) => call(() => this.#expirePending(integrationId)),
      identity: (connectionId, deviceId) => call(() => this.#identities.get(connectionId)?.get(deviceId) ?? null),
      saveIdentity: (connectionId, deviceId, { generationId, nameWritten }) =>
        call(() => void this.#identitiesOf(connectionId).set(deviceId, { generationId, nameWritten })),
      identityLost: (connectionId, deviceId, day) =>
        call(() => {
          this.#identities.get(connectionId)?.delete(deviceId);
          const losses = this.#lossesOn(connectionId, deviceId, day) + 1;
          this.#losses.set(`${connectionId} ${deviceId} ${day}`, losses);
          return losses;
        }),
      identityLosses: (connectionId, deviceId, day) => call(() => this.#lossesOn(connectionId, deviceId, day)),
      end: () => {
        alive = false;
      },
    };
  }

  /** All deliveries of a lane, in order of acceptance. */
  lane(integrationId: string, deviceId: string): readonly StoredDelivery[] {
    return this.#lane(integrationId, deviceId);
  }

  ledger(integrationId: string): Ledger {
    const mine = this.deliveries.filter(({ pending }) => pending.integrationId === integrationId);
    const count = (state: DeliveryState): number => mine.filter((delivery) => delivery.state === state).length;
    return {
      accepted: mine.length,
      delivered: count("delivered"),
      pending: count("pending"),
      parked: count("parked"),
      expired: count("expired"),
      erased: 0,
    };
  }

  #schedule(): void {
    if (this.#flushing || this.#waiting.length === 0) return;
    this.#flushing = true;
    const { clock, dice, flushMs = 5 } = this.#options;
    clock.after(dice.random() * flushMs, () => {
      const group = this.#waiting.splice(0).filter((call) => call.isAlive());
      const full = this.diskFull;
      const values = full ? [] : group.map((call) => call.happen());
      clock.after(dice.random() * flushMs, () => {
        this.#flushing = false;
        for (const [i, call] of group.entries()) {
          if (!call.isAlive()) continue;
          if (full) call.reject(new Error("The disk is full."));
          else call.resolve(values[i] as never);
        }
        this.#schedule();
      });
    });
  }

  #append(event: DeviceEvent, integrationIds: readonly string[]): readonly StoredDelivery[] {
    const { deviceId } = event;
    if (deviceId === null) return [];
    return integrationIds.map((integrationId) => {
      const lane = this.#lane(integrationId, deviceId);
      const id = this.deliveries.length + 1;
      const pending = { id, integrationId, event: { ...event, deviceId }, seq: lane.length + 1, attempts: 0 };
      const stored: StoredDelivery = {
        pending,
        state: "pending",
        attempts: 0,
        failure: null,
        wasParked: false,
        day: null,
      };
      this.deliveries.push(stored);
      lane.push(stored);
      return stored;
    });
  }

  #devicesWithPending(integrationId: string, after: string, limit: number): readonly string[] {
    const ids = new Set<string>();
    for (const { pending, state } of this.deliveries) {
      const { deviceId } = pending.event;
      if (state === "pending" && pending.integrationId === integrationId && deviceId > after) ids.add(deviceId);
    }
    return [...ids].toSorted().slice(0, limit);
  }

  #pending(integrationId: string, deviceId: string, afterSeq: number, limit: number): readonly PendingDelivery[] {
    return this.#lane(integrationId, deviceId)
      .filter(({ pending, state }) => state === "pending" && pending.seq > afterSeq)
      .slice(0, limit)
      .map(({ pending, attempts }) => ({ ...pending, attempts }));
  }

  #settle(settlement: Settlement): void {
    const delivery = this.deliveries[settlement.id - 1]!;
    if (delivery.state !== "pending") return;
    this.#options.onSettled?.(settlement, delivery);
    switch (settlement.kind) {
      case "delivered":
        delivery.state = "delivered";
        delivery.day = new Date(settlement.at).toISOString().slice(0, 10);
        delivery.attempts += 1;
        break;
      case "parked":
        delivery.state = "parked";
        delivery.attempts += 1;
        delivery.failure = settlement.failure;
        delivery.wasParked = true;
        break;
      case "retry":
        delivery.attempts = settlement.attempts;
        delivery.failure = settlement.failure;
        break;
      case "held":
        break;
    }
  }

  #retryParked(integrationId: string): readonly string[] {
    const parked = this.deliveries.filter((d) => d.state === "parked" && d.pending.integrationId === integrationId);
    for (const delivery of parked) delivery.state = "pending";
    return [...new Set(parked.map(({ pending }) => pending.event.deviceId))];
  }

  #expirePending(integrationId: string): void {
    for (const delivery of this.deliveries) {
      if (delivery.state === "pending" && delivery.pending.integrationId === integrationId) delivery.state = "expired";
    }
  }

  #lane(integrationId: string, deviceId: string): StoredDelivery[] {
    const key = `${integrationId} ${deviceId}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) this.#lanes.set(key, (lane = []));
    return lane;
  }

  #lossesOn(connectionId: string, deviceId: string, day: string): number {
    return this.#losses.get(`${connectionId} ${deviceId} ${day}`) ?? 0;
  }

  #identitiesOf(connectionId: string): Map<string, KnownIdentity> {
    let known = this.#identities.get(connectionId);
    if (known === undefined) this.#identities.set(connectionId, (known = new Map()));
    return known;
  }
}
