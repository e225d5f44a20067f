/**
 * One MQTT connection from its first byte to its end: packets, patience and how it is ended. What the packets mean is the
 * conversation's business, which begins when the CONNECT was taken. A peer that does not read what it is sent, sends
 * more slowly than it began or keeps silent for too long is dropped.
 */
import type { Duplex } from "node:stream";
import type { DoorContext } from "./context.ts";
import { Output } from "./output.ts";
import { PacketReader } from "./packet-reader.ts";
import { CONNECT, encodePacket, isForeignConnect } from "./packets.ts";
import type { ClientPacket, ConnectPacket, Decode, MqttVersion, ServerPacket } from "./packets.ts";
import { MqttRefusal, reasonCode } from "./refusals.ts";
import type { Refusal } from "./refusals.ts";
import { refused } from "./welcome.ts";
import type { Conversation, Ending, Wire } from "./wire.ts";

/** Judges a CONNECT: the conversation that begins, or why none does. */
export type Greet = (packet: ConnectPacket, wire: Wire) => Promise<Greeting | Refusal>;

export interface Greeting {
  /** Called when the connection is still there: registers the conversation and gives the answer to send. */
  readonly begin: () => { readonly conversation: Conversation; readonly connack: ServerPacket };
  /** Longest silence of the client, milliseconds; `null`: no bound. */
  readonly silence: number | null;
}

export interface ConnectionOptions {
  readonly socket: Duplex;
  readonly address: string;
  readonly context: DoorContext;
  readonly decode: Decode;
  readonly greet: Greet;
  readonly onClosed: (connection: Connection) => void;
}

export class Connection implements Wire {
  readonly address: string;
  readonly #socket: Duplex;
  readonly #options: ConnectionOptions;
  readonly #reader: PacketReader;
  readonly #output: Output;
  #version: MqttVersion = 4;
  #state: "new" | "greeting" | "open" | "closing" | "closed" = "new";
  #conversation: Conversation | undefined;
  /** Reasons not to read now. */
  #holds = 0;
  #silence: number | null = null;
  #lastPacketAt: number;
  #packetBeganAt: number | undefined;
  /** When the state began that must not last: before CONNECT, after the end. */
  #since: number;

  constructor(options: ConnectionOptions) {
    const { socket, address, context } = options;
    const { maxConnectBytes, maxPacketBytes } = context.limits;
    this.address = address;
    this.#socket = socket;
    this.#options = options;
    this.#output = new Output(socket);
    this.#reader = new PacketReader({
      limit: () => (this.#state === "new" ? maxConnectBytes : maxPacketBytes),
      deliver: (bytes) => this.#deliver(bytes),
      isHeld: () => this.#holds > 0 || this.#isOver,
    });
    this.#since = this.#lastPacketAt = context.clock.elapsed();
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("end", () => {
      if (this.#conversation?.isLeaving !== true) this.destroy();
    });
    for (const event of ["error", "close"]) socket.on(event, () => this.destroy());
  }

  get version(): MqttVersion {
    return this.#version;
  }

  send(packet: ServerPacket): void {
    if (this.#isOver) return;
    this.#output.add(encodePacket(packet, this.#version));
    if (this.#output.waiting > this.#options.context.limits.maxOutputBytes) this.destroy();
  }

  hold(): void {
    if (this.#holds++ === 0) this.#socket.pause();
  }

  release(): void {
    if (--this.#holds > 0 || this.#isOver) return;
    this.#lastPacketAt = this.#options.context.clock.elapsed();
    this.#packetBeganAt = undefined;
    this.#guard(() => this.#reader.resume());
    if (this.#holds === 0 && !this.#isOver) this.#socket.resume();
  }

  end(refusal: Refusal): void {
    if (this.#state === "new" || this.#state === "greeting") return this.#turnAway(refusal);
    if (this.#state !== "open") return;
    if (this.#version === 5) {
      const properties = { reasonString: refusal.message };
      this.send({ cmd: "disconnect", reasonCode: reasonCode(refusal.code), properties });
    }
    this.#close(refusal);
  }

  close(): void {
    this.#close("goodbye");
  }

  /** The server stops: what was received is answered, then the connection ends. */
  dismiss(refusal: Refusal): void {
    if (this.#conversation === undefined) return this.end(refusal);
    this.hold();
    this.#conversation.whenAnswered(() => this.end(refusal));
  }

  /** Called about once a second. */
  tick(): void {
    const { clock, limits } = this.#options.context;
    const now = clock.elapsed();
    switch (this.#state) {
      case "new":
      case "greeting":
        if (now - this.#since >= limits.timeToConnect) this.destroy();
        return;
      case "open":
        return this.#checkPeer(now);
      case "closing":
        if (now - this.#since >= limits.timeToClose) this.destroy();
        return;
      case "closed":
    }
  }

  /** Without a word to the peer. */
  destroy(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#leave("lost");
    this.#socket.destroy();
    this.#options.onClosed(this);
  }

  get #isOver(): boolean {
    return this.#state === "closing" || this.#state === "closed";
  }

  #checkPeer(now: number): void {
    // Not its fault: it is not being read.
    if (this.#holds > 0) return;
    if (!this.#reader.isWithinPacket) this.#packetBeganAt = undefined;
    else this.#packetBeganAt ??= now;
    if (now - (this.#packetBeganAt ?? now) >= this.#options.context.limits.timeToFinishPacket) return this.destroy();
    if (this.#silence !== null && now - this.#lastPacketAt >= this.#silence) {
      this.end({ code: "keep_alive_timeout", message: "The client was silent for too long." });
    }
  }

  #close(ending: Ending): void {
    if (this.#isOver) return;
    this.#state = "closing";
    this.#since = this.#options.context.clock.elapsed();
    this.#leave(ending);
    this.#output.flush();
    this.#socket.end();
    // Whatever else comes is read and dropped, so that the peer's own end is seen.
    this.#socket.resume();
  }

  #leave(ending: Ending): void {
    const conversation = this.#conversation;
    this.#conversation = undefined;
    conversation?.closed(ending);
  }

  #receive(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#guard(() => {
      // Another protocol might look like a packet that never ends. [MQTT-3.1.0-1]
      if (this.#state === "new" && !this.#reader.isWithinPacket && chunk[0] !== CONNECT) throw notConnect();
      this.#reader.feed(chunk);
    });
  }

  // Hostile input ends its own connection and nothing else.
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (error instanceof MqttRefusal) return this.end(error);
      this.#options.context.log.error({ reason: String(error) }, "mqtt.failed");
      this.end({ code: "server_busy", message: "The server could not do this." });
    }
  }

  #deliver(bytes: Buffer): void {
    this.#lastPacketAt = this.#options.context.clock.elapsed();
    this.#packetBeganAt = undefined;
    if (this.#state === "new" && isForeignConnect(bytes)) {
      // [MQTT-3.1.2-2] of 3.1.1
      return this.#turnAway({ code: "unsupported_version", message: "MQTT 3.1.1 and 5 are spoken here." });
    }
    this.#take(this.#options.decode(bytes, this.#version));
  }

  #take(packet: ClientPacket): void {
    if (this.#conversation !== undefined) return this.#conversation.receive(packet);
    if (packet.cmd !== "connect" || this.#state !== "new") throw notConnect();
    this.#connect(packet);
  }

  #connect(packet: ConnectPacket): void {
    this.#state = "greeting";
    this.#version = packet.protocolVersion === 5 ? 5 : 4;
    this.hold();
    void this.#options.greet(packet, this).then(
      (greeting) => this.#guard(() => this.#answer(greeting)),
      (error: unknown) => {
        this.#options.context.log.error({ reason: String(error) }, "mqtt.sign_in_failed");
        this.#turnAway({ code: "server_busy", message: "The server could not do this." });
      },
    );
  }

  #answer(greeting: Greeting | Refusal): void {
    if (this.#state !== "greeting") return;
    if ("code" in greeting) return this.#turnAway(greeting);
    this.#silence = greeting.silence;
    this.#state = "open";
    const { conversation, connack } = greeting.begin();
    this.#conversation = conversation;
    this.send(connack);
    this.release();
  }

  #turnAway(refusal: Refusal): void {
    if (this.#isOver) return;
    // A peer that has not said CONNECT is no client, and gets no answer.
    const isAnswered = this.#state === "greeting" || refusal.code === "unsupported_version";
    if (isAnswered) this.send(refused(this.#version, refusal));
    this.#close(refusal);
  }
}

function notConnect(): MqttRefusal {
  return new MqttRefusal("protocol_error", "The first packet must be CONNECT.");
}
