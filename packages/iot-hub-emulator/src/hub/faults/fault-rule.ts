/**
 * What a scripted fault is: where it strikes and what it does there. Each point knows some effects; a rule that asks for
 * another is refused when it is made, so that none is silently without effect.
 */
import { HubError, hubErrorNameOf, isHubErrorName } from "../errors.ts";
import type { HubErrorName } from "../errors.ts";

/**
 * Where a fault can strike.
 *
 * | point | struck | operation |
 * |---|---|---|
 * | `http` | before a REST operation, signed in or not | method and route, `GET /twins/:deviceId` |
 * | `connect` | MQTT CONNECT; AMQP: the first use of a connection by a device | |
 * | `attach` | an AMQP link is asked for | kind of the link: `telemetry`, `cloudToDevice`, `twin`, `methods`, `events`, `cbs`… |
 * | `transfer` | an AMQP message comes in | kind of the link |
 * | `credit` | the hub is about to let an AMQP sender send | kind of the link |
 * | `publish` | an MQTT PUBLISH comes in | `telemetry`, `twin` or `methods` |
 * | `subscribe` | an MQTT SUBSCRIBE comes in | topic filter |
 * | `deliver` | the hub is about to hand over a message | `cloudToDevice`, `methods`, `twin`, `events` |
 * | `telemetry` | the hub takes device-to-cloud messages, by any protocol | |
 */
export type FaultPoint =
  | "http"
  | "connect"
  | "attach"
  | "transfer"
  | "credit"
  | "publish"
  | "subscribe"
  | "deliver"
  | "telemetry";

/** The effects that a fault can have at each point. */
export const EFFECTS_AT: Readonly<Record<FaultPoint, readonly FaultEffect["kind"][]>> = {
  http: ["error", "delay", "acceptThenDrop", "drop", "identityVanishes"],
  connect: ["error", "delay", "drop", "identityVanishes"],
  attach: ["error", "delay", "drop", "silence", "identityVanishes"],
  transfer: ["error", "delay", "acceptThenDrop", "lose", "silence", "drop", "detach", "linkStolen", "identityVanishes"],
  credit: ["zeroCredit"],
  publish: ["error", "delay", "acceptThenDrop", "lose", "silence", "drop", "identityVanishes"],
  subscribe: ["error", "delay", "drop"],
  deliver: ["delay", "drop", "detach", "linkStolen"],
  telemetry: ["error", "delay", "lose"],
};

/** What a fault does. */
export type FaultEffect =
  /** The operation is refused with this error, in the form the protocol has for it (MQTT: the connection is closed). */
  | { readonly kind: "error"; readonly error: HubErrorName; readonly message?: string }
  /** The operation waits, by the hub's clock, and goes on. */
  | { readonly kind: "delay"; readonly ms: number }
  /** The operation is carried out, then the connection is cut before its answer: the client cannot know. */
  | { readonly kind: "acceptThenDrop" }
  /** The operation is answered as done and is not done. */
  | { readonly kind: "lose" }
  /** Nothing is done and nothing is answered. */
  | { readonly kind: "silence" }
  /** The connection is cut, nothing is done. */
  | { readonly kind: "drop" }
  /** The AMQP link is detached with an error; default `ServiceUnavailable`. */
  | { readonly kind: "detach"; readonly error?: HubErrorName; readonly message?: string }
  /** The AMQP link is detached as if another had taken its place. */
  | { readonly kind: "linkStolen" }
  /** The sender gets no credit for this long, by the hub's clock. */
  | { readonly kind: "zeroCredit"; readonly ms: number }
  /** The device's identity is deleted, as another service would do it; the operation goes on and finds none. */
  | { readonly kind: "identityVanishes" };

export interface FaultPlace {
  readonly point: FaultPoint;
  /** Which operation at the point; case is ignored. Absent: any. */
  readonly operation?: string;
  readonly deviceId?: string;
  readonly protocol?: "https" | "amqp" | "mqtt";
}

export interface FaultRule {
  /** Made by the hub when absent. A rule with a known id takes the place of the older one. */
  readonly id?: string;
  readonly where: FaultPlace;
  readonly effect: FaultEffect;
  /** So many fitting operations pass unharmed first. */
  readonly skip?: number;
  /** Strikes so often, then never again. Absent: without end. */
  readonly times?: number;
  /** 0 to 1: how likely each fitting operation is struck. The same seed gives the same sequence; default 1. */
  readonly probability?: number;
  readonly seed?: number;
  /** Strikes for so long from now on, by the hub's clock. */
  readonly forMs?: number;
}

const PROTOCOLS: readonly string[] = ["https", "amqp", "mqtt"];
const LONGEST_MS = 366 * 24 * 3600_000;
const MAX_TEXT = 256;

/** Reads a rule from JSON; throws `ArgumentInvalid` naming the field. */
export function parseFaultRule(document: unknown): FaultRule {
  const rule = objectOf(document, "The fault");
  const where = objectOf(rule["where"], "where");
  const point = where["point"];
  if (typeof point !== "string" || !Object.hasOwn(EFFECTS_AT, point)) {
    throw invalid(`where.point must be one of ${Object.keys(EFFECTS_AT).join(", ")}.`);
  }
  const protocol = text(where, "where.protocol");
  if (protocol !== undefined && !PROTOCOLS.includes(protocol)) {
    throw invalid(`where.protocol must be one of ${PROTOCOLS.join(", ")}.`);
  }
  return {
    ...given("id", text(rule, "id")),
    where: {
      point: point as FaultPoint,
      ...given("operation", text(where, "where.operation")),
      ...given("deviceId", text(where, "where.deviceId")),
      ...given("protocol", protocol as FaultPlace["protocol"]),
    },
    effect: effectOf(objectOf(rule["effect"], "effect"), point as FaultPoint),
    ...given("skip", number(rule, "skip", { most: 1e9 })),
    ...given("times", number(rule, "times", { least: 1, most: 1e9 })),
    ...given("probability", number(rule, "probability", { most: 1, fraction: true })),
    ...given("seed", number(rule, "seed", { most: 0xffff_ffff })),
    ...given("forMs", number(rule, "forMs", { most: LONGEST_MS })),
  };
}

function effectOf(effect: Fields, point: FaultPoint): FaultEffect {
  const kinds: readonly string[] = EFFECTS_AT[point];
  const kind = effect["kind"];
  if (typeof kind !== "string" || !kinds.includes(kind)) {
    throw invalid(`effect.kind must be, at the point ${point}, one of ${kinds.join(", ")}.`);
  }
  const known = kind as FaultEffect["kind"];
  switch (known) {
    case "delay":
    case "zeroCredit": {
      const ms = number(effect, "effect.ms", { most: LONGEST_MS });
      if (ms === undefined) throw invalid("effect.ms is missing: for how many milliseconds?");
      return { kind: known, ms };
    }
    case "error": {
      const error = errorNameOf(effect);
      if (error === undefined)
        throw invalid("effect.error is missing: the name of an error of the hub, or status its HTTP status.");
      return { kind: "error", error, ...given("message", text(effect, "effect.message")) };
    }
    case "detach":
      return {
        kind: "detach",
        ...given("error", errorNameOf(effect)),
        ...given("message", text(effect, "effect.message")),
      };
    case "acceptThenDrop":
    case "lose":
    case "silence":
    case "drop":
    case "linkStolen":
    case "identityVanishes":
      return { kind: known };
    default:
      return known satisfies never;
  }
}

// An error is named, or meant by its HTTP status alone.
function errorNameOf(effect: Fields): HubErrorName | undefined {
  const name = text(effect, "effect.error");
  if (name !== undefined) {
    if (isHubErrorName(name)) return name;
    throw invalid(`effect.error: the hub knows no error ${name}.`);
  }
  const status = number(effect, "effect.status", { least: 400, most: 599 });
  if (status === undefined) return undefined;
  const found = hubErrorNameOf(status);
  if (found === undefined) throw invalid(`effect.status: the hub has no error with the HTTP status ${status}.`);
  return found;
}

type Fields = Readonly<Record<string, unknown>>;

function objectOf(value: unknown, name: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw invalid(`${name} must be an object.`);
}

/** `path` is the field's name with those above it, as messages tell it. */
function fieldOf(fields: Fields, path: string): unknown {
  return fields[path.slice(path.lastIndexOf(".") + 1)];
}

function text(fields: Fields, path: string): string | undefined {
  const value = fieldOf(fields, path);
  if (value === undefined) return undefined;
  if (typeof value === "string" && value !== "" && value.length <= MAX_TEXT) return value;
  throw invalid(`${path} must be a text of 1 to ${MAX_TEXT} characters.`);
}

function number(
  fields: Fields,
  path: string,
  {
    least = 0,
    most,
    fraction = false,
  }: { readonly least?: number; readonly most: number; readonly fraction?: boolean },
): number | undefined {
  const value = fieldOf(fields, path);
  if (value === undefined) return undefined;
  const fits = typeof value === "number" && value >= least && value <= most && (fraction || Number.isInteger(value));
  if (!fits) throw invalid(`${path} must be ${fraction ? "a number" : "a whole number"} from ${least} to ${most}.`);
  return value;
}

function given<K extends string, V>(name: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [P in K]?: V };
}

function invalid(message: string): HubError {
  return new HubError("ArgumentInvalid", message);
}
