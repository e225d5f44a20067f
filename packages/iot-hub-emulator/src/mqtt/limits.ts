/** What one MQTT peer may cost. Times in milliseconds, sizes in bytes. */
import { MAX_MESSAGE_BYTES } from "iot-hub-protocol";

export interface MqttLimits {
  readonly maxConnections: number;
  /** From the first byte to a CONNECT. */
  readonly timeToConnect: number;
  /** From the first byte of a packet to its last. */
  readonly timeToFinishPacket: number;
  /** How long a peer may leave what we write unread. */
  readonly timeToRead: number;
  /** From our end of the stream to the peer's. */
  readonly timeToClose: number;
  /** Longest silence, whatever keep-alive the client asks for. */
  readonly maxSilence: number;
  /** A CONNECT with its will: it comes before the client has signed in, so it is kept small. */
  readonly maxConnectBytes: number;
  /** A message counts without its encoding, so its packet may be larger and is then judged by the hub. */
  readonly maxPacketBytes: number;
  /** Messages from the device that the hub has not kept yet; beyond it the socket is not read. */
  readonly maxInbound: number;
  /** Messages to the device that it has not acknowledged. */
  readonly maxOutbound: number;
  /** Waiting output beyond which nothing more is made for the peer and it is not read. */
  readonly maxOutputBytes: number;
  /** Waiting output that ends the connection. */
  readonly fatalOutputBytes: number;
}

export const DEFAULT_LIMITS: MqttLimits = {
  maxConnections: 20_000,
  timeToConnect: 60_000,
  timeToFinishPacket: 120_000,
  timeToRead: 60_000,
  timeToClose: 3_000,
  maxSilence: 1_767_000,
  maxConnectBytes: 96 * 1024,
  maxPacketBytes: MAX_MESSAGE_BYTES + 64 * 1024,
  maxInbound: 16,
  maxOutbound: 10,
  maxOutputBytes: 256 * 1024,
  fatalOutputBytes: 2 * 1024 * 1024,
};
