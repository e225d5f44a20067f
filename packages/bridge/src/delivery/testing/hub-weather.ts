/** What may befall a call to a hub, drawn from dice: storms that strike everything, and single mishaps of any kind. */
import type { Clock } from "../../core/clock.ts";
import { FAILURES, type FailureCode, type FailureScope } from "../../core/failure.ts";
import type { Dice } from "./dice.ts";
import type { Fate, HubCall } from "./scripted-hub.ts";

/** A delivery never meets what concerns a state, or the reading of a hub's messages. */
const ELSEWHERE: readonly FailureScope[] = ["state", "reading"];
const ALL_CODES = (Object.keys(FAILURES) as readonly FailureCode[]).filter(
  (code) => !ELSEWHERE.includes(FAILURES[code].scope),
);
const HUB_WIDE = ALL_CODES.filter((code) => FAILURES[code].scope === "hub");
/** What only the bridge itself says, or the hub from what it knows. */
const NOT_FROM_A_SEND = new Set<FailureCode>([
  "template_failed",
  "create_not_permitted",
  "create_throttled",
  "identity_not_created",
  "identity_keeps_vanishing",
  "daily_cap_reached",
]);
const OF_A_SEND = ALL_CODES.filter((code) => !NOT_FROM_A_SEND.has(code));
const OF_THE_REGISTRY: readonly FailureCode[] = [
  "throttled",
  "throttled",
  "hub_error",
  "hub_unreachable",
  "key_refused",
];
/** The hub may have acted before this became known. */
const MAY_BE_TAKEN = new Set<FailureCode>(["outcome_unknown", "hub_unreachable", "hub_error"]);

export class HubWeather {
  /** Strikes every call while set. */
  storm: FailureCode | null = null;
  /** The policy may not touch the registry. */
  registryClosed = false;
  /** Probability of a mishap per call. */
  mishaps = 0;
  /** Probability that a call takes seconds instead of milliseconds. */
  slowness = 0;
  readonly #dice: Dice;
  readonly #clock: Clock;

  constructor(dice: Dice, clock: Clock) {
    this.#dice = dice;
    this.#clock = clock;
  }

  raiseStorm(): void {
    this.storm = this.#dice.pick(HUB_WIDE);
  }

  /** From now on nothing goes wrong. */
  clear(): void {
    this.storm = null;
    this.registryClosed = false;
    this.mishaps = 0;
    this.slowness = 0;
  }

  fate(call: HubCall): Fate {
    const dice = this.#dice;
    const delayMs = dice.random() * (dice.chance(this.slowness) ? 20_000 : 60);
    if (this.storm !== null) return { delayMs, failure: this.storm };
    const ofRegistry = call === "create" || call === "get";
    if (ofRegistry && this.registryClosed) {
      return { delayMs, failure: dice.chance(0.5) ? "permission_missing" : "key_refused" };
    }
    if (!dice.chance(this.mishaps)) return { delayMs };
    const failure = dice.pick(call === "send" ? OF_A_SEND : OF_THE_REGISTRY);
    const wished = dice.chance(0.3) ? { notBefore: this.#clock.now() + dice.int(30_000) } : {};
    return { delayMs, failure, taken: MAY_BE_TAKEN.has(failure) && dice.chance(0.5), ...wished };
  }
}
