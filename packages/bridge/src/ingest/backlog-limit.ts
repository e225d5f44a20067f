/** Integrations whose backlog has reached its limit: their events are sent back, so that a dead hub does not fill the disk for all. */

const LOOK_EVERY_MS = 1_000;

export interface BacklogLimit {
  /** The first of the integrations that takes no more, or `null`. */
  full(integrationIds: readonly string[]): string | null;
  stop(): Promise<void>;
}

/** `overLimit` gives all integrations whose backlog is too long. Asked every second; what it cannot say now stays as it was. */
export function watchBacklogs(overLimit: () => Promise<readonly string[]>): BacklogLimit {
  let full: ReadonlySet<string> = new Set();
  let looking: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    looking = overLimit().then(
      (ids) => void (full = new Set(ids)),
      () => undefined,
    );
  }, LOOK_EVERY_MS);
  timer.unref();
  return {
    full: (integrationIds) => (full.size === 0 ? null : (integrationIds.find((id) => full.has(id)) ?? null)),
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}
