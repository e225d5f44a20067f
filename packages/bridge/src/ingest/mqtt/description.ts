/** What a device publishes on `devices/{id}/describe`: its functions, its variables, its firmware version. */
import { isUtf8 } from "node:buffer";
import type { DeviceDescription } from "../../core/device-links.ts";

export interface Describe {
  readonly description: DeviceDescription;
  /** Of the device's product; absent when the device does not say. */
  readonly firmwareVersion?: number;
}

const MAX_NAMES = 50;
const MAX_FIRMWARE_VERSION = 65_535;
const VARIABLE_TYPES = ["bool", "int32", "double", "string"];
/** Names that a firmware can have: one level of a topic, one segment of a path. */
const NAME = /^[\w.:-]{1,64}$/;

export function isCallableName(name: string): boolean {
  return NAME.test(name);
}

/** The description, or a sentence about what is wrong with it. Fields that are not known here are left alone. */
export function parseDescribe(payload: Buffer): Describe | string {
  const message = object(payload);
  if (message === null) return "A description is a JSON object.";
  const { functions = [], variables = {}, firmware_version: firmwareVersion } = message;
  if (!Array.isArray(functions) || functions.length > MAX_NAMES || !functions.every(isName)) {
    return `functions is a list of at most ${MAX_NAMES} names.`;
  }
  if (typeof variables !== "object" || variables === null || Array.isArray(variables)) {
    return "variables is an object of types by name.";
  }
  const types = Object.entries(variables);
  if (types.length > MAX_NAMES || !types.every(([name, type]) => isName(name) && VARIABLE_TYPES.includes(type))) {
    return `variables are at most ${MAX_NAMES}, each of type ${VARIABLE_TYPES.join(", ")}.`;
  }
  if (firmwareVersion !== undefined && !isFirmwareVersion(firmwareVersion)) {
    return `firmware_version is a whole number from 0 to ${MAX_FIRMWARE_VERSION}.`;
  }
  return {
    description: { functions: [...new Set<string>(functions)], variables: Object.fromEntries(types) },
    ...(firmwareVersion !== undefined && { firmwareVersion }),
  };
}

function object(payload: Buffer): Record<string, unknown> | null {
  if (!isUtf8(payload)) return null;
  try {
    const value: unknown = JSON.parse(payload.toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function isName(value: unknown): value is string {
  return typeof value === "string" && isCallableName(value) && value !== "__proto__";
}

function isFirmwareVersion(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_FIRMWARE_VERSION;
}
