/** A Thing as a row of its table. What is a list or an object is kept as JSON text. */
import type { JsonObject } from "../../core/json.ts";
import type { Thing } from "../../core/thing.ts";
import type { Row, Statement } from "./driver.ts";
import type { Transaction } from "./transaction.ts";

/** A Thing before it has its place in the order of making. */
export type UnplacedThing = Omit<Thing, "docId" | "revision">;

/** Deeper ones would make the database's own reading of JSON fail, and with it every search of the product. */
const MAX_DEPTH = 64;
const MAX_PROPERTIES_LENGTH = 1_048_576;

const COLUMNS = [
  ["id", "product_id", "name", "timestamp", "updated", "creator_id", "parent_id", "tags", "votes", "version"],
  ["stored", "indexed", "cached", "properties", "revision"],
].flat();

export interface ThingRows {
  insert(thing: UnplacedThing): void;
  /** Everything but its id, its product and its docId. */
  update(thing: Thing): void;
}

export function thingRows({ db }: Transaction): ThingRows {
  const insert = db.prepare(`INSERT INTO thing (${COLUMNS.join(", ")}) VALUES (${COLUMNS.map(() => "?").join(", ")})`);
  const changing = COLUMNS.slice(2);
  const update = db.prepare(`UPDATE thing SET ${changing.map((name) => `${name} = ?`).join(", ")} WHERE id = ?`);
  return {
    insert: (thing) => void insert.run(thing.id, thing.productId, ...changingValues({ ...thing, revision: 1 })),
    update: (thing) => void update.run(...changingValues(thing), thing.id),
  };
}

function changingValues(thing: Omit<Thing, "docId">): Parameters<Statement["run"]> {
  const { name, timestamp, updated, creatorId, parentId, tags, votes, version, stored, indexed, cached } = thing;
  const properties = propertiesText(thing.properties);
  const flags = [stored, indexed, cached].map((flag) => (flag ? 1 : 0));
  const plain = [name, timestamp, updated, creatorId, parentId, JSON.stringify(tags), votes, version];
  return [...plain, ...flags, properties, thing.revision];
}
/** Throws where the database could not search them. */
export function propertiesText(properties: JsonObject): string {
  const text = JSON.stringify(properties);
  if (text.length > MAX_PROPERTIES_LENGTH || isDeeper(properties, MAX_DEPTH))
    throw new Error(`A Thing's own fields are at most ${MAX_DEPTH} deep and ${MAX_PROPERTIES_LENGTH} characters.`);
  return text;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

export function toThing(row: Row): Thing {
  return {
    id: String(row["id"]),
    productId: Number(row["product_id"]),
    docId: Number(row["doc_id"]),
    name: String(row["name"]),
    serviceBroker: "Azure",
    timestamp: Number(row["timestamp"]),
    updated: row["updated"] as number | null,
    creatorId: row["creator_id"] as string | null,
    parentId: row["parent_id"] as string | null,
    tags: JSON.parse(String(row["tags"])) as string[],
    votes: Number(row["votes"]),
    version: Number(row["version"]),
    stored: row["stored"] === 1,
    indexed: row["indexed"] === 1,
    cached: row["cached"] === 1,
    properties: JSON.parse(String(row["properties"])) as JsonObject,
    revision: Number(row["revision"]),
  };
}
