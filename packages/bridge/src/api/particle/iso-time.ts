/** Unix milliseconds as the API writes times: ISO 8601 with milliseconds and Z. */
export function isoTime<T extends number | null>(time: T): T extends null ? string | null : string {
  return (time === null ? null : new Date(time).toISOString()) as T extends null ? string | null : string;
}
