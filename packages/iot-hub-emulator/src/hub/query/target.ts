/** Whom a job or a configuration is for: a condition alone, `*` for all, or `FROM devices.modules WHERE …` for modules. */
import { conditionOf } from "./condition.ts";
import type { Condition } from "./condition.ts";
import { ExpressionParser } from "./expression-parser.ts";
import { COLLECTION_OF } from "./names.ts";
import { readCollection } from "./statement.ts";
import { TokenReader } from "./token-reader.ts";

export interface Target {
  readonly collection: "devices" | "modules";
  /** All when absent. */
  readonly condition?: Condition;
}

/** Throws `ArgumentInvalid` that names the column. */
export function parseTarget(text: string): Target {
  const tokens = new TokenReader(text);
  const stated = tokens.acceptWord("from");
  const collection = stated ? readCollection(tokens) : "devices";
  if (collection === "jobs") throw tokens.unexpected("devices or devices.modules before this");
  const isAll = stated ? !tokens.acceptWord("where") : tokens.acceptSymbol("*");
  const parser = new ExpressionParser(tokens, collection);
  const expression = isAll ? undefined : parser.expression();
  tokens.expectEnd("the end");
  parser.settle([COLLECTION_OF[collection]]);
  return { collection, ...(expression === undefined ? {} : { condition: conditionOf(expression, parser.paths) }) };
}
