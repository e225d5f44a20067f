/** A message of a hub's stream as the rest of the bridge knows it. */
import type { ReceivedEventData } from "@azure/event-hubs";
import type { StreamEvent } from "../../core/twin-hub.ts";
import { jsonIn } from "./json-body.ts";

const TELEMETRY = "Telemetry";

/** The body is parsed when it is asked for: most messages of a hub are nobody's state. */
export function toStreamEvent(event: ReceivedEventData, partitionId: string): StreamEvent {
  const { systemProperties: stamps = {}, properties = {} } = event;
  const source = text(stamps["iothub-message-source"]) || TELEMETRY;
  // A device can put what it likes into its properties; those of the hub's own messages are the hub's.
  const own: Readonly<Record<string, unknown>> = source === TELEMETRY ? {} : properties;
  const moduleId = text(stamps["iothub-connection-module-id"]) || text(own["moduleId"]);
  let parsed: { readonly value: unknown } | undefined;
  return {
    deviceId: text(stamps["iothub-connection-device-id"]) || text(own["deviceId"]),
    source,
    generationId: moduleId === "" ? text(stamps["iothub-connection-auth-generation-id"]) : null,
    get json() {
      return (parsed ??= { value: jsonIn(event.body, stamps["contentEncoding"]) }).value;
    },
    properties,
    partitionId,
    offset: event.offset,
    sequenceNumber: event.sequenceNumber,
    enqueuedTime: event.enqueuedTimeUtc.getTime(),
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
