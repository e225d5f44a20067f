/** The beginning of a connection: protocol header, SASL where the client wants it, protocol header again, open. */
import { AmqpDecodeError } from "../../amqp-codec/decode-error.ts";
import { decodePerformative, decodeSaslInit } from "../../amqp-codec/performative-decoding.ts";
import { writeOpen, writeSaslMechanisms, writeSaslOutcome } from "../../amqp-codec/performative-encoding.ts";
import type { Open } from "../../amqp-codec/performatives.ts";
import { HubError } from "../../hub/errors.ts";
import { AmqpError } from "../amqp-error.ts";
import type { ConnectionContext } from "../context.ts";
import { bodyStart } from "./frame-input.ts";
import { FRAME_AMQP, FRAME_SASL, type Output } from "./output.ts";
import { authenticateSasl, mechanisms } from "../security/sasl.ts";

const HEADER_AMQP = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 1, 0, 0]);
const HEADER_SASL = Buffer.from([0x41, 0x4d, 0x51, 0x50, 3, 1, 0, 0]);

export type HandshakeResult =
  | { readonly kind: "continue" }
  /** The peer's open; ours is written. */
  | { readonly kind: "open"; readonly open: Open }
  /** The peer was told what it needs to know; the connection ends. */
  | { readonly kind: "refused" };

const CONTINUE: HandshakeResult = { kind: "continue" };
const REFUSED: HandshakeResult = { kind: "refused" };

export class Handshake {
  readonly #context: ConnectionContext;
  readonly #output: Output;
  #step: "header" | "sasl" | "headerAfterSasl" | "open" = "header";

  constructor(context: ConnectionContext, output: Output) {
    this.#context = context;
    this.#output = output;
  }

  /** Largest frame now, bytes; 0 when a protocol header comes next. */
  get frameLimit(): number {
    const header = this.#step === "header" || this.#step === "headerAfterSasl";
    return header ? 0 : this.#context.limits.maxFrameSizeBeforeOpen;
  }

  /** Whether an error can be told in AMQP: both sides agreed on the protocol. */
  get agreed(): boolean {
    return this.#step === "open";
  }

  get #hasCertificate(): boolean {
    return this.#context.certificates.length > 0;
  }

  /** Takes a protocol header or a frame. */
  receive(bytes: Buffer, start: number, end: number): HandshakeResult {
    if (this.#step === "sasl") return this.#sasl(bytes, start, end);
    return this.#step === "open" ? this.#open(bytes, start, end) : this.#header(bytes.subarray(start, end));
  }

  writeOpen(): void {
    const { hub, limits } = this.#context;
    const { maxFrameSize, maxSessions, idleTimeOut } = limits;
    this.#output.frame(0, (writer) =>
      writeOpen(writer, { containerId: hub.hostName, maxFrameSize, channelMax: maxSessions - 1, idleTimeOut }),
    );
  }

  // [AMQP part 2, 2.2] An unknown protocol is answered with one that we speak.
  #header(header: Buffer): HandshakeResult {
    if (header.equals(HEADER_SASL) && this.#step === "header") {
      this.#output.raw(HEADER_SASL);
      this.#output.frame(0, (writer) => writeSaslMechanisms(writer, mechanisms(this.#hasCertificate)), FRAME_SASL);
      this.#step = "sasl";
      return CONTINUE;
    }
    this.#output.raw(HEADER_AMQP);
    if (!header.equals(HEADER_AMQP)) return REFUSED;
    this.#step = "open";
    return CONTINUE;
  }

  #sasl(bytes: Buffer, start: number, end: number): HandshakeResult {
    const body = bodyStart(bytes, start, end, FRAME_SASL);
    try {
      const init = decodeSaslInit(bytes, body, end);
      const { principal } = authenticateSasl(this.#context.hub, init, this.#hasCertificate);
      if (principal !== undefined) this.#context.credentials.add(principal);
    } catch (error) {
      if (!(error instanceof HubError || error instanceof AmqpDecodeError)) throw error;
      this.#output.frame(0, (writer) => writeSaslOutcome(writer, 1), FRAME_SASL);
      return REFUSED;
    }
    this.#output.frame(0, (writer) => writeSaslOutcome(writer, 0), FRAME_SASL);
    this.#step = "headerAfterSasl";
    return CONTINUE;
  }

  #open(bytes: Buffer, start: number, end: number): HandshakeResult {
    const body = bodyStart(bytes, start, end, FRAME_AMQP);
    if (body === end) return CONTINUE;
    const open = decodePerformative(bytes, body, end);
    if (open.type !== "open") throw new AmqpError("connection", "amqp:not-allowed", "The first frame must be an open.");
    this.writeOpen();
    return { kind: "open", open };
  }
}
