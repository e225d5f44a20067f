/** What follows a CONNECT: a device's or a registration's half of a connection, whatever carries it. */
import type { X509Certificate } from "node:crypto";
import type { HubError } from "../hub/errors.ts";
import type {
  AcknowledgePacket,
  ConnectPacket,
  PublishPacket,
  ServerPacket,
  SubscribePacket,
  UnsubscribePacket,
} from "./packets.ts";

export type ConversationPacket = PublishPacket | SubscribePacket | UnsubscribePacket | AcknowledgePacket;

/** The connection as its conversation sees it. */
export interface Wire {
  /** Of the peer's TLS handshake, leaf first; empty for none. */
  readonly certificates: readonly X509Certificate[];
  /** The peer reads more slowly than we write: make nothing more for it until `writable` is called. */
  readonly congested: boolean;
  send(packet: ServerPacket): void;
  /** Reads nothing more until as many `release` calls. */
  hold(): void;
  release(): void;
  /** Writes what waits and ends the stream: MQTT 3.1.1 has no words for why. */
  close(reason: HubError | Error): void;
  /** Cuts the stream where it is. */
  cut(reason: HubError | Error): void;
}

export interface Conversation {
  /** The CONNACK is on its way: now the hub may speak. */
  opened(): void;
  /** An error ends the connection. */
  receive(packet: ConversationPacket): void;
  /** The output has room again. */
  writable(): void;
  /** Once a second; `now` is the hub's time in unix milliseconds. */
  tick(now: number): void;
  /** The connection is gone; `orderly` when the client said so before. */
  closed(orderly: boolean): void;
}

export interface Welcome {
  readonly conversation: Conversation;
  readonly sessionPresent: boolean;
}

/** Judges a CONNECT. A `HubError` becomes the CONNACK's return code. */
export type Greet = (connect: ConnectPacket, wire: Wire) => Welcome | Promise<Welcome>;
