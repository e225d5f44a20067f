/** A device-to-cloud message as every protocol carries it: system properties, application properties and a body. */
export interface DeviceMessage {
  readonly body: Uint8Array;
  readonly messageId?: string;
  readonly correlationId?: string;
  readonly userId?: string;
  readonly to?: string;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  /** Unix milliseconds. */
  readonly absoluteExpiryTime?: number;
  /** Unix milliseconds; when the device made the message. */
  readonly creationTime?: number;
  /** Content of `iothub-message-schema`. */
  readonly messageSchema?: string;
  readonly interfaceId?: string;
  /** Plug and play component. */
  readonly subject?: string;
  readonly outputName?: string;
  /** Requested acknowledgement: none, positive, negative, full. */
  readonly ack?: string;
  /** Application properties in the order sent; values are strings, as IoT Hub requires. */
  readonly properties: ReadonlyMap<string, string>;
}

/** AMQP message-format of a batch: several data sections, each one a complete encoded message. */
export const BATCH_MESSAGE_FORMAT = 0x80013700;

/** Largest device-to-cloud message or batch, in bytes. */
export const MAX_MESSAGE_BYTES: number = 256 * 1024;

/** Message annotations that a hub stamps on every device-to-cloud message it accepts. */
export const STAMPS = {
  deviceId: "iothub-connection-device-id",
  moduleId: "iothub-connection-module-id",
  authMethod: "iothub-connection-auth-method",
  generationId: "iothub-connection-auth-generation-id",
  enqueuedTime: "iothub-enqueuedtime",
  source: "iothub-message-source",
  sequenceNumber: "x-opt-sequence-number",
  offset: "x-opt-offset",
  eventHubEnqueuedTime: "x-opt-enqueued-time",
  partitionKey: "x-opt-partition-key",
} as const;

/** Bytes that count against the limit: body, values of system properties, names and values of application properties. */
export function messageSize(message: DeviceMessage): number {
  let size = message.body.byteLength;
  for (const value of [
    message.messageId,
    message.correlationId,
    message.userId,
    message.contentType,
    message.contentEncoding,
  ]) {
    if (value !== undefined) size += Buffer.byteLength(value);
  }
  for (const [name, value] of message.properties) size += Buffer.byteLength(name) + Buffer.byteLength(value);
  return size;
}
