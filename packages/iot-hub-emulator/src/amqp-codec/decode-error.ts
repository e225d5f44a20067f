/** Bytes that are not AMQP 1.0: a frame with this closes the connection, a message with this is rejected. */
export class AmqpDecodeError extends Error {
  readonly condition = "amqp:decode-error";
}
