/** What went to a target and what came back, for the integration's log. Secrets are masked, each text cut at 2 KB. */
export interface Exchange {
  readonly request: string;
  readonly response: string;
  /** The target's own word for the result, as `200` or `accepted`. */
  readonly status?: string;
  readonly durationMs: number;
}
