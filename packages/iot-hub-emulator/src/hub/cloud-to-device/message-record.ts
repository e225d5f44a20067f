/** A device's message as a journal keeps it: JSON, with the body in base64 and the properties as pairs. */
import type { DeviceMessage } from "iot-hub-protocol";

export type MessageRecord = Omit<DeviceMessage, "body" | "properties"> & {
  readonly body: string;
  readonly properties: readonly (readonly [name: string, value: string])[];
};

export function messageRecord({ body, properties, ...rest }: DeviceMessage): MessageRecord {
  return { ...rest, body: Buffer.from(body).toString("base64"), properties: [...properties] };
}

export function messageOfRecord({ body, properties, ...rest }: MessageRecord): DeviceMessage {
  return { ...rest, body: Buffer.from(body, "base64"), properties: new Map(properties) };
}
