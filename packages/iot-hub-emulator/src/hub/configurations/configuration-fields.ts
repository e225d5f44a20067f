/** Reads a configuration's document strictly. */
import { HubError } from "../errors.ts";
import { requireObject } from "../registry/identity-fields.ts";
import { parseStatement } from "../query/statement.ts";
import { parseTarget } from "../query/target.ts";
import { MAX_PROPERTIES_BYTES, requireSize, requireValidValues } from "../twins/twin-limits.ts";
import { isObject } from "../twins/twin.ts";
import type { JsonObject, JsonValue } from "../twins/twin.ts";
import type { Configuration, ConfigurationContent } from "./configuration.ts";
import { keysOf } from "./content.ts";

/** What a client may set; absent fields stay as they are on update. */
export type ConfigurationFields = Partial<
  Pick<Configuration, "schemaVersion" | "labels" | "content" | "targetCondition" | "priority" | "metrics">
>;

const MAX_ID = 128;
const MAX_LABELS = 100;
const MAX_LABEL = 128;
const MAX_METRICS = 20;
const MAX_PRIORITY = 2 ** 31 - 1;
const CONTENT_PARTS = ["deviceContent", "moduleContent", "modulesContent"] as const;

/** Throws `ArgumentInvalid`. */
export function requireConfigurationId(id: string): string {
  if (id.length > MAX_ID || !/^[a-z0-9\-:+%_#*?!(),=@;$']+$/.test(id)) {
    throw invalid(
      `A configuration id has 1 to ${MAX_ID} lower-case letters, digits or characters of -:+%_#*?!(),=@;$'`,
    );
  }
  return id;
}

/** Throws `ArgumentInvalid` that names the field. */
export function parseConfigurationFields(document: unknown): ConfigurationFields {
  const source = requireObject(document, "The configuration");
  const { schemaVersion, labels, content, targetCondition, priority, metrics } = source;
  return {
    ...(isAbsent(schemaVersion) ? {} : { schemaVersion: textOf(schemaVersion, "schemaVersion", MAX_LABEL) }),
    ...(isAbsent(labels) ? {} : { labels: labelsOf(labels) }),
    ...(isAbsent(content) ? {} : { content: parseContent(content) }),
    ...(isAbsent(targetCondition) ? {} : { targetCondition: targetConditionOf(targetCondition) }),
    ...(isAbsent(priority) ? {} : { priority: priorityOf(priority) }),
    ...(isAbsent(metrics) ? {} : { metrics: metricsOf(metrics) }),
  };
}

/** Content as it stands in a configuration, or is applied to one device. Throws `ArgumentInvalid`. */
export function parseContent(document: unknown): ConfigurationContent {
  const source = requireObject(document, "content");
  const parts = CONTENT_PARTS.flatMap((name) => {
    const part = source[name];
    return isAbsent(part) ? [] : [[name, requireObject(part, `content.${name}`) as JsonObject] as const];
  });
  for (const [name, part] of parts) {
    for (const values of name === "modulesContent" ? Object.values(part) : [part]) {
      requireSettable(requireObject(values, `content.${name}`) as JsonObject, name);
    }
  }
  return Object.fromEntries(parts);
}

/** What a metric's query must be; throws `ArgumentInvalid`. */
export function requireMetricQuery(query: unknown, name: string): string {
  const text = textOf(query, `The query of the metric ${name}`, Infinity);
  parseStatement(text);
  return text;
}

function requireSettable(values: JsonObject, part: string): void {
  for (const [path, value] of Object.entries(values)) {
    const keys = keysOf(path);
    if (keys === undefined)
      throw invalid(`content.${part} has the path ${path.slice(0, 60)}; paths begin with properties.desired`);
    if (keys.length === 0 && !isObject(value)) throw invalid(`content.${part} at ${path} must be a JSON object.`);
    if (value === null) throw invalid(`content.${part} at ${path} must not be null.`);
    requireValidValues(nested(keys, value), `content.${part}`);
  }
  requireSize(values, `content.${part}`, MAX_PROPERTIES_BYTES);
}

// As it would stand in the twin, so that keys and depth are judged there.
function nested(keys: readonly string[], value: JsonValue): JsonObject {
  if (keys.length === 0) return value as JsonObject;
  return keys.reduceRight<JsonValue>((inner, key) => Object.fromEntries([[key, inner]]), value) as JsonObject;
}

function labelsOf(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(requireObject(value, "labels"));
  if (entries.length > MAX_LABELS) throw invalid(`A configuration has at most ${MAX_LABELS} labels.`);
  for (const [key, label] of entries) {
    textOf(key, "The name of a label", MAX_LABEL);
    textOf(label, `The label ${key}`, MAX_LABEL);
  }
  return Object.fromEntries(entries) as Record<string, string>;
}

function targetConditionOf(value: unknown): string {
  const text = textOf(value, "targetCondition", Infinity);
  // An empty condition is for none.
  if (text.trim() !== "") parseTarget(text);
  return text;
}

function metricsOf(value: unknown): Readonly<Record<string, string>> {
  const { queries } = requireObject(value, "metrics");
  const entries = isAbsent(queries) ? [] : Object.entries(requireObject(queries, "metrics.queries"));
  if (entries.length > MAX_METRICS) throw invalid(`A configuration has at most ${MAX_METRICS} metrics.`);
  return Object.fromEntries(entries.map(([name, query]) => [name, requireMetricQuery(query, name)]));
}

function priorityOf(value: unknown): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > MAX_PRIORITY) {
    throw invalid(`priority must be a whole number from 0 to ${MAX_PRIORITY}.`);
  }
  return value;
}

function textOf(value: unknown, what: string, max: number): string {
  if (typeof value !== "string") throw invalid(`${what} must be a string.`);
  if (value.length > max) throw invalid(`${what} has at most ${max} characters.`);
  return value;
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function invalid(message: string): HubError {
  return new HubError("ArgumentInvalid", message);
}
