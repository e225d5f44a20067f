/** Event streams of one address: how many are open, and how often they are opened. */
import { addressKey } from "../../core/address-key.ts";
import { RateLimit } from "../../core/rate-limit.ts";
import { rateLimited } from "../api-error.ts";

const WINDOW_MS = 5 * 60_000;
const CAPACITY = 50_000;

export interface StreamLimit {
  /** Takes a place; the result gives it back, once. Throws 429 when there is none. */
  enter(address: string): () => void;
}

const NO_LIMIT: StreamLimit = { enter: () => () => undefined };

/** So many open at once, and so many opened in five minutes; `null` for no limit. */
export function createStreamLimit(limit: number | null, elapsed: () => number): StreamLimit {
  if (limit === null) return NO_LIMIT;
  const opens = new RateLimit({ rate: { intervalMs: WINDOW_MS / limit, burst: limit }, elapsed, capacity: CAPACITY });
  // Bounded by the streams that the server holds.
  const open = new Map<string, number>();

  function leave(key: string): void {
    const count = (open.get(key) ?? 0) - 1;
    if (count > 0) open.set(key, count);
    else open.delete(key);
  }

  return {
    enter(address) {
      const key = addressKey(address);
      const count = open.get(key) ?? 0;
      if (count >= limit) throw rateLimited(`At most ${limit} event streams at once from one address`, 30);
      const wait = opens.take(key);
      if (wait > 0) throw rateLimited(`At most ${limit} event streams in five minutes from one address`, wait / 1000);
      open.set(key, count + 1);
      let inside = true;
      return () => {
        if (inside) leave(key);
        inside = false;
      };
    },
  };
}
