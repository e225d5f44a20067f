/**
 * What a service changes in a digital twin: operations of JSON Patch, turned into one patch of desired properties.
 * Operations apply in their order; all are checked before anything is written.
 */
import { COMPONENT_MARKER, isComponent } from "./digital-twin.ts";
import { HubError } from "../errors.ts";
import { requireObject } from "../registry/identity-fields.ts";
import { isObject } from "./twin.ts";
import type { JsonObject, JsonValue } from "./twin.ts";
import { requireValidValues } from "./twin-limits.ts";

/** Desired and reported values as the twin has them now; hub keys such as `$version` may be among them. */
export interface TwinValues {
  readonly desired: JsonObject;
  readonly reported: JsonObject;
}

const OPERATIONS: ReadonlySet<unknown> = new Set(["add", "replace", "remove"]);
/** Names of DTDL: letters, digits and underscores, which do not stand at the ends, nor a digit at the start. */
const NAME = /^[a-z](?:\w{0,62}[a-z0-9])?$/i;
const MAX_DEPTH = 5;
const MARK: JsonObject = { [COMPONENT_MARKER]: "c" };

/** Reads the operations; the result is merged into the desired properties, where `null` deletes. Throws `ArgumentInvalid`. */
export function desiredPatchOf(operations: unknown, twin: TwinValues): JsonObject {
  if (!Array.isArray(operations)) throw invalid("The patch must be an array of JSON Patch operations.");
  const edit = new DesiredEdit(twin);
  for (const source of operations as readonly unknown[]) {
    const { op, path, value } = requireObject(source, "An operation of the patch");
    if (!OPERATIONS.has(op)) throw invalid("An operation's op must be add, replace or remove.");
    const [name, property] = namesOf(path);
    if (op === "remove") edit.remove(name, property);
    else edit.set(name, property, requireValue(value, String(path)));
  }
  const patch = edit.patch();
  requireValidValues(patch, "desired properties");
  return patch;
}

/** The desired properties as the operations leave them, and what of them they touched. */
class DesiredEdit {
  readonly #twin: TwinValues;
  readonly #wanted: Map<string, JsonValue>;
  /** By name: the properties touched of a component, or all of it. */
  readonly #touched = new Map<string, Set<string> | "all">();

  constructor(twin: TwinValues) {
    this.#twin = twin;
    this.#wanted = new Map(Object.entries(twin.desired));
  }

  set(name: string, property: string | undefined, value: JsonValue): void {
    if (property !== undefined) {
      this.#requireComponent(name);
      requirePropertyValue(value, property);
      this.#wanted.set(name, { ...MARK, ...this.#component(name), [property]: value });
      this.#touch(name, property);
      return;
    }
    this.#wanted.set(name, this.#wholeOf(name, value));
    this.#touched.set(name, "all");
  }

  remove(name: string, property: string | undefined): void {
    if (property === undefined) {
      this.#wanted.delete(name);
      this.#touched.set(name, "all");
      return;
    }
    this.#requireComponent(name);
    const { [property]: _, ...rest } = this.#component(name);
    if (Object.keys(rest).some((key) => key !== COMPONENT_MARKER)) this.#wanted.set(name, rest);
    else this.#wanted.delete(name);
    this.#touch(name, property);
  }

  patch(): JsonObject {
    return Object.fromEntries([...this.#touched].map(([name, what]) => [name, this.#patchOf(name, what)]));
  }

  #patchOf(name: string, touched: Set<string> | "all"): JsonValue {
    const wanted = this.#wanted.get(name);
    const current = ownOf(this.#twin.desired, name);
    if (touched === "all" || !isObject(wanted) || !isObject(current)) return mergePatch(current, wanted);
    const properties = [...touched].map((key): [string, JsonValue] => [
      key,
      mergePatch(ownOf(current, key), ownOf(wanted, key)),
    ]);
    return { ...MARK, ...Object.fromEntries(properties) };
  }

  /** A component carries an empty `$metadata` as its mark; anything else is a property's value. */
  #wholeOf(name: string, value: JsonValue): JsonValue {
    if (isObject(value) && Object.hasOwn(value, "$metadata")) {
      const { $metadata, ...properties } = value;
      if (!isObject($metadata) || Object.keys($metadata).length > 0)
        throw invalid(`$metadata of the component ${name} must be an empty object.`);
      for (const [key, part] of Object.entries(properties)) {
        requireName(key);
        requirePropertyValue(part, key);
      }
      return { ...MARK, ...properties };
    }
    if (isComponent(this.#wanted.get(name)) || isComponent(ownOf(this.#twin.reported, name)))
      throw invalid(`${name} is a component: its value needs an empty object $metadata as its mark.`);
    requirePropertyValue(value, name);
    return value;
  }

  #requireComponent(name: string): void {
    for (const value of [this.#wanted.get(name), ownOf(this.#twin.reported, name)]) {
      if (value !== undefined && !isComponent(value))
        throw invalid(
          `'${name}' exists within the device twin and is not a component there: it lacks the mark "${COMPONENT_MARKER}": "c".`,
        );
    }
  }

  #component(name: string): JsonObject {
    const value = this.#wanted.get(name);
    return isObject(value) ? value : {};
  }

  #touch(name: string, property: string): void {
    const touched = this.#touched.get(name) ?? new Set<string>();
    if (touched === "all") return;
    touched.add(property);
    this.#touched.set(name, touched);
  }
}

/** What merged into `current` gives `wanted`: values that stay are named too, so that the device hears of all that was set. */
function mergePatch(current: JsonValue | undefined, wanted: JsonValue | undefined): JsonValue {
  if (wanted === undefined) return null;
  if (!isObject(wanted) || !isObject(current)) return wanted;
  const gone = Object.keys(current).filter((key) => !Object.hasOwn(wanted, key));
  return Object.fromEntries([
    ...gone.map((key): [string, JsonValue] => [key, null]),
    ...Object.entries(wanted).map(([key, value]): [string, JsonValue] => [key, mergePatch(ownOf(current, key), value)]),
  ]);
}

function namesOf(path: unknown): readonly [name: string, property?: string] {
  const [root, name = "", property, ...deeper] = typeof path === "string" ? path.split("/") : [];
  if (root !== "" || deeper.length > 0)
    throw invalid("An operation's path must be /property, /component or /component/property.");
  requireName(name);
  if (property === undefined) return [name];
  requireName(property);
  return [name, property];
}

function requireName(name: string): void {
  if (!NAME.test(name))
    throw invalid(
      `'${name.slice(0, 64)}' is no name of a property or component: 1 to 64 letters, digits and underscores, which neither begins with a digit nor begins or ends with an underscore.`,
    );
}

function requireValue(value: unknown, path: string): JsonValue {
  if (value === undefined || value === null)
    throw invalid(`The operation on ${path} needs a value; to clear it, use the operation remove.`);
  return value as JsonValue;
}

function requirePropertyValue(value: JsonValue, name: string, depth: number = 1): void {
  if (value === null || Array.isArray(value)) throw invalid(`${name}: properties hold neither arrays nor null.`);
  if (!isObject(value)) return;
  if (depth > MAX_DEPTH) throw invalid(`${name} is nested more than ${MAX_DEPTH} levels deep.`);
  for (const [key, part] of Object.entries(value)) {
    requireName(key);
    requirePropertyValue(part, key, depth + 1);
  }
}

function ownOf(source: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(source, key) ? source[key] : undefined;
}

function invalid(sentence: string): HubError {
  return new HubError("ArgumentInvalid", sentence);
}
