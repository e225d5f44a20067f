/** States on the command line: `KEY=VALUE` in, one line a value out. */
import type { Json } from "../api-client.ts";
import { wrongUsage } from "../command-failure.ts";

/** Parses `a.b=1` and the like into a merge patch: a value is JSON where it can be read so, else a text; `null` removes. */
export function patchOf(assignments: readonly string[]): Json {
  // Without a prototype, so that no key means anything but itself.
  const patch = Object.create(null) as Record<string, unknown>;
  for (const assignment of assignments) {
    const split = assignment.indexOf("=");
    if (split < 1) throw wrongUsage(`${assignment} is not KEY=VALUE.`, "For instance led=true or limits.high=30.");
    const keys = assignment.slice(0, split).split(".");
    if (keys.includes("")) throw wrongUsage(`${assignment.slice(0, split)} has an empty part between dots.`);
    assign(patch, keys, valueOf(assignment.slice(split + 1)), assignment);
  }
  return patch;
}

function assign(patch: Record<string, unknown>, keys: readonly string[], value: unknown, said: string): void {
  let place = patch;
  for (const key of keys.slice(0, -1)) {
    place[key] ??= Object.create(null);
    if (typeof place[key] !== "object" || Array.isArray(place[key])) throw saidTwice(said);
    place = place[key] as Record<string, unknown>;
  }
  const last = keys.at(-1)!;
  if (last in place) throw saidTwice(said);
  place[last] = value;
}

function saidTwice(said: string): Error {
  return wrongUsage(`${said} says something else than another one of these.`);
}

function valueOf(text: string): unknown {
  const value = jsonIn(text);
  return value === undefined ? text : value;
}

/** `undefined`: it is no JSON. Refuses numbers beyond all bounds, which would be sent as `null`, and that removes. */
export function jsonIn(text: string): unknown {
  let isBeyond = false;
  const noting = (_key: string, value: unknown): unknown => {
    isBeyond ||= typeof value === "number" && !Number.isFinite(value);
    return value;
  };
  let value: unknown;
  try {
    value = JSON.parse(text, noting);
  } catch {
    return undefined;
  }
  if (isBeyond) throw wrongUsage("A number in the state is too large.", "Its largest numbers are about 1.8e308.");
  return value;
}

/** A state's values by their paths, keys joined by dots: scalars, arrays and empty objects. */
export function leavesOf(state: unknown): ReadonlyMap<string, unknown> {
  const leaves = new Map<string, unknown>();
  const visit = (value: unknown, path: string): void => {
    const isBranch = typeof value === "object" && value !== null && !Array.isArray(value);
    const entries = isBranch ? Object.entries(value) : [];
    if (entries.length === 0 && path !== "") leaves.set(path, value);
    for (const [key, inner] of entries) visit(inner, path === "" ? key : `${path}.${key}`);
  };
  visit(state, "");
  return leaves;
}
