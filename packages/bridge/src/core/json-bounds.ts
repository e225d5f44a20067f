/** Bounds of JSON that strangers wrote, looked at before anything walks it. */

/** Nested objects and arrays, all values, and no number beyond those that JSON can write down again. */
export interface JsonBounds {
  readonly levels: number;
  readonly values: number;
}

/**
 * More than the section of any twin has: 10 levels, and 32 KB of which each value takes some, or stands alone in arrays that
 * take some together. What a hub is said to hold beyond that no hub told.
 */
export const TWIN_BOUNDS: JsonBounds = { levels: 20, values: 10 * 32 * 1024 };

/** Looks no further than the bounds, and does not recurse. */
export function isWithinBounds(json: unknown, { levels, values }: JsonBounds): boolean {
  const rest: { readonly value: unknown; readonly level: number }[] = [{ value: json, level: 1 }];
  let seen = 1;
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const { value, level } = next;
    if (typeof value === "number" && !Number.isFinite(value)) return false;
    if (typeof value !== "object" || value === null) continue;
    const inner = Object.values(value);
    seen += inner.length;
    if (level > levels || seen > values) return false;
    for (const one of inner) rest.push({ value: one, level: level + 1 });
  }
  return true;
}

/** How many values there are, in all that is nested. Counts no further than `most`, and does not recurse. */
export function valuesIn(json: unknown, most: number): number {
  const rest: unknown[] = [json];
  let seen = 1;
  for (let value = rest.pop(); value !== undefined && seen < most; value = rest.pop()) {
    if (typeof value !== "object" || value === null) continue;
    const inner: readonly unknown[] = Object.values(value);
    seen += inner.length;
    for (const one of inner) if (typeof one === "object" && one !== null) rest.push(one);
  }
  return Math.min(seen, most);
}
