/** What one peer may ask of the server. All have defaults; tests and unusual clients may set others. */
export interface AmqpLimits {
  /** Advertised in open, bytes. */
  readonly maxFrameSize: number;
  /**
   * Bytes of a frame before the peer's open was read. The standard says 512, but SDKs put product names and tokens into
   * these frames, and the service is known to be lenient.
   */
  readonly maxFrameSizeBeforeOpen: number;
  /** Advertised in open, milliseconds: a peer that is silent for twice this long is dropped. */
  readonly idleTimeOut: number;
  /** Milliseconds from the first byte to open. */
  readonly timeToOpen: number;
  /** Milliseconds from open to the first valid token. */
  readonly timeToAuthenticate: number;
  /** Milliseconds that a peer has to answer our close. */
  readonly timeToClose: number;
  readonly maxConnections: number;
  readonly maxSessions: number;
  /** Links of one connection, all sessions together. */
  readonly maxLinks: number;
  /** Tokens of one connection; the service allows about a thousand. */
  readonly maxTokens: number;
  /** Deliveries a telemetry link may send before it is granted more. */
  readonly telemetryCredit: number;
  /** Bytes of deliveries that were read and not settled yet; beyond it the socket is not read. */
  readonly maxPendingBytes: number;
  /** Bytes of half-received deliveries of one connection. */
  readonly maxAssemblyBytes: number;
  /** Bytes waiting for a peer that does not read; beyond it nothing more is made for it. */
  readonly maxOutputBytes: number;
}

export const DEFAULT_LIMITS: AmqpLimits = {
  maxFrameSize: 65_536,
  maxFrameSizeBeforeOpen: 4_096,
  idleTimeOut: 120_000,
  timeToOpen: 20_000,
  timeToAuthenticate: 60_000,
  timeToClose: 3_000,
  maxConnections: 4_096,
  maxSessions: 4_096,
  maxLinks: 20_480,
  maxTokens: 1_000,
  telemetryCredit: 1_000,
  maxPendingBytes: 4 * 1024 * 1024,
  maxAssemblyBytes: 8 * 1024 * 1024,
  maxOutputBytes: 1024 * 1024,
};
