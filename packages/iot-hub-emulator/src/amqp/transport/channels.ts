/** The sessions of a connection, by channel: begins and ends them, and hands each frame to its own. */
import type { Begin, Performative } from "../../amqp-codec/performatives.ts";
import { AmqpError } from "../amqp-error.ts";
import type { Connection } from "./connection.ts";
import { Session } from "./session.ts";

export type ChannelPerformative = Exclude<Performative, { type: "open" | "close" }>;
type SessionPerformative = Exclude<ChannelPerformative, { type: "begin" | "end" }>;

export class Channels {
  readonly #connection: Connection;
  readonly #sessions = new Map<number, Session>();
  #channelMax: number;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#channelMax = connection.limits.maxSessions - 1;
  }

  /** The peer has told the highest channel it takes. */
  agree(channelMax: number): void {
    this.#channelMax = Math.min(this.#channelMax, channelMax);
  }

  sessions(): IterableIterator<Session> {
    return this.#sessions.values();
  }

  /** Throws `AmqpError` of scope connection; a mistake within a session ends that session alone. */
  receive(channel: number, performative: ChannelPerformative): void {
    if (performative.type === "begin") return this.#begin(channel, performative);
    const session = this.#session(channel);
    if (performative.type === "end") return this.#end(session);
    if (session.ended) return;
    try {
      dispatch(session, performative);
    } catch (error) {
      if (!(error instanceof AmqpError) || error.scope !== "session") throw error;
      session.end(error.condition);
    }
  }

  /** The connection is over: lets go of everything without a word. */
  release(): void {
    for (const session of this.#sessions.values()) {
      session.closeLinks();
      session.ended = true;
    }
    this.#sessions.clear();
  }

  #begin(channel: number, begin: Begin): void {
    if (channel > this.#channelMax || this.#sessions.size >= this.#connection.limits.maxSessions) {
      const text = `The channel ${channel} is above channel-max.`;
      throw new AmqpError("connection", "amqp:connection:framing-error", text);
    }
    if (this.#sessions.has(channel)) {
      throw new AmqpError("connection", "amqp:not-allowed", `The channel ${channel} has a session already.`);
    }
    this.#sessions.set(channel, new Session(this.#connection, channel, begin));
  }

  #session(channel: number): Session {
    const session = this.#sessions.get(channel);
    if (session !== undefined) return session;
    throw new AmqpError("connection", "amqp:not-allowed", `The channel ${channel} has no session.`);
  }

  #end(session: Session): void {
    session.flush();
    session.end();
    this.#sessions.delete(session.channel);
    this.#connection.turns.forget(session);
  }
}

function dispatch(session: Session, performative: SessionPerformative): void {
  switch (performative.type) {
    case "attach":
      return session.attach(performative);
    case "flow":
      return session.flow(performative);
    case "transfer":
      return session.transfer(performative);
    case "disposition":
      return session.disposition(performative);
    case "detach":
      return session.detach(performative);
  }
}
