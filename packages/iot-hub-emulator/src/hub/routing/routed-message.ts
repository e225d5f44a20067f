/** A message on its way through the routes: what conditions and enrichments can ask about it. */
import type { DeviceMessage } from "iot-hub-protocol";
import type { Path, Value } from "../query/condition.ts";
import type { MessageStamps } from "../events/telemetry.ts";
import type { JsonObject } from "../twins/twin.ts";
import { readJsonBody } from "./json-body.ts";

type ReadText = (message: DeviceMessage, stamps: MessageStamps) => string | undefined;

const isoTime = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString();

/** System properties by lower-case name without `$`, hyphens and `iothub-`: they go by their AMQP names too. */
const SYSTEM_PROPERTIES: ReadonlyMap<string, ReadText> = new Map(
  Object.entries<ReadText>({
    contenttype: ({ contentType }) => contentType,
    contentencoding: ({ contentEncoding }) => contentEncoding,
    messageid: ({ messageId }) => messageId,
    correlationid: ({ correlationId }) => correlationId,
    userid: ({ userId }) => userId,
    to: ({ to }) => to,
    messageschema: ({ messageSchema }) => messageSchema,
    absoluteexpirytime: ({ absoluteExpiryTime }) => isoTime(absoluteExpiryTime),
    creationtimeutc: ({ creationTime }) => isoTime(creationTime),
    connectiondeviceid: (_, { deviceId }) => deviceId,
    connectionmoduleid: (_, { moduleId }) => moduleId,
    connectionauthmethod: (_, { authMethod }) => authMethod,
    connectionauthgenerationid: (_, { generationId }) => generationId,
    enqueuedtime: (_, { hubEnqueuedTime }) => isoTime(hubEnqueuedTime),
    messagesource: (_, { source }) => source,
    interfaceid: ({ interfaceId }) => interfaceId,
    dtdataschema: (_, { modelId }) => modelId,
    dtsubject: ({ subject }) => subject,
  }),
);

export class RoutedMessage {
  readonly message: DeviceMessage;
  readonly stamps: MessageStamps;
  readonly #readTwin: () => JsonObject | undefined;
  #properties: ReadonlyMap<string, string> | undefined;
  #body: { readonly value: Value } | undefined;
  #twin: { readonly value: JsonObject | undefined } | undefined;

  constructor(message: DeviceMessage, stamps: MessageStamps, readTwin: () => JsonObject | undefined) {
    this.message = message;
    this.stamps = stamps;
    this.#readTwin = readTwin;
  }

  /** The value of a name in a route's condition. */
  readonly resolve = ({ segments, quoted }: Path): Value => {
    const [first = "", ...rest] = segments;
    const name = String(first).toLowerCase();
    if (quoted || !name.startsWith("$")) return this.#property(segments);
    if (name === "$body") return typeof rest[0] === "string" ? valueIn(this.#json(), rest) : undefined;
    if (name === "$twin") return this.twinValue(rest);
    // What is no system property may be an application property of that very name.
    return (rest.length === 0 ? this.#systemProperty(name.slice(1)) : undefined) ?? this.#property(segments);
  };

  /** What stands in the sender's twin under tags or properties. */
  twinValue(segments: readonly (string | number)[]): Value {
    const part = String(segments[0] ?? "").toLowerCase();
    if (part !== "tags" && part !== "properties") return undefined;
    this.#twin ??= { value: this.#readTwin() };
    return valueIn(this.#twin.value, segments);
  }

  #systemProperty(name: string): string | undefined {
    const plain = name.replace(/^iothub-/, "").replaceAll("-", "");
    return SYSTEM_PROPERTIES.get(plain)?.(this.message, this.stamps);
  }

  // The name of a property may hold dots, which the language takes for steps.
  #property(segments: readonly (string | number)[]): string | undefined {
    if (segments.some((segment) => typeof segment === "number")) return undefined;
    const name = segments.join(".");
    const exact = this.message.properties.get(name);
    if (exact !== undefined) return exact;
    this.#properties ??= new Map([...this.message.properties].map(([key, value]) => [key.toLowerCase(), value]));
    return this.#properties.get(name.toLowerCase()) ?? this.#schemaProperty(name.toLowerCase());
  }

  // Clients write it among the application properties, and readers find it there.
  #schemaProperty(name: string): string | undefined {
    return name === "iothub-message-schema" ? this.message.messageSchema : undefined;
  }

  #json(): Value {
    this.#body ??= { value: readJsonBody(this.message) };
    return this.#body.value;
  }
}

/** What a path leads to; the case of a name counts only where two differ in nothing else. */
function valueIn(document: Value, segments: readonly (string | number)[]): Value {
  let value: Value = document;
  for (const segment of segments) {
    if (typeof value !== "object" || value === null) return undefined;
    if (Array.isArray(value)) {
      value = typeof segment === "number" ? (value as readonly Value[])[segment] : undefined;
    } else {
      value = memberOf(value as Readonly<Record<string, Value>>, String(segment));
    }
  }
  return value;
}

function memberOf(object: Readonly<Record<string, Value>>, name: string): Value {
  if (Object.hasOwn(object, name)) return object[name];
  const lower = name.toLowerCase();
  const key = Object.keys(object).find((candidate) => candidate.toLowerCase() === lower);
  return key === undefined ? undefined : object[key];
}
