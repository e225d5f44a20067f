/** Queries over enrollments and registrations, page by page. They select everything: other forms are refused. */
import { ProvisioningError } from "./errors.ts";

type Row = Readonly<Record<string, unknown>>;

export interface PageQuery {
  readonly query: unknown;
  readonly maxItemCount?: number;
  /** What the page before gave. */
  readonly continuation?: string;
}

const PAGE = 1000;
const ALL = /^\s*select\s+\*(?:\s+from\s+[a-z.]+)?\s*;?\s*$/i;

/** A page of `rows` in the order of `idField`. Throws `ProvisioningError`. */
export function pageOf(
  rows: readonly Row[],
  idField: string,
  { query, maxItemCount = PAGE, continuation }: PageQuery,
): { readonly rows: readonly Row[]; readonly continuation?: string } {
  if (typeof query !== "string") throw new ProvisioningError("BadRequest", "The body needs the field query, a string.");
  if (!ALL.test(query)) {
    const known = "only SELECT * FROM enrollments (or another collection, without conditions)";
    throw new ProvisioningError("NotImplemented", `This query is not implemented by this emulator: ${known}.`);
  }
  const after = continuation === undefined ? "" : Buffer.from(continuation, "base64url").toString("utf8");
  const rest = rows
    .map((row) => ({ id: String(row[idField]), row }))
    .filter(({ id }) => id > after)
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const page = rest.slice(0, Math.min(maxItemCount, PAGE));
  const last = page.at(-1);
  const hasMore = last !== undefined && rest.length > page.length;
  return {
    rows: page.map(({ row }) => row),
    ...(hasMore ? { continuation: Buffer.from(last.id, "utf8").toString("base64url") } : {}),
  };
}
