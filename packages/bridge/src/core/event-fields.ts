/** Fields that a publisher may add to an event, alike at every door. */

const CONTENT_TYPE = /^[\w!#$&^.+-]{1,63}\/[\w!#$&^.+-]{1,63}(?:\s*;[ -~]{0,64})?$/;
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** Characters of what a publisher calls its event. */
export const MAX_DEDUPE_KEY_LENGTH = 128;

export function isContentType(text: string): boolean {
  return CONTENT_TYPE.test(text);
}

/** Unix milliseconds of an ISO 8601 time with its zone, from 1970 on; `null` when it is none. */
export function eventTime(text: string): number | null {
  const time = ISO_TIME.test(text) ? Date.parse(text) : Number.NaN;
  return time >= 0 ? time : null;
}
