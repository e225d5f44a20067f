/** Whether events are taken now. */
export interface Health {
  readonly live: boolean;
  readonly ready: boolean;
  /** Why it is not ready, a sentence each. */
  readonly reasons: readonly string[];
  /** What does not keep events from being taken. */
  readonly warnings: readonly string[];
}
