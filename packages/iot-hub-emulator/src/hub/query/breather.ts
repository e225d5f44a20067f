/** Lets other work go on during a long one: the hub has one thread. */
const SLICE_MS = 8;
const STEPS_BETWEEN_LOOKS = 64;

export class Breather {
  #steps = 0;
  #since = performance.now();

  /** Called at each step of the work; a promise to wait for when it has gone on for long enough. */
  step(): Promise<void> | undefined {
    if (++this.#steps % STEPS_BETWEEN_LOOKS !== 0 || performance.now() - this.#since < SLICE_MS) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#since = performance.now();
        resolve();
      });
    });
  }
}
