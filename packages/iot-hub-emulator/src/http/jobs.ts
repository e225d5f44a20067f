/** Scheduled jobs over REST. */
import { readJson } from "./exchange.ts";
import type { HubRequest, HubResponse, Route } from "./exchange.ts";
import { pageRequestOf, pageResponse } from "./queries.ts";

const CONNECT = { kind: "service", permission: "ServiceConnect" } as const;
/** A method's payload or a twin at its limits, with room for the rest. */
const JOB_BYTES: number = 512 * 1024;

export const JOB_ROUTES: readonly Route[] = [
  { method: "GET", path: "/jobs/v2/query", access: CONNECT, handle: list },
  { method: "GET", path: "/jobs/v2/:jobId", access: CONNECT, handle: get },
  { method: "PUT", path: "/jobs/v2/:jobId", access: CONNECT, maxBody: JOB_BYTES, handle: schedule },
  { method: "POST", path: "/jobs/v2/:jobId/cancel", access: CONNECT, maxBody: JOB_BYTES, handle: cancel },
];

function list(request: HubRequest): HubResponse {
  const [type, status] = [request.query.get("jobType"), request.query.get("jobStatus")];
  const filter = { ...(type === null ? {} : { type }), ...(status === null ? {} : { status }) };
  const { rows, continuation } = request.hub.jobs.list(filter, pageRequestOf(request));
  return pageResponse(rows, "JobResponse", continuation);
}

function get({ hub, params }: HubRequest): HubResponse {
  return { status: 200, json: hub.jobs.get(params["jobId"] ?? "") };
}

async function schedule(request: HubRequest): Promise<HubResponse> {
  return { status: 200, json: await request.hub.jobs.schedule(request.params["jobId"] ?? "", readJson(request)) };
}

async function cancel({ hub, params }: HubRequest): Promise<HubResponse> {
  return { status: 200, json: await hub.jobs.cancel(params["jobId"] ?? "") };
}
