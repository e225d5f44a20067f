/** The fields of a device cloud's event, read with care: what is odd counts as unknown, not as another value. */

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)$/;
const EARLIEST = Date.UTC(2000, 0, 1);
const LATEST = Date.UTC(9999, 0, 1);
const MAX_EVENT_ID_LENGTH = 128;

/** Unix milliseconds of an ISO 8601 time with its zone. */
export function timeIn(value: unknown): number | null {
  if (typeof value !== "string" || !ISO_TIME.test(value)) return null;
  const time = Date.parse(value);
  return time >= EARLIEST && time < LATEST ? time : null;
}

/** A product's firmware version: a whole number of 16 bits, as a number or as digits. */
export function firmwareVersionIn(value: unknown): number | null {
  const number = typeof value === "string" && /^\d{1,5}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) && number >= 0 && number <= 0xffff ? number : null;
}

export function eventIdIn(value: unknown): string | null {
  return typeof value === "string" && value !== "" && value.length <= MAX_EVENT_ID_LENGTH ? value : null;
}

/** JSON can spell half a character; UTF-8 cannot carry it. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
