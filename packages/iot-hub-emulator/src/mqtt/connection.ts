/**
 * One MQTT connection from its first byte to its end. Whom it serves is decided by its CONNECT; here are only packets and
 * patience: a peer that sends faster than the hub accepts, or reads more slowly than we write, is not read any further
 * until it has caught up, and one that keeps us waiting is dropped.
 */
import type { X509Certificate } from "node:crypto";
import type { Duplex } from "node:stream";
import { asHubError } from "../hub/errors.ts";
import type { FrontContext } from "./context.ts";
import type { Conversation, Welcome, Wire } from "./conversation.ts";
import { Output } from "./output.ts";
import { PacketInput } from "./packet-input.ts";
import { CONNECT, encodePacket, isForeignConnect, MqttError } from "./packets.ts";
import type { ClientPacket, ConnectPacket, ServerPacket } from "./packets.ts";
import { ACCEPTED, refusalCode, UNACCEPTABLE_PROTOCOL } from "./return-codes.ts";

/** Length of the longest client id, `{device}/{module}`; longer ones are cut in reports. */
const MAX_CLIENT_ID = 257;

export class Connection implements Wire {
  readonly certificates: readonly X509Certificate[];
  readonly #socket: Duplex;
  readonly #context: FrontContext;
  readonly #input: PacketInput;
  readonly #output: Output;
  #state: "new" | "greeting" | "open" | "closing" | "closed" = "new";
  #clientId: string | undefined;
  #conversation: Conversation | undefined;
  /** Reasons not to read now. */
  #holds = 0;
  #congestionHold = false;
  #orderly = false;
  /** Longest silence of the peer that is allowed, milliseconds. */
  #patience: number;
  #lastPacket: number;
  #unfinishedSince: number;
  #congestedSince: number;
  /** When the state began that must not last: before CONNECT, after our end. */
  #since: number;

  constructor(socket: Duplex, certificates: readonly X509Certificate[], context: FrontContext) {
    this.certificates = certificates;
    this.#socket = socket;
    this.#context = context;
    this.#output = new Output(socket, () => this.#written());
    const { maxConnectBytes, maxPacketBytes, maxSilence } = context.limits;
    this.#input = new PacketInput({
      limit: () => (this.#state === "new" ? maxConnectBytes : maxPacketBytes),
      deliver: (packet) => this.#deliver(packet),
      held: () => this.#holds > 0 || this.#over,
    });
    this.#patience = maxSilence;
    this.#since = this.#lastPacket = this.#unfinishedSince = this.#congestedSince = context.clock();
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    for (const event of ["error", "end", "close"]) socket.on(event, () => this.destroy());
  }

  // For conversations -------------------------------------------------------------------------------------------------

  get congested(): boolean {
    return this.#output.waiting > this.#context.limits.maxOutputBytes;
  }

  send(packet: ServerPacket): void {
    if (this.#over) return;
    this.#output.add(encodePacket(packet));
    if (this.#output.waiting > this.#context.limits.fatalOutputBytes) {
      this.cut(new MqttError("The client does not read what it is sent."));
    }
  }

  hold(): void {
    if (this.#holds++ === 0) this.#socket.pause();
  }

  release(): void {
    if (--this.#holds > 0 || this.#over) return;
    this.#lastPacket = this.#unfinishedSince = this.#context.clock();
    this.#guard(() => this.#input.resume());
    if (this.#holds === 0 && !this.#over) this.#socket.resume();
  }

  close(reason?: Error): void {
    if (this.#over) return;
    this.#report(reason);
    this.#state = "closing";
    this.#since = this.#context.clock();
    this.#leave();
    this.#output.flush();
    this.#socket.end();
    // Whatever else the peer sends is read and dropped, so that its own end can be seen.
    this.#socket.resume();
  }

  cut(reason: Error): void {
    if (this.#over) return;
    this.#report(reason);
    this.destroy();
  }

  /** The hub stops: no device is lost by that, so none leaves its will. */
  dismiss(): void {
    this.#orderly = true;
    this.close();
  }

  // Life --------------------------------------------------------------------------------------------------------------

  /** Called about once a second: deadlines, keep-alive, and what the conversation has to look at. */
  tick(clock: number, now: number): void {
    const { timeToConnect, timeToClose } = this.#context.limits;
    switch (this.#state) {
      case "new":
      case "greeting":
        if (clock - this.#since >= timeToConnect) this.cut(new MqttError("No CONNECT came in time."));
        return;
      case "open":
        this.#checkPeer(clock);
        this.#conversation?.tick(now);
        return;
      case "closing":
        if (clock - this.#since >= timeToClose) this.destroy();
        return;
      case "closed":
    }
  }

  destroy(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#leave();
    this.#socket.destroy();
    this.#context.connectionClosed(this);
  }

  get #over(): boolean {
    return this.#state === "closing" || this.#state === "closed";
  }

  #checkPeer(clock: number): void {
    const { timeToFinishPacket, timeToRead } = this.#context.limits;
    if (!this.congested) this.#congestedSince = clock;
    if (!this.#input.unfinished) this.#unfinishedSince = clock;
    if (clock - this.#congestedSince >= timeToRead) {
      return this.cut(new MqttError("The client does not read what it is sent."));
    }
    if (this.#holds > 0) return;
    if (clock - Math.max(this.#unfinishedSince, this.#lastPacket) >= timeToFinishPacket && this.#input.unfinished) {
      return this.cut(new MqttError("A packet was begun and not finished in time."));
    }
    // [MQTT-3.1.2-24]
    if (clock - this.#lastPacket >= this.#patience) this.close(new MqttError("The client was silent for too long."));
  }

  #leave(): void {
    const conversation = this.#conversation;
    this.#conversation = undefined;
    conversation?.closed(this.#orderly);
  }

  #report(reason: Error | undefined): void {
    if (reason === undefined) return;
    this.#context.reportClosed({ clientId: this.#clientId, reason });
  }

  // Input -------------------------------------------------------------------------------------------------------------

  #receive(chunk: Buffer): void {
    if (this.#over) return;
    this.#guard(() => {
      // Other protocols may look like a packet that never ends.
      if (this.#state === "new" && !this.#input.unfinished && chunk[0] !== CONNECT) throw notConnect();
      this.#input.feed(chunk);
    });
    if (this.#over || this.#congestionHold || !this.congested) return;
    this.#congestionHold = true;
    this.hold();
  }

  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.close(this.#explain(error));
  }

  #explain(error: unknown): Error {
    if (error instanceof MqttError) return error;
    const reason = asHubError(error);
    if (reason.errorName === "ServerError") this.#context.reportFault(reason);
    return reason;
  }

  #deliver(bytes: Buffer): void {
    this.#lastPacket = this.#context.clock();
    if (this.#state === "new" && isForeignConnect(bytes)) {
      // [MQTT-3.1.2-2]
      this.#refuse(UNACCEPTABLE_PROTOCOL, new MqttError("The hub speaks MQTT 3.1.1 only."));
      return;
    }
    this.#take(this.#context.decode(bytes));
  }

  #take(packet: ClientPacket): void {
    const conversation = this.#conversation;
    if (packet.cmd === "connect") return this.#connect(packet);
    if (conversation === undefined) throw notConnect();
    if (packet.cmd === "pingreq") return this.send({ cmd: "pingresp" });
    if (packet.cmd !== "disconnect") return conversation.receive(packet);
    this.#orderly = true;
    this.close();
  }

  #connect(packet: ConnectPacket): void {
    if (this.#state !== "new") throw new MqttError("CONNECT came twice."); // [MQTT-3.1.0-2]
    this.#state = "greeting";
    this.hold();
    const { keepalive = 0, clientId } = packet;
    this.#clientId = clientId.slice(0, MAX_CLIENT_ID);
    if (keepalive > 0) this.#patience = Math.min(this.#patience, keepalive * 1500);
    const greet = async (): Promise<Welcome> => this.#context.greet(packet, this);
    void greet().then(
      (welcome) => this.#guard(() => this.#welcome(welcome)),
      (error: unknown) => this.#turnAway(error),
    );
  }

  #welcome({ conversation, sessionPresent }: Welcome): void {
    // The peer left, or the hub closed, while the CONNECT was judged.
    if (this.#over) return;
    this.#conversation = conversation;
    this.#state = "open";
    this.send({ cmd: "connack", returnCode: ACCEPTED, sessionPresent });
    conversation.opened();
    this.release();
  }

  #turnAway(cause: unknown): void {
    if (this.#over) return;
    const reason = this.#explain(cause);
    this.#refuse(refusalCode(reason), reason);
  }

  #refuse(returnCode: number, reason: Error): void {
    this.send({ cmd: "connack", returnCode, sessionPresent: false });
    this.close(reason);
  }

  // Output ------------------------------------------------------------------------------------------------------------

  #written(): void {
    if (this.#over || this.congested) return;
    if (this.#congestionHold) {
      this.#congestionHold = false;
      this.release();
    }
    this.#guard(() => this.#conversation?.writable());
  }
}

// [MQTT-3.1.0-1]
function notConnect(): MqttError {
  return new MqttError("The first packet must be CONNECT.");
}
