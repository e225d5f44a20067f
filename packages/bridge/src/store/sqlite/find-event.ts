/**
 * An event by its id, without an index: appending must stay cheap. Most ids tell when the event was received, and events
 * are numbered in that order, so its place is found by halving. Ids that tell another time are looked for among the newest.
 */
import type { Row } from "./driver.ts";
import { EVENT_COLUMNS } from "./delivery-rows.ts";
import type { Transaction } from "./transaction.ts";

/** How far clocks and the order of storing may be apart. */
const SLACK_MS = 1_000;
/** Events looked at around the place; of the newest, for ids that tell their place and for those that do not. */
const AROUND = 20_000;
const NEWEST = { placed: 20_000, others: 100_000 } as const;
/** How far a probe looks for an event that is no copy of a replay: copies bear their first one's time. */
const PROBE = 2_000;

/** With the event's number as `seq`. */
export function createFindEvent({ db }: Transaction): (id: string) => Row | undefined {
  const bounds = db.prepare("SELECT (SELECT min(seq) FROM event) AS low, (SELECT max(seq) FROM event) AS high");
  const nearby = db.prepare(
    "SELECT seq, received_at FROM event WHERE seq >= ?1 AND seq < ?1 + ?2 AND replayed IS NULL ORDER BY seq LIMIT 1",
  );
  const ahead = db.prepare("SELECT seq, received_at, replayed FROM event WHERE seq >= ? ORDER BY seq LIMIT 1");
  const among = db.prepare(
    `SELECT e.seq, ${EVENT_COLUMNS} FROM event e
     WHERE e.seq IN (SELECT seq FROM event WHERE seq >= ?1 ORDER BY seq LIMIT ?2) AND e.id = ?3 AND e.replayed IS NULL
     ORDER BY e.seq DESC LIMIT 1`,
  );

  /** The first event that was received then or later; `null` where copies hide it. */
  function firstSince(at: number, first: number, last: number): number | null {
    let [low, high] = [first, last + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const found = nearby.get(middle, PROBE) ?? ahead.get(middle + PROBE);
      if (found?.["replayed"] === 1) return null;
      if (found === undefined || Number(found["received_at"]) >= at) high = middle;
      else low = Number(found["seq"]) + 1;
    }
    return low;
  }

  return (id) => {
    const row = bounds.get();
    if (row === undefined || row["low"] === null) return undefined;
    const [first, last] = [Number(row["low"]), Number(row["high"])];
    const at = timeIn(id);
    const from = at === null ? null : firstSince(at - SLACK_MS, first, last);
    const to = at === null || from === null ? null : firstSince(at + SLACK_MS, from, last);
    const found = from === null || to === null ? undefined : among.get(from, Math.min(to - from, AROUND), id);
    const newest = at === null ? NEWEST.others : NEWEST.placed;
    return found ?? among.get(last - newest + 1, newest, id);
  };
}

/** The time of receipt that an id of our own making begins with (version 7, RFC 9562 section 5.7). */
function timeIn(id: string): number | null {
  if (!/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-/.test(id)) return null;
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
