/**
 * A twin as IoT Plug and Play reads it: one value per property, what is desired and what the device acknowledged beside
 * it in `$metadata`, and the properties of components one level down. Pure functions over the twin that services see.
 */
import { isObject } from "./twin.ts";
import type { JsonObject, JsonValue } from "./twin.ts";

/** What marks a component in a device twin: a key that no property may have. */
export const COMPONENT_MARKER = "__t";

/** Whether a part of the desired or reported properties is a component. */
export function isComponent(value: JsonValue | undefined): value is JsonObject {
  return isObject(value) && Object.hasOwn(value, COMPONENT_MARKER) && value[COMPONENT_MARKER] === "c";
}

/** The digital twin of a device, from its twin as services see it. `$metadata.$model` is empty when the device never named its model. */
export function formatDigitalTwin(twin: JsonObject): JsonObject {
  const { desired = {}, reported = {} } = objectOf(twin["properties"]) as Record<string, JsonObject>;
  const sides: Sides = {
    desired: { values: desired, metadata: objectOf(desired["$metadata"]) },
    reported: { values: reported, metadata: objectOf(reported["$metadata"]) },
  };
  const { properties, metadata } = formatProperties(sides, true);
  return {
    $dtId: twin["deviceId"] ?? "",
    ...properties,
    $metadata: { $model: twin["modelId"] ?? "", ...metadata },
  };
}

interface Side {
  readonly values: JsonObject;
  readonly metadata: JsonObject;
}

interface Sides {
  readonly desired: Side;
  readonly reported: Side;
}

function formatProperties(
  sides: Sides,
  mayHoldComponents: boolean,
): { readonly properties: JsonObject; readonly metadata: JsonObject } {
  const properties = new Map<string, JsonValue>();
  const metadata = new Map<string, JsonValue>();
  const names = new Set([...Object.keys(sides.reported.values), ...Object.keys(sides.desired.values)]);
  for (const name of names) {
    if (name.startsWith("$") || name === COMPONENT_MARKER) continue;
    const parts = { desired: within(sides.desired, name), reported: within(sides.reported, name) };
    if (mayHoldComponents && (isComponent(parts.desired.value) || isComponent(parts.reported.value))) {
      const component = formatProperties({ desired: sideOf(parts.desired), reported: sideOf(parts.reported) }, false);
      properties.set(name, { ...component.properties, $metadata: component.metadata });
      continue;
    }
    const { value, acknowledgement } = readReported(parts.reported.value);
    if (value !== undefined) properties.set(name, value);
    metadata.set(name, { ...desiredPart(parts.desired), ...acknowledgement, ...dated(parts.reported) });
  }
  return { properties: Object.fromEntries(properties), metadata: Object.fromEntries(metadata) };
}

interface Part {
  readonly value: JsonValue | undefined;
  readonly metadata: JsonObject;
}

function within({ values, metadata }: Side, name: string): Part {
  const own = (source: JsonObject): JsonValue | undefined => (Object.hasOwn(source, name) ? source[name] : undefined);
  return { value: own(values), metadata: objectOf(own(metadata)) };
}

// What is a component on one side only has nothing on the other, whatever else stands there.
function sideOf({ value, metadata }: Part): Side {
  return isComponent(value) ? { values: value, metadata } : { values: {}, metadata: {} };
}

function desiredPart({ value, metadata }: Part): JsonObject {
  if (value === undefined) return {};
  return { desiredValue: value, desiredVersion: metadata["$lastUpdatedVersion"] ?? 0 };
}

function dated({ value, metadata }: Part): JsonObject {
  const at = metadata["$lastUpdated"];
  return value === undefined || at === undefined ? {} : { lastUpdateTime: at };
}

/** By convention a device answers a desired value with `{ value, ac, av, ad }`: the value, a code, the version meant, and words. */
function readReported(reported: JsonValue | undefined): {
  readonly value: JsonValue | undefined;
  readonly acknowledgement: JsonObject;
} {
  if (!isObject(reported) || typeof reported["ac"] !== "number") return { value: reported, acknowledgement: {} };
  const { value, ac, av, ad } = reported;
  if (value === undefined && av === undefined) return { value: reported, acknowledgement: {} };
  return {
    value,
    acknowledgement: {
      ...(av === undefined ? {} : { ackVersion: av }),
      ackCode: ac,
      ...(ad === undefined ? {} : { ackDescription: ad }),
    },
  };
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}
