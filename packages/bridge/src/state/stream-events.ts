/** What the events of a hub's stream say, by their source. The bodies of the hub's own events are as it documents them. */
import type { StreamEvent } from "../core/twin-hub.ts";
import { isObject } from "./document/json-values.ts";
import type { StandingSeen, TelemetrySeen, TwinChangeSeen } from "./hub-changes.ts";

export type Told =
  | { readonly kind: "telemetry"; readonly telemetry: TelemetrySeen | null }
  | { readonly kind: "twin"; readonly change: TwinChangeSeen }
  | { readonly kind: "standing"; readonly standing: StandingSeen }
  | { readonly kind: "created" | "deleted" };

type Reader = (event: StreamEvent) => Told | null;

/** By `iothub-message-source`. Other sources say nothing of states. */
const READERS: Readonly<Record<string, Reader>> = {
  Telemetry({ deviceId, json, enqueuedTime, sequenceNumber }) {
    const telemetry = isObject(json) ? { hubDeviceId: deviceId, body: json, at: enqueuedTime, sequenceNumber } : null;
    return { kind: "telemetry", telemetry };
  },
  twinChangeEvents({ deviceId, generationId, json, properties, enqueuedTime }) {
    const sections = isObject(json) ? json["properties"] : undefined;
    if (!isObject(sections)) return null;
    const { desired, reported } = sections;
    if (!isObject(desired) && !isObject(reported)) return null;
    return {
      kind: "twin",
      change: {
        hubDeviceId: deviceId,
        generationId,
        kind: properties["opType"] === "replaceTwin" ? "whole" : "patch",
        ...(isObject(desired) ? { desired } : {}),
        ...(isObject(reported) ? { reported } : {}),
        at: enqueuedTime,
      },
    };
  },
  deviceConnectionStateEvents({ deviceId, properties }) {
    const connectionState = CONNECTION_STATES[String(properties["opType"])];
    return connectionState === undefined
      ? null
      : { kind: "standing", standing: { hubDeviceId: deviceId, connectionState } };
  },
  deviceLifecycleEvents({ properties }) {
    return LIFE[String(properties["opType"])] ?? null;
  },
};

const CONNECTION_STATES: Readonly<Record<string, "connected" | "disconnected">> = {
  deviceConnected: "connected",
  deviceDisconnected: "disconnected",
};

const LIFE: Readonly<Record<string, Told>> = {
  createDeviceIdentity: { kind: "created" },
  deleteDeviceIdentity: { kind: "deleted" },
};

/** Whether it may say anything of a device's state; its body is not looked at. */
export function mayConcern({ source, generationId }: StreamEvent): boolean {
  return generationId !== null && Object.hasOwn(READERS, source);
}

/** `null`: nothing that concerns the state of a device. */
export function readEvent(event: StreamEvent): Told | null {
  return mayConcern(event) ? (READERS[event.source]?.(event) ?? null) : null;
}
