/** Time as a port: what waits can be tested without waiting. */
export interface Clock {
  /** Unix milliseconds. Jumps when the machine's clock is set: good for dates, never for waiting. */
  now(): number;
  /** Milliseconds since some moment; only grows. */
  elapsed(): number;
  /** Runs `work` once after `ms`; the returned function calls it off. It does not keep the process alive. */
  after(ms: number, work: () => void): () => void;
}

/** Longer waits would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(ms, work) {
    const timer = setTimeout(work, Math.min(ms, LONGEST_TIMER_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Whether the work ended within that time. Rejects as the work does; work that is late goes on. */
export async function endsWithin(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  let callOff: () => void = () => undefined;
  const late = new Promise<false>((resolve) => {
    callOff = clock.after(ms, () => resolve(false));
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    callOff();
  }
}
