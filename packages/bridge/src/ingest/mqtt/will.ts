/** The message that a device leaves in case its connection breaks: an event of its own, and nothing else. */
import type { IConnectPacket } from "mqtt-packet";
import { eventFault } from "../event-rules.ts";
import { eventPayload } from "./payload.ts";
import type { EventPayload } from "./payload.ts";
import type { Refusal } from "./refusals.ts";
import type { DeviceTopics } from "./topics.ts";

export interface Will {
  readonly name: string;
  readonly payload: EventPayload;
  /** Milliseconds between the end of the connection and the event. */
  readonly delay: number;
}

/** Judged at CONNECT: later there is nobody to tell. */
export function willIn(packet: IConnectPacket, topics: DeviceTopics): Will | Refusal | null {
  const { will } = packet;
  if (will === undefined) return null;
  if (packet.protocolVersion === 5 && will.retain === true) {
    return { code: "retain_not_supported", message: "Nothing is retained here." };
  }
  const topic = topics.publish(will.topic);
  if (!topic.ok) return topic.refusal;
  if (topic.value.kind !== "event") return { code: "topic_name_invalid", message: "A will is an event." };
  const { properties = {} } = will;
  const payload = eventPayload({ payload: Buffer.from(will.payload), properties });
  if (!payload.ok) return payload.refusal;
  const { name } = topic.value;
  const fault = eventFault(name, payload.value.data);
  if (fault !== null) return faultRefusal(fault);
  return { name, payload: payload.value, delay: (properties.willDelayInterval ?? 0) * 1000 };
}

export function faultRefusal({
  field,
  message,
}: {
  readonly field: "name" | "data";
  readonly message: string;
}): Refusal {
  return { code: field === "name" ? "topic_name_invalid" : "payload_format_invalid", message };
}
