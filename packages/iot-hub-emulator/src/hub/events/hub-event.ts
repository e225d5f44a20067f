/** An event as readers of the hub's endpoints get it, decoded. */

export interface HubEvent {
  readonly deviceId: string;
  readonly moduleId?: string;
  /** `Telemetry`, `twinChangeEvents`, `deviceLifecycleEvents`… */
  readonly source: string;
  readonly body: Buffer;
  /** The body read as JSON; `undefined` when it is none. */
  readonly json: unknown;
  /** What the sender, or an enrichment, attached. */
  readonly properties: Readonly<Record<string, string>>;
  /** `messageId`, `correlationId`, `userId`, `to`, `contentType`, `contentEncoding`, `absoluteExpiryTime`, `creationTime` (unix milliseconds), as far as sent. */
  readonly systemProperties: Readonly<Record<string, string | number>>;
  /** The hub's stamps by their full names, `iothub-enqueuedtime`…; dates are unix milliseconds. */
  readonly annotations: Readonly<Record<string, string | number>>;
  readonly partitionId: string;
  readonly sequenceNumber: number;
  readonly offset: string;
  /** Unix milliseconds. */
  readonly enqueuedTime: number;
}

/** What of an event its stored message tells. */
export type DecodedMessage = Omit<HubEvent, "partitionId" | "sequenceNumber" | "offset" | "enqueuedTime">;

/** Decodes what `EncodeEvent` encoded. The model does not know the wire format. */
export type DecodeEvent = (message: Buffer) => DecodedMessage;
