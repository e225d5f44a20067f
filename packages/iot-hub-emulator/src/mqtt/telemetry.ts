/** Device-to-cloud messages as MQTT carries them: a body, a property bag in the topic, and a will. */
import { parsePropertyBag } from "iot-hub-protocol";
import type { DeviceMessage } from "iot-hub-protocol";
import { withCreationTime } from "../hub/events/telemetry.ts";
import { MqttError } from "./packets.ts";

export interface PublishedMessage {
  readonly payload: Buffer;
  readonly retain: boolean;
}

/** Throws `MqttError` when the bag cannot be read. */
export function telemetryMessage({ payload, retain }: PublishedMessage, bag: string): DeviceMessage {
  const read = parsePropertyBag(bag);
  if (read === undefined) throw new MqttError("The property bag in the topic is not percent-encoded text.");
  const properties = retain ? withProperty(read, "mqtt-retain", "true") : read.properties;
  return withCreationTime({ ...read, properties, body: payload });
}

/** The message that a client leaves for the case that its connection is lost. */
export function willMessage(will: PublishedMessage, bag: string): DeviceMessage {
  const message = telemetryMessage(will, bag);
  return { ...message, properties: withProperty(message, "iothub-MessageType", "Will") };
}

// Retained messages do not exist here; the property tells readers of the event that one was asked for.
function withProperty({ properties }: Omit<DeviceMessage, "body">, name: string, value: string): Map<string, string> {
  return new Map(properties).set(name, value);
}
