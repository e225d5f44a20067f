/**
 * Scripted faults, set by tests. Fronts and the model ask at each point whether a fault strikes; without a rule that costs
 * one comparison.
 */
import type { HubClock } from "../clock/clock.ts";
import { HubError } from "../errors.ts";
import { parseFaultRule } from "./fault-rule.ts";
import type { FaultEffect, FaultPlace, FaultPoint, FaultRule } from "./fault-rule.ts";

/** What the one who strikes has to do; see `FaultEffect` for what each means. */
export type Strike =
  /** Refuse the operation with this. */
  | { readonly kind: "error"; readonly error: HubError }
  /** Await it, then go on. */
  | { readonly kind: "delay"; readonly over: Promise<void> }
  | { readonly kind: "acceptThenDrop" | "lose" | "silence" | "drop" }
  /** End the AMQP link with this. */
  | { readonly kind: "detach"; readonly error: HubError }
  /** Give no credit until it is over. */
  | { readonly kind: "zeroCredit"; readonly over: Promise<void> };

/** What is known about an operation where a fault could strike it. */
export interface StruckOperation {
  readonly operation?: string;
  readonly deviceId?: string;
  readonly moduleId?: string;
  readonly protocol?: FaultPlace["protocol"];
}

/** A rule as it stands. */
export interface FaultState extends FaultRule {
  readonly id: string;
  /** How many operations it has struck. */
  readonly struck: number;
  /** Whether it can still strike. */
  readonly active: boolean;
}

export interface FaultsOptions {
  readonly clock: HubClock;
  /** Deletes an identity, at once; nothing happens when there is none. */
  readonly forgetIdentity: (deviceId: string, moduleId?: string) => void;
}

const MAX_RULES = 100;

interface Scripted {
  readonly id: string;
  readonly rule: FaultRule;
  readonly random: () => number;
  /** Unix milliseconds of the hub's clock. */
  readonly endsAt: number;
  skip: number;
  struck: number;
}

export class Faults {
  readonly #options: FaultsOptions;
  readonly #rules = new Map<string, Scripted>();
  #numbered = 0;

  constructor(options: FaultsOptions) {
    this.#options = options;
  }

  /** Sets a fault and returns it with its id. Throws `ArgumentInvalid` naming the field. */
  add(document: FaultRule): FaultState {
    const rule = parseFaultRule(document);
    const id = rule.id ?? this.#newId();
    if (this.#rules.size >= MAX_RULES && !this.#rules.has(id)) {
      throw new HubError("ArgumentInvalid", `There are ${MAX_RULES} faults already; remove some first.`);
    }
    const { forMs = Number.POSITIVE_INFINITY, seed = 1, skip = 0 } = rule;
    const endsAt = this.#options.clock.now() + forMs;
    const scripted: Scripted = { id, rule, random: randomOf(seed), endsAt, skip, struck: 0 };
    this.#rules.set(id, scripted);
    return this.#show(scripted);
  }

  /** Whether it was there. */
  remove(id: string): boolean {
    return this.#rules.delete(id);
  }

  clear(): void {
    this.#rules.clear();
  }

  find(id: string): FaultState | undefined {
    const scripted = this.#rules.get(id);
    return scripted && this.#show(scripted);
  }

  list(): readonly FaultState[] {
    return [...this.#rules.values()].map((scripted) => this.#show(scripted));
  }

  /**
   * What must happen to an operation at a point; `undefined` when it goes on as ever. The first rule that fits strikes. A
   * vanishing identity is deleted here, and the operation goes on.
   */
  strike(point: FaultPoint, about: StruckOperation): Strike | undefined {
    if (this.#rules.size === 0) return undefined;
    for (const scripted of this.#rules.values()) {
      if (fits(scripted.rule.where, point, about) && this.#hits(scripted)) return this.#effect(scripted, about);
    }
    return undefined;
  }

  #hits(scripted: Scripted): boolean {
    if (!this.#isActive(scripted)) return false;
    if (scripted.skip > 0) {
      scripted.skip--;
      return false;
    }
    const { probability = 1 } = scripted.rule;
    if (probability < 1 && scripted.random() >= probability) return false;
    scripted.struck++;
    return true;
  }

  #effect({ id, rule: { effect } }: Scripted, { deviceId, moduleId }: StruckOperation): Strike | undefined {
    switch (effect.kind) {
      case "error":
        return { kind: "error", error: errorOf(effect, id, effect.error) };
      case "detach":
        return { kind: "detach", error: errorOf(effect, id, effect.error ?? "ServiceUnavailable") };
      case "linkStolen":
        return { kind: "detach", error: errorOf({}, id, "ConnectionForcefullyClosedOnNewConnection") };
      case "delay":
      case "zeroCredit":
        return { kind: effect.kind, over: this.#options.clock.wait(effect.ms) };
      case "identityVanishes":
        if (deviceId !== undefined) this.#options.forgetIdentity(deviceId, moduleId);
        return undefined;
      case "acceptThenDrop":
      case "lose":
      case "silence":
      case "drop":
        return { kind: effect.kind };
      default:
        return effect satisfies never;
    }
  }

  #isActive({ rule: { times = Number.POSITIVE_INFINITY }, struck, endsAt }: Scripted): boolean {
    return struck < times && this.#options.clock.now() < endsAt;
  }

  #show(scripted: Scripted): FaultState {
    const { id, rule, struck } = scripted;
    return { ...rule, id, struck, active: this.#isActive(scripted) };
  }

  #newId(): string {
    let id: string;
    do id = `fault-${++this.#numbered}`;
    while (this.#rules.has(id));
    return id;
  }
}

function fits(where: FaultPlace, point: FaultPoint, about: StruckOperation): boolean {
  return (
    where.point === point &&
    (where.deviceId === undefined || where.deviceId === about.deviceId) &&
    (where.protocol === undefined || where.protocol === about.protocol) &&
    (where.operation === undefined || where.operation.toLowerCase() === about.operation?.toLowerCase())
  );
}

function errorOf(
  { message }: { readonly message?: string },
  id: string,
  name: Extract<FaultEffect, { kind: "error" }>["error"],
): HubError {
  return new HubError(name, message ?? `The scripted fault ${id} struck.`);
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
