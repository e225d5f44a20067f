/** What the hub checks and stamps on device-to-cloud messages. */
import { MAX_MESSAGE_BYTES, messageSize } from "iot-hub-protocol";
import type { DeviceMessage } from "iot-hub-protocol";
import { HubError } from "../errors.ts";
import type { EventStamp, EventStream } from "./event-stream.ts";

/** How the sender of a message was authenticated; becomes `iothub-connection-auth-method`. */
export interface MessageAuthentication {
  readonly scope: "hub" | "device" | "module";
  readonly type: "sas" | "x509";
}

/** What the hub stamps on a message when it accepts it, whichever streams it then goes to. Times are unix milliseconds. */
export interface MessageStamps {
  readonly partitionKey: string;
  readonly deviceId: string;
  readonly moduleId?: string;
  /** JSON text. This and the generation are of the identity that sent: the hub's own events have neither. */
  readonly authMethod?: string;
  readonly generationId?: string;
  /** When the hub accepted the message. */
  readonly hubEnqueuedTime: number;
  /** Plug and play model that the sender named when it connected; content of `dt-dataschema`. */
  readonly modelId?: string;
  /** Content of `iothub-message-source`. */
  readonly source: string;
}

/** All that an event carries besides its message. */
export interface EventAnnotations extends MessageStamps, EventStamp {
  readonly interfaceId?: string;
  readonly subject?: string;
}

/** Encodes a message as the Event Hubs-compatible endpoint delivers it. The model does not know the wire format. */
export type EncodeEvent = (message: DeviceMessage, annotations: EventAnnotations) => Buffer;

/** Appends messages of one device to a stream, all or none; resolves when they are kept. */
export type WriteEvents = (
  stream: EventStream,
  messages: readonly DeviceMessage[],
  stamps: MessageStamps,
) => Promise<void>;

export function eventWriter(encodeEvent: EncodeEvent): WriteEvents {
  return (stream, messages, stamps) =>
    stream.append(stream.partitionOf(stamps.deviceId), messages, (message, place) =>
      encodeEvent(message, {
        ...stamps,
        ...place,
        ...(message.interfaceId === undefined ? {} : { interfaceId: message.interfaceId }),
        ...(message.subject === undefined ? {} : { subject: message.subject }),
      }),
    );
}

/** Where the service shows readers a creation time that came by MQTT or HTTPS; AMQP has a field for it. */
const CREATION_TIME = "iothub-creation-time-utc";

/** A message of a protocol without a field for the creation time, with that time among its properties. */
export function withCreationTime(message: DeviceMessage): DeviceMessage {
  const { creationTime, properties } = message;
  if (creationTime === undefined || properties.has(CREATION_TIME)) return message;
  return { ...message, properties: new Map(properties).set(CREATION_TIME, new Date(creationTime).toISOString()) };
}

const MAX_MESSAGE_ID = 128;
const MAX_BATCH = 500;

/** Refuses a batch of which any message, or the whole, is against the limits: `MessageTooLarge` or `ArgumentInvalid`. */
export function requireAcceptable(messages: readonly DeviceMessage[]): void {
  if (messages.length === 0) throw new HubError("ArgumentInvalid", "The batch has no messages.");
  if (messages.length > MAX_BATCH) throw new HubError("ArgumentInvalid", `A batch has at most ${MAX_BATCH} messages.`);
  let total = 0;
  for (const message of messages) {
    total += messageSize(message);
    if ((message.messageId?.length ?? 0) > MAX_MESSAGE_ID) {
      throw new HubError("ArgumentInvalid", `A message id has at most ${MAX_MESSAGE_ID} characters.`);
    }
  }
  if (total > MAX_MESSAGE_BYTES) {
    throw new HubError("MessageTooLarge", `The message or batch has ${total} bytes; ${MAX_MESSAGE_BYTES} are allowed.`);
  }
}

/** The stamp's JSON text. Made from few values and read on every message, so each is made once. */
export function authMethod({ scope, type }: MessageAuthentication): string {
  return AUTH_METHODS[scope][type];
}

const AUTH_METHODS: Readonly<Record<MessageAuthentication["scope"], Readonly<Record<"sas" | "x509", string>>>> = {
  hub: authMethodsOf("hub"),
  device: authMethodsOf("device"),
  module: authMethodsOf("module"),
};

function authMethodsOf(scope: MessageAuthentication["scope"]): Readonly<Record<"sas" | "x509", string>> {
  const text = (type: "sas" | "x509"): string =>
    JSON.stringify({ scope, type, issuer: "iothub", acceptingIpFilterRule: null });
  return { sas: text("sas"), x509: text("x509") };
}
