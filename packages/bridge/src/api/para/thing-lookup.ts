/** Which objects a request is about: Things, and the caller's own. */
import type { ThingWithState } from "../../core/thing.ts";
import type { ThingRecords } from "../../core/thing-store.ts";
import type { ParaCaller } from "./authentication.ts";
import { paraError } from "./para-error.ts";
import { unknownThing } from "./thing-errors.ts";

export interface OfType {
  Querystring: Record<string, unknown>;
}
export interface OfThing {
  Params: { id: string };
  Querystring: Record<string, unknown>;
}

/** Clients write the type in the singular, people in the plural. The singular is documented. */
const ROOTS = { "/v1/thing": true, "/v1/things": false } as const;

/** Declares the same routes for both spellings. `route` makes a route's description from its summary. */
export function forThings(declare: (root: string, route: (summary: string) => object) => void): void {
  for (const [root, isShown] of Object.entries(ROOTS)) {
    declare(root, (summary) => ({ schema: { summary, tags: ["para"], hide: !isShown } }));
  }
}

/** The longest id that a hub has. */
const MAX_ID = 128;

/** Of a type that is named beside the path. */
export function requireThings(type: string): void {
  if (type === "thing" || type === "things") return;
  throw paraError(400, "Objects of this type are not kept here: only 'thing' is, and 'app' as far as apps go.", {
    error: "type_not_kept",
  });
}

export async function ownThing(
  records: Pick<ThingRecords, "thing">,
  { product }: ParaCaller,
  id: string,
): Promise<ThingWithState> {
  const found = id.length > MAX_ID ? null : await records.thing(id);
  if (found === null || found.thing.productId !== product.id) throw unknownThing();
  return found;
}

/** By id; what is not there and what is another app's is not in it. */
export async function ownThings(
  records: Pick<ThingRecords, "things">,
  { product }: ParaCaller,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ThingWithState>> {
  const found = await records.things(ids.filter((id) => id.length <= MAX_ID));
  return new Map(found.filter(({ thing }) => thing.productId === product.id).map((one) => [one.thing.id, one]));
}
