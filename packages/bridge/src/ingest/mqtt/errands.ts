/** What a published packet asks for: an event to take, an answer to pass on, a description or a state to keep. */
import type { Device } from "../../core/device.ts";
import { eventFault } from "../event-rules.ts";
import type { DoorContext } from "./context.ts";
import { parseDescribe } from "./description.ts";
import type { Errand, Verdict } from "./incoming.ts";
import type { PublishPacket } from "./packets.ts";
import { eventPayload } from "./payload.ts";
import { MqttRefusal } from "./refusals.ts";
import { parseReported } from "./reported-state.ts";
import type { RefusalCode } from "./refusals.ts";
import type { Session } from "./sessions.ts";
import type { DeviceTopics } from "./topics.ts";
import { faultRefusal } from "./will.ts";

export interface ErrandsOptions {
  readonly context: DoorContext;
  readonly topics: DeviceTopics;
  readonly session: Session;
  /** As it is known now. */
  readonly device: () => Device;
}

const DONE: Verdict = { kind: "done" };

export function createErrands(options: ErrandsOptions): (packet: PublishPacket, topic: string) => Errand {
  const { context, topics, session, device } = options;
  const { accept, questions, limits } = context;

  return (packet, topic) => {
    const errand = errandOf(packet, topic);
    return packet.qos === 2 && errand.kind === "work" ? onceOnly(packet.messageId!, errand) : errand;
  };

  function errandOf(packet: PublishPacket, topic: string): Errand {
    const checked = topics.publish(topic);
    if (!checked.ok) return { kind: "refused", refusal: checked.refusal };
    const { value } = checked;
    switch (value.kind) {
      case "event":
        return event(value.name, packet);
      case "describe":
        return describe(packet);
      case "reported":
        return reported(packet);
      case "response":
        questions.answered(device().id, value.request, packet.payload);
        return { kind: "work", isPaced: false, work: async () => DONE };
    }
  }

  // Judged before it is queued: behind one that ends the connection nothing later may be taken.
  function event(name: string, packet: PublishPacket): Errand {
    const payload = eventPayload(packet);
    if (!payload.ok) return { kind: "refused", refusal: payload.refusal };
    const fault = eventFault(name, payload.value.data);
    if (fault !== null) return { kind: "refused", refusal: faultRefusal(fault) };
    const work = async (): Promise<Verdict> => {
      const publisher = device();
      const taken = await accept({ name, ...payload.value, device: publisher, productId: publisher.productId });
      switch (taken.kind) {
        case "accepted":
          return DONE;
        case "fault":
          return { kind: "refused", refusal: faultRefusal(taken.fault) };
        case "unavailable":
          return { kind: "unavailable", refusal: { code: "server_busy", message: taken.message } };
      }
    };
    return { kind: "work", isPaced: true, work };
  }

  function describe(packet: PublishPacket): Errand {
    const parsed = parseDescribe(packet.payload);
    if (typeof parsed === "string") return refuse("payload_format_invalid", parsed);
    const { description, firmwareVersion } = parsed;
    const work = async (): Promise<Verdict> => {
      const { id } = device();
      await context.traces.saveDeviceDescription(id, description);
      if (firmwareVersion !== undefined && firmwareVersion !== device().firmwareVersion) {
        await context.devices.updateDevice(id, { firmwareVersion });
      }
      return DONE;
    };
    return { kind: "work", isPaced: false, work };
  }

  function reported({ payload }: PublishPacket): Errand {
    const { states } = context;
    if (states === null) return refuse("topic_name_invalid", "This server keeps no states of devices.");
    const patch = parseReported(payload);
    if (typeof patch === "string") return refuse("payload_format_invalid", patch);
    const work = async (): Promise<Verdict> => {
      const written = await states.report(device(), patch);
      if (written.kind === "written") return DONE;
      return { kind: "refused", refusal: { code: "payload_format_invalid", message: written.fault.message } };
    };
    return { kind: "work", isPaced: true, work };
  }

  // [MQTT-4.3.3-10]: until the device releases the identifier, the same message may come again and is the same message.
  function onceOnly(messageId: number, errand: Extract<Errand, { kind: "work" }>): Errand {
    const earlier = session.received.get(messageId);
    if (earlier !== undefined) return { kind: "work", isPaced: false, work: () => earlier };
    if (session.received.size >= limits.maxInFlight) {
      throw new MqttRefusal("too_many_in_flight", "Too many messages of QoS 2 wait for their PUBREL.");
    }
    const work = (): Promise<Verdict> => {
      const verdict = errand.work();
      session.received.set(messageId, verdict);
      return verdict;
    };
    return { ...errand, work };
  }
}

function refuse(code: RefusalCode, message: string): Errand {
  return { kind: "refused", refusal: { code, message } };
}
