/** The fields that can be asked about, and where each is kept. Names come from strangers: none becomes part of a statement. */

export type ThingField =
  /** `isWhole`: a name by which things are told apart, matched as a whole and never by a word in it. */
  | { readonly kind: "text"; readonly sql: string; readonly isWhole: boolean }
  | { readonly kind: "number" | "time" | "flag"; readonly sql: string }
  | { readonly kind: "tags" }
  | { readonly kind: "json"; readonly column: string; readonly path: string };

const whole = (sql: string): ThingField => ({ kind: "text", sql, isWhole: true });

const COLUMNS: ReadonlyMap<string, ThingField> = new Map<string, ThingField>([
  ["id", whole("t.id")],
  ["name", { kind: "text", sql: "t.name", isWhole: false }],
  ["type", whole("'thing'")],
  ["appid", whole("(SELECT slug FROM product WHERE product.id = t.product_id)")],
  ["parentid", whole("t.parent_id")],
  ["creatorid", whole("t.creator_id")],
  ["serviceBroker", whole("'Azure'")],
  ["tags", { kind: "tags" }],
  ["timestamp", { kind: "time", sql: "t.timestamp" }],
  ["updated", { kind: "time", sql: "t.updated" }],
  ["votes", { kind: "number", sql: "t.votes" }],
  ["version", { kind: "number", sql: "t.version" }],
  ["stored", { kind: "flag", sql: "t.stored" }],
  ["indexed", { kind: "flag", sql: "t.indexed" }],
  ["cached", { kind: "flag", sql: "t.cached" }],
]);

const STATE = "deviceState";
const OWN = "properties";

/** Whatever is not a field of all Things is one of the user's own. */
export function thingField(name: string): ThingField {
  const column = COLUMNS.get(name);
  if (column !== undefined) return column;
  const [first = "", ...rest] = name.split(".");
  if (first === STATE) return { kind: "json", column: "s.state", path: jsonPath(rest) };
  return { kind: "json", column: "t.properties", path: jsonPath(first === OWN ? rest : [first, ...rest]) };
}

/** Whether the table of states must be joined for it. */
export function isOfState(name: string): boolean {
  return name === STATE || name.startsWith(`${STATE}.`);
}

function jsonPath(keys: readonly string[]): string {
  return ["$", ...keys.map((key) => JSON.stringify(key))].join(".");
}
