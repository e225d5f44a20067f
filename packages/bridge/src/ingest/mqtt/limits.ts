/** What one MQTT peer may cost. Times in milliseconds, sizes in bytes. */

export interface MqttLimits {
  readonly maxConnections: number;
  /** New connections of one address: on average one in `intervalMs`, `burst` at once. */
  readonly connects: { readonly intervalMs: number; readonly burst: number };
  /** From the first byte, TLS included, to a CONNECT that is answered. */
  readonly timeToConnect: number;
  /** From the first byte of a packet to its last. */
  readonly timeToFinishPacket: number;
  /** From our end of the stream to the peer's. */
  readonly timeToClose: number;
  /** For what is under way when the server stops. */
  readonly timeToDrain: number;
  /** Longest keep-alive, seconds: clients of MQTT 5 are told to use it instead of a longer one or none. */
  readonly longestKeepAlive: number;
  /** A CONNECT comes before its sender is known, so it is kept smaller than other packets. */
  readonly maxConnectBytes: number;
  readonly maxPacketBytes: number;
  readonly maxTopicBytes: number;
  readonly maxTopicLevels: number;
  /** Publishes of a device that are not acknowledged yet; beyond it the socket is not read. */
  readonly maxInFlight: number;
  /** Messages to a device that it has not acknowledged; beyond it calls are told that it is busy. */
  readonly maxOutbound: number;
  readonly maxSubscriptions: number;
  readonly maxTopicAliases: number;
  /** Output that the peer does not take; beyond it the connection ends. */
  readonly maxOutputBytes: number;
  /** How long the session of a device that left is kept, at most. */
  readonly longestSession: number;
  readonly maxSessions: number;
  /** Questions to devices that wait for an answer: of one device, and of all. */
  readonly maxQuestions: number;
  readonly maxQuestionsInAll: number;
}

export const DEFAULT_LIMITS: MqttLimits = {
  maxConnections: 20_000,
  connects: { intervalMs: 10, burst: 2_000 },
  timeToConnect: 5_000,
  timeToFinishPacket: 30_000,
  timeToClose: 2_000,
  timeToDrain: 3_000,
  longestKeepAlive: 1_200,
  maxConnectBytes: 16 * 1024,
  maxPacketBytes: 64 * 1024,
  maxTopicBytes: 256,
  maxTopicLevels: 10,
  maxInFlight: 20,
  maxOutbound: 20,
  maxSubscriptions: 20,
  maxTopicAliases: 10,
  maxOutputBytes: 256 * 1024,
  longestSession: 3_600_000,
  maxSessions: 100_000,
  maxQuestions: 10,
  maxQuestionsInAll: 10_000,
};
