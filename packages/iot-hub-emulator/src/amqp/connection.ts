/**
 * One AMQP connection from protocol header to close. Input is handled as it arrives; everything it causes is written once
 * per turn of the event loop. A peer that sends faster than the hub accepts, or reads more slowly than we write, is not
 * read any further until it has caught up.
 */
import type { Duplex } from "node:stream";
import { AmqpDecodeError } from "../amqp-codec/decode-error.ts";
import { decodePerformative, decodeSaslInit } from "../amqp-codec/performative-decoding.ts";
import { writeClose, writeOpen, writeSaslMechanisms, writeSaslOutcome } from "../amqp-codec/performative-encoding.ts";
import type { Begin, ErrorCondition, Open, Performative } from "../amqp-codec/performatives.ts";
import type { Writer } from "../amqp-codec/writer.ts";
import { HubError } from "../hub/errors.ts";
import { AmqpError, errorCondition } from "./amqp-error.ts";
import { Credentials } from "./credentials.ts";
import { FrameInput } from "./frame-input.ts";
import type { AmqpLimits } from "./limits.ts";
import type { ConnectionContext, FrontContext } from "./context.ts";
import type { OutgoingLink } from "./outgoing-link.ts";
import { FRAME_AMQP, FRAME_SASL, Output } from "./output.ts";
import { ResponseLinks } from "./request-response.ts";
import { authenticateSasl, MECHANISMS } from "./sasl.ts";
import { Session } from "./session.ts";

type State = "header" | "sasl" | "afterSasl" | "opening" | "open" | "closing" | "closed";

const HEADER_AMQP = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 1, 0, 0]);
const HEADER_SASL = Buffer.from([0x41, 0x4d, 0x51, 0x50, 3, 1, 0, 0]);
/** Bytes that one reader may be sent before the others have their turn. */
const TURN_BYTES = 64 * 1024;

export class Connection {
  readonly limits: AmqpLimits;
  readonly output: Output;
  readonly context: ConnectionContext;
  readonly #socket: Duplex;
  readonly #input: FrameInput;
  readonly #sessions = new Map<number, Session>();
  readonly #owing = new Set<Session>();
  #ready = new Set<OutgoingLink>();
  /** Links that wait for the socket to drain. */
  readonly #held = new Set<OutgoingLink>();
  #state: State = "header";
  #channelMax: number;
  #links = 0;
  #pendingBytes = 0;
  #assemblyBytes = 0;
  #scheduled = false;
  #peerIdleTimeOut = 0;
  #lastInput: number;
  #lastOutput: number;
  /** When the state was entered that has a deadline. */
  #since: number;

  constructor(socket: Duplex, front: FrontContext) {
    const { limits } = front;
    this.#socket = socket;
    this.limits = limits;
    this.#channelMax = limits.maxSessions - 1;
    this.output = new Output(socket, limits.maxOutputBytes);
    this.context = {
      ...front,
      credentials: new Credentials(front.hub, limits.maxTokens),
      responses: new ResponseLinks(),
      pending: (bytes) => this.#pending(bytes),
    };
    this.#input = new FrameInput({
      limit: () => this.#frameLimit(),
      deliver: (bytes, start, end) => this.#deliver(bytes, start, end),
      stopped: () => this.#state === "closing" || this.#state === "closed",
    });
    this.#since = this.#lastInput = this.#lastOutput = front.clock();
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("drain", () => this.#drained());
    socket.on("error", () => this.destroy());
    socket.on("end", () => this.destroy());
    socket.on("close", () => this.destroy());
  }

  get closed(): boolean {
    return this.#state === "closed";
  }

  get congested(): boolean {
    return this.output.congested;
  }

  // For sessions and links --------------------------------------------------------------------------------------------

  sendFrame(channel: number, body: (writer: Writer) => void): void {
    if (this.#state !== "open" && this.#state !== "opening") return;
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
    const { limits } = this;
    const age = clock - this.#since;
    if (this.#state === "closing") {
      if (age >= limits.timeToClose) this.destroy();
      return;
    }
    if (this.#state !== "open") {
      if (age >= limits.timeToOpen) this.destroy();
      return;
    }
    this.context.credentials.expire(now);
    if (this.context.credentials.size === 0 && age >= limits.timeToAuthenticate) {
      return this.close({ condition: "amqp:unauthorized-access", description: "No valid token was put in time." });
    }
    if (this.context.credentials.size > 0) this.#since = clock;
    if (!this.#socket.isPaused() && clock - this.#lastInput >= limits.idleTimeOut * 2) {
      return this.close({
        condition: "amqp:resource-limit-exceeded",
        description: "The peer was silent for too long.",
      });
    }
    if (this.#peerIdleTimeOut > 0 && clock - this.#lastOutput >= this.#peerIdleTimeOut / 2) this.#heartbeat();
  }

  /** Says why, and gives the peer a moment to answer. */
  close(error?: ErrorCondition): void {
    if (this.#state === "closing" || this.#state === "closed") return;
    if (this.#state === "opening") this.#writeOpen();
    if (this.#state === "opening" || this.#state === "open") {
      for (const session of this.#owing) session.flush();
      this.output.frame(0, (writer) => writeClose(writer, error));
    }
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
    if (this.#state === "closing" || this.#state === "closed") return;
    this.#lastInput = this.context.clock();
    try {
      this.#input.feed(chunk);
    } catch (error) {
      this.#fail(error);
    }
    if (this.output.congested) this.#socket.pause();
  }

  #fail(error: unknown): void {
    if (error instanceof AmqpDecodeError) this.close({ condition: error.condition, description: error.message });
    else this.close(errorCondition(error));
  }

  #frameLimit(): number {
    switch (this.#state) {
      case "header":
      case "afterSasl":
        return 0;
      case "open":
        return this.limits.maxFrameSize;
      default:
        return this.limits.maxFrameSizeBeforeOpen;
    }
  }

  #deliver(bytes: Buffer, start: number, end: number): void {
    switch (this.#state) {
      case "header":
      case "afterSasl":
        return this.#protocolHeader(bytes.subarray(start, end));
      case "sasl":
        return this.#saslFrame(bytes, start, end);
      default:
        return this.#frame(bytes, start, end);
    }
  }

  // [AMQP part 2, 2.2] An unknown protocol is answered with the one we speak, and the connection ends.
  #protocolHeader(header: Buffer): void {
    if (header.equals(HEADER_AMQP)) {
      this.output.raw(HEADER_AMQP);
      this.#state = "opening";
    } else if (header.equals(HEADER_SASL) && this.#state === "header") {
      this.output.raw(HEADER_SASL);
      this.output.frame(0, (writer) => writeSaslMechanisms(writer, MECHANISMS), FRAME_SASL);
      this.#state = "sasl";
    } else {
      this.output.raw(HEADER_AMQP);
      this.close();
    }
    this.#schedule();
  }

  #saslFrame(bytes: Buffer, start: number, end: number): void {
    const init = decodeSaslInit(bytes, bodyStart(bytes, start, end, FRAME_SASL), end);
    try {
      const { principal } = authenticateSasl(this.context.hub, init);
      if (principal !== undefined) this.context.credentials.add(principal);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      this.output.frame(0, (writer) => writeSaslOutcome(writer, 1), FRAME_SASL);
      return this.close();
    }
    this.output.frame(0, (writer) => writeSaslOutcome(writer, 0), FRAME_SASL);
    this.#state = "afterSasl";
    this.#schedule();
  }

  #frame(bytes: Buffer, start: number, end: number): void {
    const body = bodyStart(bytes, start, end, FRAME_AMQP);
    if (body === end) return; // a heartbeat
    const channel = bytes.readUInt16BE(start + 6);
    const performative = decodePerformative(bytes, body, end);
    if (this.#state === "opening") return this.#open(performative);
    switch (performative.type) {
      case "open":
        throw new AmqpError("connection", "amqp:not-allowed", "The connection is open already.");
      case "close":
        return this.close();
      case "begin":
        return this.#begin(channel, performative);
      default:
        return this.#onSession(channel, performative);
    }
  }

  #open(performative: Performative): void {
    if (performative.type !== "open") {
      throw new AmqpError("connection", "amqp:not-allowed", "The first frame must be an open.");
    }
    this.#adopt(performative);
    this.#writeOpen();
    this.#state = "open";
    this.#since = this.context.clock();
    this.#schedule();
  }

  #adopt({ maxFrameSize, channelMax, idleTimeOut }: Open): void {
    this.output.maxFrameSize = Math.max(
      512,
      Math.min(maxFrameSize ?? this.limits.maxFrameSize, this.limits.maxFrameSize),
    );
    this.#channelMax = Math.min(this.#channelMax, channelMax ?? 0xffff);
    this.#peerIdleTimeOut = idleTimeOut ?? 0;
  }

  #writeOpen(): void {
    const { maxFrameSize, maxSessions, idleTimeOut } = this.limits;
    const containerId = this.context.hub.hostName;
    this.output.frame(0, (writer) =>
      writeOpen(writer, { containerId, maxFrameSize, channelMax: maxSessions - 1, idleTimeOut }),
    );
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

  #onSession(channel: number, performative: Exclude<Performative, { type: "open" | "begin" | "close" }>): void {
    const session = this.#sessions.get(channel);
    if (session === undefined) {
      throw new AmqpError("connection", "amqp:not-allowed", `The channel ${channel} has no session.`);
    }
    if (performative.type === "end") return this.#end(session);
    if (session.ended) return;
    try {
      this.#dispatch(session, performative);
    } catch (error) {
      if (!(error instanceof AmqpError) || error.scope !== "session") throw error;
      session.end(error.condition);
    }
  }

  #dispatch(session: Session, performative: Exclude<Performative, { type: "open" | "begin" | "end" | "close" }>): void {
    switch (performative.type) {
      case "transfer":
        return session.transfer(performative);
      case "attach":
        return session.attach(performative);
      case "flow":
        return session.flow(performative);
      case "disposition":
        return session.disposition(performative);
      case "detach":
        return session.detach(performative);
    }
  }

  #end(session: Session): void {
    session.end();
    this.#sessions.delete(session.channel);
    this.#owing.delete(session);
  }

  // Output ------------------------------------------------------------------------------------------------------------

  #schedule(): void {
    if (this.#scheduled || this.#state === "closed") return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  // Each ready link sends a little, so that many readers share a connection fairly and senders are heard in between.
  #turn(): void {
    if (this.#state === "closing" || this.#state === "closed") return;
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

  #drained(): void {
    for (const link of this.#held) link.wake();
    this.#held.clear();
    this.#resume();
  }

  #pending(bytes: number): void {
    this.#pendingBytes += bytes;
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

/** Where a frame's body starts; checks its header. */
function bodyStart(bytes: Buffer, start: number, end: number, type: number): number {
  const offset = (bytes[start + 4] as number) * 4;
  if (offset < 8 || start + offset > end || bytes[start + 5] !== type) {
    throw new AmqpError("connection", "amqp:connection:framing-error", "The frame's header is malformed.");
  }
  return start + offset;
}
