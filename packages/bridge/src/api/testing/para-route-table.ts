/**
 * Every route of Para's face that asks who calls, and what it answers to whom. `para-identities.test.ts` plays each row with
 * every kind of caller; a route of the OpenAPI document without a row fails `identities.test.ts`. The cast: `weather` is the
 * app that has what the paths name, `harbour` another one, `para` the root app.
 */

export interface ParaRow {
  /** As in OpenAPI, with `:name` for what the cast has. */
  readonly route: `${"GET" | "POST" | "PUT" | "PATCH" | "DELETE"} /${string}`;
  /** Query that the route needs; names as in the path. */
  readonly query?: string;
  readonly body?: unknown;
  /** Statuses: to the app itself, to another app, to the root app (otherwise as another). */
  readonly own: number;
  readonly other: number;
  readonly root?: number;
}

export const PARA_ROUTES: readonly ParaRow[] = [
  { route: "GET /v1", own: 200, other: 200 },
  { route: "GET /v1/_setup/:newApp", own: 403, other: 403, root: 200 },
  { route: "POST /v1/_newkeys", own: 200, other: 200 },
  { route: "GET /v1/_me", own: 200, other: 200 },
  { route: "GET /v1/_types", own: 200, other: 200 },
  { route: "GET /v1/utils/newid", own: 200, other: 200 },
  { route: "GET /v1/utils/timestamp", own: 200, other: 200 },
  { route: "GET /v1/app/:app", own: 200, other: 404, root: 200 },
  { route: "PATCH /v1/app/:app", body: { name: "Storms" }, own: 200, other: 404, root: 200 },
  { route: "DELETE /v1/app/:app", own: 409, other: 404, root: 409 },
  { route: "GET /v1/app", own: 200, other: 200 },
  { route: "GET /v1/app/search", own: 200, other: 200 },
  { route: "GET /v1/app/search/:queryType", own: 200, other: 200 },
  { route: "POST /v1/thing", body: { serviceBroker: "Azure" }, own: 201, other: 201 },
  { route: "GET /v1/thing/:thing", own: 200, other: 404 },
  { route: "GET /v1/_id/:thing", own: 200, other: 404 },
  { route: "PATCH /v1/thing/:thing", body: { name: "Boiler" }, own: 200, other: 404 },
  { route: "PUT /v1/thing/:thing", body: { serviceBroker: "Azure" }, own: 200, other: 409 },
  { route: "GET /v1/thing", own: 200, other: 200 },
  { route: "GET /v1/thing/search", own: 200, other: 200 },
  { route: "GET /v1/thing/search/:queryType", own: 200, other: 200 },
  { route: "GET /v1/search", own: 200, other: 200 },
  { route: "GET /v1/search/:queryType", own: 200, other: 200 },
  { route: "POST /v1/thing/:thing/_newkeys", own: 200, other: 404 },
  { route: "POST /v1/thing/:thing/_disable", own: 200, other: 404 },
  { route: "POST /v1/thing/:thing/_enable", own: 200, other: 404 },
  { route: "POST /v1/_batch", body: [{ serviceBroker: "Azure" }], own: 200, other: 200 },
  { route: "PUT /v1/_batch", body: [{ serviceBroker: "Azure" }], own: 200, other: 200 },
  { route: "GET /v1/_batch", query: "ids=:thing", own: 200, other: 200 },
  { route: "PATCH /v1/_batch", body: [{ id: "1", name: "Boiler" }], own: 200, other: 200 },
  { route: "DELETE /v1/_batch", query: "ids=:thing", own: 200, other: 404 },
  { route: "DELETE /v1/thing/:thing", own: 200, other: 404 },
];
