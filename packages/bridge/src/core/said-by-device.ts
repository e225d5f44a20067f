/** Which part of a state is the device's own word. */
import type { DeviceState, StateSource } from "./device-state.ts";
import type { Json, JsonObject } from "./json.ts";
import { pathText, type Path } from "./state-paths.ts";

const DEVICES: ReadonlySet<StateSource> = new Set(["device", "reported", "telemetry"]);

/** The leaves of the state that the device itself wrote last. */
export function saidByDevice({ state, stamps }: Pick<DeviceState, "state" | "stamps">): JsonObject {
  return pick(state, []);

  function pick(object: JsonObject, path: Path): JsonObject {
    const entries = Object.entries(object).flatMap(([key, value]): [string, Json][] => {
      const at = [...path, key];
      if (isBranch(value)) {
        const inner = pick(value, at);
        return Object.keys(inner).length === 0 ? [] : [[key, inner]];
      }
      const text = pathText(at);
      const source = Object.hasOwn(stamps, text) ? stamps[text]![1] : "api";
      return DEVICES.has(source) ? [[key, value]] : [];
    });
    return Object.fromEntries(entries);
  }
}

function isBranch(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
}
