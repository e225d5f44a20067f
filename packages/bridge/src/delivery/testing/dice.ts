/** Chance that can be thrown again: the same seed gives the same run. */
export interface Dice {
  /** From 0 to below 1. */
  random(): number;
  /** A whole number from 0 to below `below`. */
  int(below: number): number;
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
}

/** The "mulberry32" generator: 32 bits of state are plenty for choosing among a few branches. */
export function createDice(seed: number): Dice {
  let state = Math.imul(seed, 0x9e3779b1) | 0;
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const int = (below: number): number => Math.floor(random() * below);
  return {
    random,
    int,
    chance: (probability) => random() < probability,
    pick: (from) => from[int(from.length)]!,
  };
}
