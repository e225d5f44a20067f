/** One after the other for the same key, all at once for different ones. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `task` when those that came before it have ended, however they did. */
  async take<T>(key: string, task: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(key) ?? Promise.resolve()).then(task, task);
    this.#last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    }
  }
}
