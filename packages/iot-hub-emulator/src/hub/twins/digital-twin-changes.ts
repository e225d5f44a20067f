/** What changed in a digital twin, as JSON Patch: applied to what it was, the operations give what it is. */
import { formatDigitalTwin } from "./digital-twin.ts";
import { formatSection, isObject } from "./twin.ts";
import type { JsonObject, JsonValue, StoredTwin } from "./twin.ts";

/** Empty when nothing of what changed shows in the digital twin, as with tags. */
export function digitalTwinChanges(before: StoredTwin, after: StoredTwin): readonly JsonObject[] {
  return operationsBetween(digitalTwinOf(before), digitalTwinOf(after), "");
}

function digitalTwinOf({ modelId = "", desired, reported }: StoredTwin): JsonObject {
  return formatDigitalTwin({
    modelId,
    properties: { desired: formatSection(desired), reported: formatSection(reported) },
  });
}

function operationsBetween(before: JsonObject, after: JsonObject, path: string): JsonObject[] {
  const gone = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
  return [
    ...gone.map((key): JsonObject => ({ op: "remove", path: within(path, key) })),
    ...Object.entries(after).flatMap(([key, value]) =>
      operationsOn(Object.hasOwn(before, key) ? before[key] : undefined, value, within(path, key)),
    ),
  ];
}

function operationsOn(before: JsonValue | undefined, value: JsonValue, path: string): JsonObject[] {
  if (before === undefined) return [{ op: "add", path, value }];
  if (isObject(before) && isObject(value)) return operationsBetween(before, value, path);
  return JSON.stringify(before) === JSON.stringify(value) ? [] : [{ op: "replace", path, value }];
}

/** A step of a JSON pointer. */
function within(path: string, key: string): string {
  return `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
