/** Where a page of devices ends, as a text that clients send back. */
import type { DeviceOrder, DevicePlace } from "../../core/device-search.ts";
import { badRequest } from "../api-error.ts";
import { optionalText, type Fields } from "../bodies.ts";

const MAX_LENGTH = 2_000;

export function placeText({ key, id }: DevicePlace): string {
  return Buffer.from(JSON.stringify([key, id])).toString("base64url");
}

/** `null`: the first page. */
export function devicePlaceIn(query: Fields, sort: DeviceOrder): DevicePlace | null {
  const text = optionalText(query, "after", MAX_LENGTH);
  if (text === null) return null;
  const place = parsed(text);
  if (place === null || !fits(place.key, sort))
    throw badRequest("after must be the next of an answer with the same sort");
  return place;
}

function parsed(text: string): DevicePlace | null {
  try {
    const read = JSON.parse(Buffer.from(text, "base64url").toString("utf8")) as unknown;
    if (!Array.isArray(read) || read.length !== 2) return null;
    const [key, id] = read as [unknown, unknown];
    if (typeof id !== "string") return null;
    return key === null || typeof key === "string" || typeof key === "number" ? { key, id } : null;
  } catch {
    return null;
  }
}

function fits(key: DevicePlace["key"], sort: DeviceOrder): boolean {
  if (key === null) return true;
  return sort === "name" ? typeof key === "string" : sort === "last_heard" && typeof key === "number";
}
