/** What a device publishes: each packet is carried out by the topic it names, and acknowledged when that is done. */
import { setImmediate } from "node:timers/promises";
import type { StruckOperation } from "../hub/faults/faults.ts";
import { parseInBandFault } from "../hub/faults/in-band-faults.ts";
import type { MessageAuthentication } from "../hub/events/telemetry.ts";
import type { Answers } from "./answers.ts";
import type { InBandFaults } from "./in-band-faults.ts";
import { struckOperation } from "./device-peer.ts";
import type { DevicePeer } from "./device-peer.ts";
import { answerCall } from "./method-calls.ts";
import { MqttError } from "./packets.ts";
import type { PublishPacket } from "./packets.ts";
import { telemetryMessage } from "./telemetry.ts";
import { createTopicParser } from "./topics.ts";
import type { PublishTopic } from "./topics.ts";
import { answerReported, answerTwinGet } from "./twin-exchange.ts";

export interface PublishingOptions {
  readonly peer: DevicePeer;
  readonly authentication: MessageAuthentication;
  readonly answers: Answers;
  readonly inBandFaults: InBandFaults;
  /** Whether the device listens for the answers to its twin requests. */
  readonly hearsTwin: () => boolean;
}

/** How scripted faults call what a topic asks for. */
const OPERATIONS: Readonly<Record<PublishTopic["kind"], string>> = {
  telemetry: "telemetry",
  twinGet: "twin",
  reported: "twin",
  methodResponse: "methods",
};

type Work = Promise<unknown> | undefined;
type Puback = { readonly cmd: "puback"; readonly messageId: number };

export class Publishing {
  readonly #options: PublishingOptions;
  readonly #parseTopic: (topic: string) => PublishTopic | undefined;
  /** What scripted faults are told of each kind of topic. */
  readonly #struck: Readonly<Record<PublishTopic["kind"], StruckOperation>>;

  constructor(options: PublishingOptions) {
    const { deviceId, moduleId } = options.peer.identity;
    this.#options = options;
    this.#parseTopic = createTopicParser(deviceId, moduleId);
    const about = (kind: PublishTopic["kind"]): StruckOperation => struckOperation(options.peer, OPERATIONS[kind]);
    this.#struck = {
      telemetry: about("telemetry"),
      twinGet: about("twinGet"),
      reported: about("reported"),
      methodResponse: about("methodResponse"),
    };
  }

  /** Throws `MqttError` or `HubError` where the protocol has no answer: the connection ends. */
  receive(packet: PublishPacket): void {
    const { peer, answers } = this.#options;
    if (packet.qos === 2) throw new MqttError("The hub knows no QoS 2.");
    const topic = this.#parseTopic(packet.topic);
    if (topic === undefined) throw new MqttError(`The device may not publish to ${packet.topic}.`);
    const answer = packet.qos === 1 ? ({ cmd: "puback", messageId: packet.messageId ?? 0 } as const) : undefined;
    const strike = peer.hub.faults.strike("publish", this.#struck[topic.kind]);
    switch (strike?.kind) {
      case undefined:
        if (topic.kind === "methodResponse") return this.#acknowledgeThenPerform(topic, packet, answer);
        return answers.after(this.#perform(topic, packet), answer);
      case "error":
        throw strike.error;
      case "delay":
        return answers.after(
          strike.over.then(() => this.#perform(topic, packet)),
          answer,
        );
      case "lose":
        return answers.after(undefined, answer);
      case "acceptThenDrop":
        return this.#performThenDrop(topic, packet);
      case "drop":
        return peer.wire.cut(struck());
      case "silence":
      case "detach":
      case "zeroCredit":
        return;
    }
  }

  #perform(topic: PublishTopic, packet: PublishPacket): Work {
    const { peer, inBandFaults, hearsTwin: isHeard } = this.#options;
    const requireNoFault = (): void => inBandFaults.requireNone();
    switch (topic.kind) {
      case "telemetry":
        return this.#accept(packet, topic.bag);
      case "twinGet":
        return answerTwinGet({ peer, requestId: topic.requestId, isHeard, requireNoFault });
      case "reported":
        return answerReported({ peer, requestId: topic.requestId, isHeard, requireNoFault }, packet.payload);
      case "methodResponse":
        answerCall(peer, topic.requestId, topic.status, packet.payload);
        return undefined;
    }
  }

  async #accept(packet: PublishPacket, bag: string): Promise<void> {
    const { peer, authentication, inBandFaults } = this.#options;
    inBandFaults.requireNone();
    const message = telemetryMessage(packet, bag);
    await peer.hub.acceptTelemetry(peer.identity, [message], authentication);
    const fault = parseInBandFault(message.properties);
    if (fault !== undefined) inBandFaults.strike(fault);
  }

  // Whoever called goes on at the answer and may end the device, whose client waits for the acknowledgement: that has left by then.
  #acknowledgeThenPerform(topic: PublishTopic, packet: PublishPacket, answer: Puback | undefined): void {
    const { answers } = this.#options;
    answers.after(undefined, answer);
    answers.after(setImmediate().then(() => this.#perform(topic, packet)));
  }

  #performThenDrop(topic: PublishTopic, packet: PublishPacket): void {
    const { peer, answers } = this.#options;
    const done = async (): Promise<void> => {
      await this.#perform(topic, packet);
      peer.wire.cut(struck());
    };
    answers.after(done());
  }
}

function struck(): MqttError {
  return new MqttError("A scripted fault cut the connection.");
}
