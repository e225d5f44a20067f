/** Queries over REST. A page's place and size travel in headers. */
import { HubError } from "../hub/errors.ts";
import { requireObject } from "../hub/registry/identity-fields.ts";
import { pageSizeOf } from "../hub/query/query.ts";
import type { PageRequest } from "../hub/query/query.ts";
import { readJson } from "./exchange.ts";
import type { HubRequest, HubResponse, Route } from "./exchange.ts";

const CONNECT = { kind: "service", permission: "ServiceConnect" } as const;
/** The longest query, with every character escaped. */
const QUERY_BYTES: number = 64 * 1024;

export const QUERY_ROUTES: readonly Route[] = [
  { method: "POST", path: "/devices/query", access: CONNECT, maxBody: QUERY_BYTES, handle: query },
];

/** Which page of a list a request asks for. */
export function pageRequestOf({ headers }: HubRequest): PageRequest {
  const maxItemCount = pageSizeOf(textOf(headers["x-ms-max-item-count"]));
  const continuation = textOf(headers["x-ms-continuation"]);
  return {
    ...(maxItemCount === undefined ? {} : { maxItemCount }),
    ...(continuation === undefined ? {} : { continuation }),
  };
}

/** A page of a list; `continuation` is absent on the last one. */
export function pageResponse(rows: readonly unknown[], itemType: string, continuation?: string): HubResponse {
  return {
    status: 200,
    json: rows,
    headers: {
      "x-ms-item-type": itemType,
      ...(continuation === undefined ? {} : { "x-ms-continuation": continuation }),
    },
  };
}

async function query(request: HubRequest): Promise<HubResponse> {
  const document = requireObject(readJson(request), "The body");
  // Go's clients write it Query.
  const text = document["query"] ?? document["Query"];
  if (typeof text !== "string") throw new HubError("ArgumentNull", "The body needs the field query, a string.");
  const { rows, itemType, continuation } = await request.hub.query.run(text, pageRequestOf(request));
  return pageResponse(rows, itemType, continuation);
}

// Clients send an empty text for none.
function textOf(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === "string" && header !== "" ? header : undefined;
}
