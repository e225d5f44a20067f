/** One connection as those see it who speak on it. */
import type { ClientPacket, MqttVersion, ServerPacket } from "./packets.ts";
import type { Refusal } from "./refusals.ts";

export interface Wire {
  readonly version: MqttVersion;
  /** The peer's IP address. */
  readonly address: string;
  send(packet: ServerPacket): void;
  /** Not to be read for now; each hold needs its release. */
  hold(): void;
  release(): void;
  /** Ends the connection, telling a client of MQTT 5 why. */
  end(refusal: Refusal): void;
  /** Ends it after the client said goodbye. */
  close(): void;
}

/** How a connection ended: the client said goodbye, the server ended it, or it just broke. */
export type Ending = "goodbye" | "lost" | Refusal;

/** What a peer says after its CONNECT was taken. */
export interface Conversation {
  /** The client said goodbye, and what it said before is still being taken: it need not stay for that. */
  readonly isLeaving: boolean;
  receive(packet: ClientPacket): void;
  closed(ending: Ending): void;
  /** Calls `done` when all that was received so far is answered. */
  whenAnswered(done: () => void): void;
}
