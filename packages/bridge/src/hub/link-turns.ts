/**
 * A hub lets each identity send over one connection at a time: a second one throws the first out. Integrations that sign
 * in to one hub in different ways, as while a policy's keys are changed in one after the other, have connections of their
 * own. So their messages of one device go in turn, and the device's link is closed here before it is opened there.
 */

/** Somebody with links of devices to the hub. */
export interface LinkHolder {
  has(deviceId: string): boolean;
  /** Closes the device's link when nothing is under way on it. Resolves when the hub knows. Never rejects. */
  giveUp(deviceId: string): Promise<void>;
}

/** Of one hub. */
export class LinkTurns {
  readonly #holders = new Set<LinkHolder>();
  /** By device: the end of the last message that stands in its line. */
  readonly #lines = new Map<string, Promise<unknown>>();

  get isUnused(): boolean {
    return this.#holders.size === 0;
  }

  join(holder: LinkHolder): void {
    this.#holders.add(holder);
  }

  leave(holder: LinkHolder): void {
    this.#holders.delete(holder);
  }

  /** Runs `send` when nobody else has the device's link. It must not reject. */
  take<T>(holder: LinkHolder, deviceId: string, send: () => Promise<T>): Promise<T> {
    // One holder alone, as nearly always, waits for nobody.
    if (this.#holders.size < 2 && this.#lines.size === 0) return send();
    const turn = (this.#lines.get(deviceId) ?? Promise.resolve()).then(async () => {
      for (const other of this.#holders) if (other !== holder && other.has(deviceId)) await other.giveUp(deviceId);
      return send();
    });
    this.#lines.set(deviceId, turn);
    return turn.finally(() => {
      if (this.#lines.get(deviceId) === turn) this.#lines.delete(deviceId);
    });
  }
}
