/** Random values for tests of hostile input: small, fast, and the same for the same seed. Not part of the published package. */

/** A whole number from 0 to below its argument. */
export type Random = (below: number) => number;

/** `seed` is not 0. */
export function generator(seed: number): Random {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[random(items.length)] as T;
}

/** Texts that were ever somebody's downfall. */
export const NASTY_TEXTS: readonly string[] = [
  "",
  " ",
  "\u0000",
  "__proto__",
  "constructor",
  "toString",
  "..",
  "../../etc/passwd",
  "%",
  "%00",
  "'",
  '"; drop',
  "*",
  "$version",
  "\ud800",
  "ß∑漢字🎉",
  "\r\nx-injected: 1",
  "a".repeat(129),
  "a".repeat(5000),
  "2026-13-45T99:99:99Z",
  "275760-09-13T00:00:00Z",
  "P1D",
];

const NASTY_VALUES: readonly unknown[] = [
  ...NASTY_TEXTS,
  null,
  true,
  false,
  0,
  -0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  8.64e15,
  [],
  {},
  [[]],
  [null],
  { __proto__: null },
  JSON.parse('{"__proto__":{"polluted":1}}'),
  JSON.parse(`${"[".repeat(2000)}${"]".repeat(2000)}`),
  JSON.parse(`${'{"a":'.repeat(500)}1${"}".repeat(500)}`),
];

/** A JSON value with one of its parts replaced, removed, repeated or added to, now and then several. */
export function mutateJson(random: Random, value: unknown): unknown {
  let mutated = mutateOnce(random, value);
  while (random(3) === 0) mutated = mutateOnce(random, mutated);
  return mutated;
}

function mutateOnce(random: Random, value: unknown): unknown {
  if (typeof value !== "object" || value === null || random(5) === 0) return pick(random, NASTY_VALUES);
  if (Array.isArray(value)) {
    if (value.length === 0 || random(4) === 0) return [...(value as unknown[]), pick(random, NASTY_VALUES)];
    const at = random(value.length);
    if (random(6) === 0) return Array.from({ length: 101 }, () => value[at] as unknown);
    return value.map((item: unknown, i) => (i === at ? mutateOnce(random, item) : item));
  }
  const entries = Object.entries(value);
  if (entries.length === 0 || random(5) === 0) {
    entries.push([pick(random, NASTY_TEXTS), pick(random, NASTY_VALUES)]);
    return Object.fromEntries(entries);
  }
  const at = random(entries.length);
  if (random(5) === 0) return Object.fromEntries(entries.filter((_, i) => i !== at));
  return Object.fromEntries(entries.map(([key, item], i) => [key, i === at ? mutateOnce(random, item) : item]));
}

/** Bytes with some of them changed, left out or repeated. */
export function mutateBytes(random: Random, seed: Buffer): Buffer {
  let bytes = Buffer.from(seed);
  for (let i = random(5); i >= 0 && bytes.length > 0; i--) {
    const at = random(bytes.length);
    const kind = random(6);
    if (kind < 3) bytes[at] = random(256);
    else if (kind === 3) bytes = bytes.subarray(0, at);
    else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(bytes.length))]);
  }
  return bytes;
}
