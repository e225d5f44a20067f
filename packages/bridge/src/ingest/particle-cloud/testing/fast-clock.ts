import type { Clock } from "../../../core/clock.ts";

/** The real clock, so many times as fast: waits of minutes become waits that a test can bear, with real sockets beside it. */
export function fastClock(times: number): Clock {
  const begin = Date.now();
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) * times;
  return {
    now: () => Math.floor(begin + elapsed()),
    elapsed,
    after(ms, work) {
      const timer = setTimeout(work, ms / times);
      return () => clearTimeout(timer);
    },
  };
}
