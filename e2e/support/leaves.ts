/** Documents as their leaves, by dotted paths: what one writer owns of a state that many write. */
export type Leaves = Readonly<Record<string, unknown>>;

type Document = Record<string, unknown>;

/** The document that has these leaves. */
export function documentOf(leaves: Leaves): Document {
  const whole: Document = {};
  for (const [path, value] of Object.entries(leaves)) {
    const keys = path.split(".");
    let place = whole;
    for (const key of keys.slice(0, -1)) place = (place[key] ??= {}) as Document;
    place[keys.at(-1)!] = value;
  }
  return whole;
}

/** An object that lost its last leaf has none; what a twin says of itself (`$version`, `$metadata`) is none. */
export function leavesOf(document: object, above = ""): Leaves {
  const leaves: Document = {};
  for (const [key, value] of Object.entries(document) as [string, unknown][]) {
    if (key.startsWith("$")) continue;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      Object.assign(leaves, leavesOf(value, `${above}${key}.`));
    } else leaves[`${above}${key}`] = value;
  }
  return leaves;
}

/** The leaves as they are when this one is written; `null` removes it. */
export function withLeaf(leaves: Leaves, path: string, value: unknown): Leaves {
  const { [path]: _, ...others } = leaves;
  return value === null ? others : { ...others, [path]: value };
}

/** In an order that two documents with the same leaves have in common. */
export function textOf(leaves: Leaves): string {
  return JSON.stringify(Object.entries(leaves).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The n-th value of a writer: texts, numbers, lists, and now and then a removal. */
export function valueOf(writer: string, n: number): unknown {
  if (Math.random() < 0.15) return null;
  return [`${writer} ${n}`, n, n / 8, [writer, n]][Math.floor(Math.random() * 4)];
}
