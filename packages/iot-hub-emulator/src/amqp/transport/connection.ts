/**
 * One AMQP connection from its first byte to close. Input is handled as it arrives; everything it causes is written once
 * per turn of the event loop. A peer that sends faster than the hub accepts, or reads more slowly than we write, is not
 * read any further until it has caught up.
 */
import type { X509Certificate } from "node:crypto";
import type { Duplex } from "node:stream";
import { AmqpDecodeError } from "../../amqp-codec/decode-error.ts";
import { decodePerformative } from "../../amqp-codec/performative-decoding.ts";
import { writeClose } from "../../amqp-codec/performative-encoding.ts";
import type { ErrorCondition, Open } from "../../amqp-codec/performatives.ts";
import type { Writer } from "../../amqp-codec/writer.ts";
import { asHubError, HubError } from "../../hub/errors.ts";
import { Allowance } from "./allowance.ts";
import { AmqpError, errorCondition, forced } from "../amqp-error.ts";
import { InBandFaults } from "../device/in-band-faults.ts";
import { Channels } from "./channels.ts";
import type { ConnectionContext, FrontContext } from "../context.ts";
import { Credentials } from "../security/credentials.ts";
import { type ConnectionState, Deadlines } from "./deadlines.ts";
import { bodyStart, FrameInput } from "./frame-input.ts";
import { Handshake } from "./handshake.ts";
import type { AmqpLimits } from "../limits.ts";
import { DeviceLinks } from "../device/device-links.ts";
import { FRAME_AMQP, Output } from "./output.ts";
import { ResponseLinks } from "../links/request-response.ts";
import type { Link } from "./session.ts";
import { Turns } from "./turns.ts";

export class Connection {
  readonly limits: AmqpLimits;
  readonly output: Output;
  readonly turns: Turns;
  readonly allowance: Allowance;
  readonly context: ConnectionContext;
  readonly #socket: Duplex;
  readonly #input: FrameInput;
  readonly #handshake: Handshake;
  readonly #channels: Channels;
  readonly #deadlines: Deadlines;
  #state: ConnectionState = "handshake";

  /** `certificates` are those the peer showed in TLS, its own first; none when it showed none. */
  constructor(socket: Duplex, front: FrontContext, certificates: readonly X509Certificate[]) {
    const { limits } = front;
    this.#socket = socket;
    this.limits = limits;
    this.allowance = new Allowance(limits);
    this.output = new Output(socket, limits.maxOutputBytes, () => this.#written());
    this.turns = new Turns({
      output: this.output,
      over: () => this.#over,
      failed: (error) => this.fail(error),
      flushed: () => this.#deadlines.spoke(this.context.clock()),
    });
    this.context = {
      ...front,
      certificates,
      credentials: new Credentials(front.hub, limits.maxTokens, certificates),
      responses: new ResponseLinks(),
      deviceLinks: new DeviceLinks(front.hub),
      inBandFaults: new InBandFaults({
        clock: front.hub.clock,
        links: () => this.#links(),
        force: (text) => this.force(text),
        destroy: () => this.destroy(),
      }),
      pending: (bytes) => this.#pending(bytes),
    };
    this.#handshake = new Handshake(this.context, this.output);
    this.#channels = new Channels(this);
    this.#input = new FrameInput({
      limit: () => (this.#state === "handshake" ? this.#handshake.frameLimit : limits.maxFrameSize),
      deliver: (bytes, start, end) => this.#deliver(bytes, start, end),
      stopped: () => this.#over,
    });
    this.#deadlines = new Deadlines(limits, front.clock());
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    for (const event of ["error", "end", "close"]) socket.on(event, () => this.destroy());
  }

  get #over(): boolean {
    return this.#state === "closing" || this.#state === "closed";
  }

  // Life --------------------------------------------------------------------------------------------------------------

  sendFrame(channel: number, body: (writer: Writer) => void): void {
    if (this.#state !== "open") return;
    this.output.frame(channel, body);
    this.turns.schedule();
  }

  /** Called about once a second: heartbeats, deadlines, expired tokens. `clock` is steady, `now` is the hub's time. */
  tick(clock: number, now: number): void {
    const { credentials } = this.context;
    credentials.expire(now);
    const known = credentials.size > 0 || this.context.certificates.length > 0;
    if (this.#state === "open" && known) this.#deadlines.restart(clock);
    switch (this.#deadlines.due(clock, this.#state, !this.#socket.isPaused())) {
      case "nothing":
        return;
      case "outOfTime":
        return this.#outOfTime();
      case "silent":
        return this.close({
          condition: "amqp:resource-limit-exceeded",
          description: "The peer was silent for too long.",
        });
      case "heartbeat":
        return this.sendFrame(0, () => {});
    }
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
    this.#deadlines.restart(this.context.clock());
    this.#release();
    this.output.flush();
    this.#socket.end();
    // Whatever else the peer sends is read and dropped, so that its own close can be seen.
    this.#socket.resume();
  }

  /** Ends a connection that did nothing wrong. Clients wait for each link's detach unless its session has ended. */
  force(text: string): void {
    for (const session of this.#channels.sessions()) {
      session.flush();
      session.end(forced(text));
    }
    this.close({ ...forced(text), condition: "amqp:connection:forced" });
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
      this.turns.settle();
      this.output.frame(0, (writer) => writeClose(writer, error));
    } catch (cause) {
      // The peer's frames are too small for what there is to say: it sees the socket close.
      if (!(cause instanceof AmqpError)) throw cause;
    }
  }

  #outOfTime(): void {
    if (this.#state !== "open") return this.destroy();
    this.close({ condition: "amqp:unauthorized-access", description: "No valid token was put in time." });
  }

  *#links(): Generator<Link> {
    for (const session of this.#channels.sessions()) yield* session.links();
  }

  #release(): void {
    this.context.inBandFaults.stop();
    this.#channels.release();
    this.turns.clear();
  }

  // Input -------------------------------------------------------------------------------------------------------------

  #receive(chunk: Buffer): void {
    if (this.#over) return;
    this.#deadlines.heard(this.context.clock());
    try {
      this.#input.feed(chunk);
    } catch (error) {
      this.fail(error);
    }
    if (this.output.congested && !this.#over) this.#socket.pause();
  }

  /** Ends the connection for a mistake of the peer, or for one of ours. */
  fail(error: unknown): void {
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
    this.turns.schedule();
  }

  #opened({ maxFrameSize, channelMax, idleTimeOut }: Open): void {
    const ours = this.limits.maxFrameSize;
    this.output.maxFrameSize = Math.max(512, Math.min(maxFrameSize ?? ours, ours));
    this.#channels.agree(channelMax ?? 0xffff);
    this.#deadlines.promise(idleTimeOut ?? 0);
    this.#state = "open";
    this.#deadlines.restart(this.context.clock());
  }

  #frame(bytes: Buffer, start: number, end: number): void {
    const body = bodyStart(bytes, start, end, FRAME_AMQP);
    if (body === end) return; // a heartbeat
    const channel = bytes.readUInt16BE(start + 6);
    const performative = decodePerformative(bytes, body, end);
    if (performative.type === "open") {
      throw new AmqpError("connection", "amqp:not-allowed", "The connection is open already.");
    }
    if (performative.type === "close") return this.close();
    this.#channels.receive(channel, performative);
  }

  // Flow of bytes -----------------------------------------------------------------------------------------------------

  #written(): void {
    if (this.#over || this.output.congested) return;
    this.turns.relieved();
    this.#resume();
  }

  #pending(bytes: number): void {
    this.allowance.pending(bytes);
    if (this.#over) return;
    if (bytes > 0 && this.allowance.full) this.#socket.pause();
    else if (bytes < 0) this.#resume();
  }

  #resume(): void {
    if (this.#socket.isPaused() && this.allowance.roomy && !this.output.congested) this.#socket.resume();
  }
}
