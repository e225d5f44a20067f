/**
 * One AMQP connection from its first byte to close. Input is handled as it arrives; everything it causes is written once
 * per turn of the event loop. A peer that sends faster than the hub accepts, or reads more slowly than we write, is not
 * read any further until it has caught up.
 */
import type { Duplex } from "node:stream";
import { AmqpDecodeError } from "../amqp-codec/decode-error.ts";
import { decodePerformative } from "../amqp-codec/performative-decoding.ts";
import { writeClose } from "../amqp-codec/performative-encoding.ts";
import type { Begin, ErrorCondition, Open, Performative } from "../amqp-codec/performatives.ts";
import type { Writer } from "../amqp-codec/writer.ts";
import { asHubError, HubError } from "../hub/errors.ts";
import { AmqpError, errorCondition } from "./amqp-error.ts";
import type { ConnectionContext, FrontContext } from "./context.ts";
import { Credentials } from "./credentials.ts";
import { bodyStart, FrameInput } from "./frame-input.ts";
import { Handshake } from "./handshake.ts";
import type { AmqpLimits } from "./limits.ts";
import type { OutgoingLink } from "./outgoing-link.ts";
import { FRAME_AMQP, Output } from "./output.ts";
import { ResponseLinks } from "./request-response.ts";
import { Session } from "./session.ts";

type SessionPerformative = Exclude<Performative, { type: "open" | "begin" | "end" | "close" }>;

/** Bytes that one reader may be sent before the others have their turn. */
const TURN_BYTES = 64 * 1024;

export class Connection {
  readonly limits: AmqpLimits;
  readonly output: Output;
  readonly context: ConnectionContext;
  readonly #socket: Duplex;
  readonly #input: FrameInput;
  readonly #handshake: Handshake;
  readonly #sessions = new Map<number, Session>();
  /** Sessions with outcomes or flows to write. */
  readonly #owing = new Set<Session>();
  /** Links that may have something to send. */
  #ready = new Set<OutgoingLink>();
  /** Links that wait for a congested output. */
  readonly #held = new Set<OutgoingLink>();
  #state: "handshake" | "open" | "closing" | "closed" = "handshake";
  #channelMax: number;
  #links = 0;
  #pendingBytes = 0;
  #assemblyBytes = 0;
  #scheduled = false;
  #peerIdleTimeOut = 0;
  #lastInput: number;
  #lastOutput: number;
  /** When the running deadline began: that of the state, or since when no token is there. */
  #since: number;

  constructor(socket: Duplex, front: FrontContext) {
    const { limits } = front;
    this.#socket = socket;
    this.limits = limits;
    this.#channelMax = limits.maxSessions - 1;
    this.output = new Output(socket, limits.maxOutputBytes, () => this.#written());
    this.context = {
      ...front,
      credentials: new Credentials(front.hub, limits.maxTokens),
      responses: new ResponseLinks(),
      pending: (bytes) => this.#pending(bytes),
    };
    this.#handshake = new Handshake(this.context, this.output);
    this.#input = new FrameInput({
      limit: () => (this.#state === "handshake" ? this.#handshake.frameLimit : limits.maxFrameSize),
      deliver: (bytes, start, end) => this.#deliver(bytes, start, end),
      stopped: () => this.#over,
    });
    this.#since = this.#lastInput = this.#lastOutput = front.clock();
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    for (const event of ["error", "end", "close"]) socket.on(event, () => this.destroy());
  }

  get congested(): boolean {
    return this.output.congested;
  }

  get #over(): boolean {
    return this.#state === "closing" || this.#state === "closed";
  }

  // For sessions and links --------------------------------------------------------------------------------------------

  sendFrame(channel: number, body: (writer: Writer) => void): void {
    if (this.#state !== "open") return;
    this.output.frame(channel, body);
    this.#schedule();
  }

  /** A session has outcomes or flows to write at the end of this turn. */
  owes(session: Session): void {
    this.#owing.add(session);
    this.#schedule();
  }

  /** A link may have something to send. */
  ready(link: OutgoingLink): void {
    this.#ready.add(link);
    this.#schedule();
  }

  linkAdded(): void {
    this.#links++;
  }

  linkRemoved(): void {
    this.#links--;
  }

  requireRoomForLink(): void {
    if (this.#links < this.limits.maxLinks) return;
    const text = `A connection has at most ${this.limits.maxLinks} links.`;
    throw new AmqpError("connection", "amqp:resource-limit-exceeded", text);
  }

  /** Counts bytes of half-received deliveries. */
  assembling(bytes: number): void {
    this.#assemblyBytes += bytes;
    if (this.#assemblyBytes <= this.limits.maxAssemblyBytes) return;
    const text = "Too many deliveries are sent in pieces at the same time.";
    throw new AmqpError("connection", "amqp:resource-limit-exceeded", text);
  }

  // Life --------------------------------------------------------------------------------------------------------------

  /** Called about once a second: heartbeats, deadlines, expired tokens. `clock` is steady, `now` is the hub's time. */
  tick(clock: number, now: number): void {
    const { credentials } = this.context;
    credentials.expire(now);
    if (credentials.size > 0 && this.#state === "open") this.#since = clock;
    if (clock - this.#since >= this.#patience) return this.#outOfTime();
    if (this.#state !== "open") return;
    if (!this.#socket.isPaused() && clock - this.#lastInput >= this.limits.idleTimeOut * 2) {
      return this.close({
        condition: "amqp:resource-limit-exceeded",
        description: "The peer was silent for too long.",
      });
    }
    if (this.#peerIdleTimeOut > 0 && clock - this.#lastOutput >= this.#peerIdleTimeOut / 2) this.#heartbeat();
  }

  /** Says why, and gives the peer a moment to answer. */
  close(error?: ErrorCondition): void {
    if (this.#over) return;
    if (this.#state === "handshake" && this.#handshake.agreed) {
      this.#handshake.writeOpen();
      this.#state = "open";
    }
    if (this.#state === "open") this.#sayClose(error);
    this.#state = "closing";
    this.#since = this.context.clock();
    this.#release();
    this.output.flush();
    this.#socket.end();
    // Whatever else the peer sends is read and dropped, so that its own close can be seen.
    this.#socket.resume();
  }

  destroy(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#release();
    this.#socket.destroy();
    this.context.connectionClosed(this);
  }

  #sayClose(error: ErrorCondition | undefined): void {
    try {
      for (const session of this.#owing) session.flush();
      this.output.frame(0, (writer) => writeClose(writer, error));
    } catch (cause) {
      // The peer's frames are too small for what there is to say: it sees the socket close.
      if (!(cause instanceof AmqpError)) throw cause;
    }
  }

  /** Milliseconds that the present state may last; an open connection must only come by a token in that time. */
  get #patience(): number {
    const { timeToOpen, timeToAuthenticate, timeToClose } = this.limits;
    if (this.#state === "handshake") return timeToOpen;
    return this.#state === "open" ? timeToAuthenticate : timeToClose;
  }

  #outOfTime(): void {
    if (this.#state !== "open") return this.destroy();
    this.close({ condition: "amqp:unauthorized-access", description: "No valid token was put in time." });
  }

  #release(): void {
    for (const session of this.#sessions.values()) {
      session.closeLinks();
      session.ended = true;
    }
    this.#sessions.clear();
    this.#owing.clear();
    this.#ready.clear();
    this.#held.clear();
  }

  // Input -------------------------------------------------------------------------------------------------------------

  #receive(chunk: Buffer): void {
    if (this.#over) return;
    this.#lastInput = this.context.clock();
    try {
      this.#input.feed(chunk);
    } catch (error) {
      this.#fail(error);
    }
    if (this.output.congested && !this.#over) this.#socket.pause();
  }

  #fail(error: unknown): void {
    if (error instanceof AmqpDecodeError) {
      return this.close({ condition: error.condition, description: error.message });
    }
    const known = error instanceof AmqpError || error instanceof HubError;
    if (!known) this.context.reportFault(asHubError(error));
    this.close(errorCondition(error));
  }

  #deliver(bytes: Buffer, start: number, end: number): void {
    if (this.#state === "open") return this.#frame(bytes, start, end);
    const result = this.#handshake.receive(bytes, start, end);
    if (result.kind === "refused") return this.close();
    if (result.kind === "open") this.#opened(result.open);
    this.#schedule();
  }

  #opened({ maxFrameSize, channelMax, idleTimeOut }: Open): void {
    const ours = this.limits.maxFrameSize;
    this.output.maxFrameSize = Math.max(512, Math.min(maxFrameSize ?? ours, ours));
    this.#channelMax = Math.min(this.#channelMax, channelMax ?? 0xffff);
    this.#peerIdleTimeOut = idleTimeOut ?? 0;
    this.#state = "open";
    this.#since = this.context.clock();
  }

  #frame(bytes: Buffer, start: number, end: number): void {
    const body = bodyStart(bytes, start, end, FRAME_AMQP);
    if (body === end) return; // a heartbeat
    const channel = bytes.readUInt16BE(start + 6);
    const performative = decodePerformative(bytes, body, end);
    switch (performative.type) {
      case "open":
        throw new AmqpError("connection", "amqp:not-allowed", "The connection is open already.");
      case "close":
        return this.close();
      case "begin":
        return this.#begin(channel, performative);
      case "end":
        return this.#end(this.#session(channel));
      case "attach":
      case "flow":
      case "transfer":
      case "disposition":
      case "detach":
        return this.#onSession(this.#session(channel), performative);
    }
  }

  #begin(channel: number, begin: Begin): void {
    if (channel > this.#channelMax || this.#sessions.size >= this.limits.maxSessions) {
      throw new AmqpError(
        "connection",
        "amqp:connection:framing-error",
        `The channel ${channel} is above channel-max.`,
      );
    }
    if (this.#sessions.has(channel)) {
      throw new AmqpError("connection", "amqp:not-allowed", `The channel ${channel} has a session already.`);
    }
    this.#sessions.set(channel, new Session(this, channel, begin));
  }

  #session(channel: number): Session {
    const session = this.#sessions.get(channel);
    if (session !== undefined) return session;
    throw new AmqpError("connection", "amqp:not-allowed", `The channel ${channel} has no session.`);
  }

  #onSession(session: Session, performative: SessionPerformative): void {
    if (session.ended) return;
    try {
      dispatch(session, performative);
    } catch (error) {
      if (!(error instanceof AmqpError) || error.scope !== "session") throw error;
      session.end(error.condition);
    }
  }

  #end(session: Session): void {
    session.flush();
    session.end();
    this.#sessions.delete(session.channel);
    this.#owing.delete(session);
  }

  // Output ------------------------------------------------------------------------------------------------------------

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#over) this.#turn();
    });
  }

  // Each ready link sends a little, so that many readers share a connection fairly and senders are heard in between.
  #turn(): void {
    try {
      for (const session of this.#owing) session.flush();
      this.#owing.clear();
      const ready = this.#ready;
      this.#ready = new Set();
      for (const link of ready) {
        const more = link.pump(TURN_BYTES);
        if (this.output.congested) this.#held.add(link);
        else if (more) this.ready(link);
      }
    } catch (error) {
      return this.#fail(error);
    }
    if (this.output.empty) return;
    this.output.flush();
    this.#lastOutput = this.context.clock();
  }

  #written(): void {
    if (this.#over || this.output.congested) return;
    for (const link of this.#held) link.wake();
    this.#held.clear();
    this.#resume();
  }

  // Deliveries that the hub has not kept yet are memory: beyond the limit the peer waits.
  #pending(bytes: number): void {
    this.#pendingBytes += bytes;
    if (this.#over) return;
    if (bytes > 0 && this.#pendingBytes > this.limits.maxPendingBytes) this.#socket.pause();
    else if (bytes < 0) this.#resume();
  }

  #resume(): void {
    if (!this.#socket.isPaused() || this.output.congested) return;
    if (this.#pendingBytes <= this.limits.maxPendingBytes / 2) this.#socket.resume();
  }

  #heartbeat(): void {
    this.output.frame(0, () => {});
    this.#schedule();
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
