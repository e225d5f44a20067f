/** As `route-inputs.ts`, for Para's face. */
import type { RouteInput } from "./route-inputs.ts";

const OBJECT =
  "id type name tags:array votes:integer version:integer stored:boolean indexed:boolean cached:boolean deviceState:object";
const NEW_THING = `serviceBroker! ${OBJECT} timestamp:integer creatorid parentid`;
const PAGER = "page:integer limit:integer sort desc:boolean lastKey select";
const SEARCH = `${PAGER} q id ids:array field prefix terms:array matchall:boolean count:boolean tags:array like fields:array filterid`;
const IDS = "ids!:array";

export const PARA_INPUTS: Readonly<Record<string, RouteInput>> = {
  "GET /v1/_setup/{app}": { query: "name" },
  "GET /v1/_types": { query: "count:boolean" },
  "PATCH /v1/app/{app}": { body: "name" },
  "GET /v1/app": { query: PAGER },
  "GET /v1/app/search": { query: SEARCH },
  "GET /v1/app/search/{queryType}": { query: SEARCH },
  "POST /v1/thing": { query: "select", body: NEW_THING, status: 201 },
  "GET /v1/thing": { query: PAGER },
  "GET /v1/thing/search": { query: SEARCH },
  "GET /v1/thing/search/{queryType}": { query: SEARCH },
  "GET /v1/search": { query: `type ${SEARCH}` },
  "GET /v1/search/{queryType}": { query: `type ${SEARCH}` },
  "GET /v1/thing/{id}": { query: "select" },
  "GET /v1/_id/{id}": { query: "select" },
  "PATCH /v1/thing/{id}": { query: "select", body: `${OBJECT} _voteup _votedown` },
  "PUT /v1/thing/{id}": { query: "select", body: NEW_THING },
  "POST /v1/thing/{id}/_newkeys": { body: "key" },
  "POST /v1/_batch": { body: NEW_THING, list: true },
  "PUT /v1/_batch": { body: NEW_THING, list: true },
  "PATCH /v1/_batch": { body: OBJECT, list: true },
  "GET /v1/_batch": { query: `${IDS} select` },
  "DELETE /v1/_batch": { query: IDS },
};
