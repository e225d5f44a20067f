/** What a hub of a tier may do: throttles per operation and messages per day, by the hub's clock. Without a tier: anything. */
import type { HubClock } from "../clock/clock.ts";
import { HubError } from "../errors.ts";
import type { Journal } from "../journal/journal.ts";
import { Throttle } from "./throttle.ts";
import { EDITIONS, isTier, OPERATIONS, rateOf } from "./tiers.ts";
import type { Operation, Tier } from "./tiers.ts";

export interface LimitsOptions {
  readonly clock: HubClock;
  /** Absent: nothing is limited. */
  readonly tier?: Tier;
  /** 1 or more, as many as the tier allows; default 1. */
  readonly units?: number;
}

/** What a running hub is changed to. */
export interface LimitsChange {
  /** `null`: nothing is limited. */
  readonly tier: Tier | null;
  readonly units: number;
}

/** How much an operation takes; 1 of each where nothing is said. */
export interface Spending {
  readonly count?: number;
  /** See `blocks`. */
  readonly messages?: number;
}

/** How far the limits are used. */
export interface LimitsState {
  readonly tier: Tier | null;
  readonly units: number;
  /** Messages of the day, counted in the tier's blocks. */
  readonly quota: { readonly limit: number; readonly used: number; readonly resetsAt: string } | null;
  readonly throttles: readonly {
    readonly operation: Operation;
    /** Operations (methods: blocks of 4 KB) in a window. */
    readonly limit: number;
    readonly windowMs: number;
    readonly available: number;
    readonly waiting: number;
  }[];
}

const DAY_MS = 24 * 3600_000;
const UNLIMITED_DEVICES = 1_000_000;
const ENTRY = "limits";

export class Limits {
  readonly #clock: HubClock;
  readonly #throttles = new Map<Operation, Throttle>();
  #journal: Journal | undefined;
  #tier: Tier | undefined;
  #units = 1;
  #maxDevices = UNLIMITED_DEVICES;
  #dailyMessages = Number.POSITIVE_INFINITY;
  #day = 0;
  #used = 0;

  /** Throws `ArgumentInvalid` when the tier has no so many units. */
  constructor({ clock, tier, units = 1 }: LimitsOptions) {
    this.#clock = clock;
    requireUnits(tier, units);
    this.#apply(tier, units);
    this.reset();
  }

  /** With what was changed while the hub ran before; a tier that is given wins over that. */
  static open(journal: Journal, options: LimitsOptions): Limits {
    const kept = options.tier === undefined ? keptIn(journal) : undefined;
    const limits = new Limits({ ...options, ...(kept?.tier && { tier: kept.tier, units: kept.units }) });
    limits.#journal = journal;
    return limits;
  }

  get tier(): Tier | undefined {
    return this.#tier;
  }

  get units(): number {
    return this.#units;
  }

  /** Devices and modules that the hub holds. */
  get maxDevices(): number {
    return this.#maxDevices;
  }

  /** From now on, for a hub that runs: as one buys another edition. What the day has used stays used. Throws `ArgumentInvalid`. */
  async change({ tier, units }: LimitsChange): Promise<LimitsState> {
    requireUnits(tier ?? undefined, units);
    await this.#journal?.commit([[ENTRY, { tier, units }]]);
    this.#turnDay();
    this.#apply(tier ?? undefined, units);
    return this.state();
  }

  /** How many messages so many bytes count as. */
  blocks(bytes: number): number {
    const { meterBytes } = EDITIONS[this.tier ?? "S1"];
    return Math.max(1, Math.ceil(bytes / meterBytes));
  }

  /**
   * Spends operations, and messages of the day's where the operation is charged. `undefined` when it may go on at
   * once, a promise when it has to wait for its turn. Throws `OperationNotAvailableInCurrentTier`, `IotHubQuotaExceeded`,
   * `ThrottlingException` or `ThrottleBacklogLimitExceeded`; what is refused is not counted.
   */
  spend(operation: Operation, { count = 1, messages = 1 }: Spending = {}): Promise<void> | undefined {
    if (this.tier === undefined) return undefined;
    const { isCharged, isMetered, isStandardOnly, name } = OPERATIONS[operation];
    if (isStandardOnly && EDITIONS[this.tier].isBasic) {
      throw new HubError("OperationNotAvailableInCurrentTier", `The tier ${this.tier} has no ${name}.`);
    }
    if (isCharged) this.#requireQuota(messages);
    const turn = this.#throttles.get(operation)?.take(isMetered ? messages : count);
    if (turn === "tooLong") throw throttled(name, this.#throttles.get(operation));
    if (turn === "tooMany") throw new HubError("ThrottleBacklogLimitExceeded", `Too many ${name} wait for their turn.`);
    if (isCharged) this.#used += messages;
    return turn;
  }

  /** Everything is unused again. */
  reset(): void {
    this.#day = this.#today();
    this.#used = 0;
    this.#apply(this.#tier, this.#units);
  }

  state(): LimitsState {
    this.#turnDay();
    const resetsAt = new Date((this.#day + 1) * DAY_MS).toISOString();
    return {
      tier: this.tier ?? null,
      units: this.units,
      quota: this.tier === undefined ? null : { limit: this.#dailyMessages, used: this.#used, resetsAt },
      throttles: [...this.#throttles].map(([operation, { limit, windowMs, available, waiting }]) => ({
        operation,
        limit,
        windowMs,
        available,
        waiting,
      })),
    };
  }

  /** With new throttles; those that wait in the old ones come to their turn there. */
  #apply(tier: Tier | undefined, units: number): void {
    const edition = tier === undefined ? undefined : EDITIONS[tier];
    this.#tier = tier;
    this.#units = units;
    this.#maxDevices = edition?.maxDevices ?? UNLIMITED_DEVICES;
    this.#dailyMessages = (edition?.dailyMessages ?? Number.POSITIVE_INFINITY) * units;
    this.#throttles.clear();
    if (tier === undefined) return;
    for (const operation of Object.keys(OPERATIONS) as Operation[]) {
      this.#throttles.set(operation, new Throttle(this.#clock, rateOf(tier, units, operation)));
    }
  }

  #requireQuota(messages: number): void {
    this.#turnDay();
    if (this.#used + messages <= this.#dailyMessages) return;
    const text = `The hub has had its ${this.#dailyMessages} messages of today; the quota resets at midnight UTC.`;
    throw new HubError("IotHubQuotaExceeded", text);
  }

  #turnDay(): void {
    const today = this.#today();
    if (today === this.#day) return;
    this.#day = today;
    this.#used = 0;
  }

  #today(): number {
    return Math.floor(this.#clock.now() / DAY_MS);
  }
}

function requireUnits(tier: Tier | undefined, units: number): void {
  if (tier === undefined) return;
  const { maxUnits } = EDITIONS[tier];
  if (Number.isInteger(units) && units >= 1 && units <= maxUnits) return;
  throw new HubError("ArgumentInvalid", `units must be a whole number from 1 to ${maxUnits} in the tier ${tier}.`);
}

function keptIn({ entries }: Journal): { readonly tier: Tier; readonly units: number } | undefined {
  const { tier, units } = (entries.get(ENTRY) ?? {}) as { readonly tier?: unknown; readonly units?: unknown };
  return typeof tier === "string" && isTier(tier) && typeof units === "number" ? { tier, units } : undefined;
}

function throttled(name: string, throttle: Throttle | undefined): HubError {
  const per = throttle?.windowMs === 1000 ? "second" : "minute";
  return new HubError("ThrottlingException", `Throttled: the hub takes ${throttle?.limit} ${name} a ${per}.`);
}
