/** A fault's rule in a sentence. */
import type { Fault, FaultRule } from "./local-hub.ts";

const POINTS: Readonly<Record<string, string>> = {
  http: "when something is asked over HTTPS",
  connect: "when a device connects",
  attach: "when an AMQP link is opened",
  transfer: "when an AMQP message comes in",
  credit: "when an AMQP sender asks for room",
  publish: "when an MQTT message comes in",
  subscribe: "when an MQTT client subscribes",
  deliver: "when something is handed to a client",
  telemetry: "when a message of a device is taken, by any protocol",
};

const EFFECTS: Readonly<Record<string, (effect: FaultRule["effect"]) => string>> = {
  error: ({ error }) => `it is refused with ${error ?? "an error"}`,
  delay: ({ ms = 0 }) => `it waits for ${durationInWords(ms)} and goes on`,
  acceptThenDrop: () => "it is done, and the connection ends before the answer",
  lose: () => "it is answered as done and is not done",
  silence: () => "nothing is done and nothing is answered",
  drop: () => "the connection ends",
  detach: ({ error = "ServiceUnavailable" }) => `the link ends with ${error}`,
  linkStolen: () => "the link ends as if another had taken its place",
  zeroCredit: ({ ms = 0 }) => `it gets no room for ${durationInWords(ms)}`,
  identityVanishes: () => "the device's identity is deleted",
};

/** "When an AMQP message comes in (telemetry) of device x: it is refused with …". */
export function faultInWords({ where, effect }: FaultRule): string {
  const point = POINTS[where.point] ?? `at ${where.point}`;
  const details = [where.operation, where.protocol].filter((text) => text !== undefined);
  const place = `${point}${details.length === 0 ? "" : ` (${details.join(", ")})`}`;
  const device = where.deviceId === undefined ? "" : `, of ${where.deviceId}`;
  const does = EFFECTS[effect.kind]?.(effect) ?? effect.kind;
  return `${place.charAt(0).toUpperCase()}${place.slice(1)}${device}: ${does}.`;
}

/** How often and for how long: "each time", "3 times, about 50 % of them". */
export function oftenInWords({ times, probability, forMs, skip }: FaultRule): string {
  const parts = [
    times === undefined ? "each time" : times === 1 ? "once" : `${times} times`,
    ...(probability === undefined || probability === 1 ? [] : [`about ${Math.round(probability * 100)} % of them`]),
    ...(skip === undefined || skip === 0 ? [] : [`after ${skip} that pass`]),
    ...(forMs === undefined ? [] : [`for ${durationInWords(forMs)}`]),
  ];
  return parts.join(", ");
}

export function struckInWords({ struck, active }: Pick<Fault, "struck" | "active">): string {
  const often = struck === 1 ? "struck once" : `struck ${struck.toLocaleString()} times`;
  return active ? often : `over: ${often}`;
}

function durationInWords(ms: number): string {
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 60_000) return `${ms / 1_000} s`;
  return ms < 3_600_000 ? `${ms / 60_000} min` : `${ms / 3_600_000} h`;
}
