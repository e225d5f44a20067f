/** Sections of the messages the hub hands out, by its readers of events as by its devices. */
import { Buffer } from "node:buffer";
import type { DeviceMessage } from "iot-hub-protocol";
import { SECTION } from "./sections.ts";
import type { Writer } from "./writer.ts";

/** The properties section. Trailing fields that would be null are left out. */
export function writeProperties(writer: Writer, message: DeviceMessage): void {
  writer.described(SECTION.properties);
  const mark = writer.beginCompound(0xd0);
  let fields = 0;
  let nulls = 0;
  const text = (value: string | undefined, as: "string" | "symbol" | "binary" = "string"): void => {
    if (value === undefined) {
      nulls++;
      return;
    }
    for (; nulls > 0; nulls--, fields++) writer.null();
    if (as === "binary") writer.binary(Buffer.from(value));
    else writer[as](value);
    fields++;
  };
  const time = (value: number | undefined): void => {
    if (value === undefined) {
      nulls++;
      return;
    }
    for (; nulls > 0; nulls--, fields++) writer.null();
    writer.timestamp(value);
    fields++;
  };
  text(message.messageId);
  text(message.userId, "binary");
  text(message.to);
  nulls += 2;
  text(message.correlationId);
  text(message.contentType, "symbol");
  text(message.contentEncoding, "symbol");
  time(message.absoluteExpiryTime);
  time(message.creationTime);
  writer.endCompound(mark, fields);
}

/** The application properties section, and in it those system properties that AMQP has no field for. */
export function writeApplicationProperties(writer: Writer, message: DeviceMessage): void {
  const special: readonly (readonly [string, string | undefined])[] = [
    ["iothub-message-schema", message.messageSchema],
    ["iothub-outputname", message.outputName],
    ["iothub-ack", message.ack],
  ];
  writer.described(SECTION.applicationProperties);
  const mark = writer.beginCompound(0xd1);
  let entries = 0;
  const add = (name: string, value: string): void => {
    writer.string(name);
    writer.string(value);
    entries += 2;
  };
  for (const [name, value] of message.properties) add(name, value);
  for (const [name, value] of special) if (value !== undefined) add(name, value);
  writer.endCompound(mark, entries);
}
