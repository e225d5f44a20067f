/** Parameters of a query. One that is repeated where one is meant counts as it came first, as it does for signatures. */
import { paraError } from "./para-error.ts";

type Query = Readonly<Record<string, unknown>>;

/** `null`: absent or empty. */
export function queryText(query: Query, name: string): string | null {
  const value = queryTexts(query, name)[0] ?? "";
  return value === "" ? null : value;
}

/** All values of a parameter that may be repeated. */
export function queryTexts(query: Query, name: string): readonly string[] {
  const value = query[name];
  if (value === undefined) return [];
  return [value].flat().filter((one): one is string => typeof one === "string");
}

/** Text of a whole number; what is above `max` counts as `max`. */
export function queryNumber(query: Query, name: string, { absent, max }: { absent: number; max: number }): number {
  const text = queryText(query, name);
  if (text === null) return absent;
  if (!/^\d{1,15}$/.test(text)) throw paraError(400, `'${name}' must be a whole number`);
  return Math.min(Number(text), max);
}

/** Only the word is true, letter case aside. */
export function queryFlag(query: Query, name: string, absent: boolean): boolean {
  const text = queryText(query, name);
  return text === null ? absent : text.toLowerCase() === "true";
}
