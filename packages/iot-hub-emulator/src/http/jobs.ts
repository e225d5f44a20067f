/** Scheduled jobs, and imports and exports of the registry, over REST. */
import { readJson } from "./exchange.ts";
import type { HubRequest, HubResponse, Route } from "./exchange.ts";
import { pageRequestOf, pageResponse } from "./queries.ts";

const CONNECT = { kind: "service", permission: "ServiceConnect" } as const;
/** An export has the keys of all devices. */
const WRITE = { kind: "service", permission: "RegistryWrite" } as const;
const TRANSFER_BYTES: number = 16 * 1024;
/** A method's payload or a twin at its limits, with room for the rest. */
const JOB_BYTES: number = 512 * 1024;

export const JOB_ROUTES: readonly Route[] = [
  { method: "GET", path: "/jobs/v2/query", access: CONNECT, handle: list },
  { method: "GET", path: "/jobs/v2/:jobId", access: CONNECT, handle: get },
  { method: "PUT", path: "/jobs/v2/:jobId", access: CONNECT, maxBody: JOB_BYTES, handle: schedule },
  { method: "POST", path: "/jobs/v2/:jobId/cancel", access: CONNECT, maxBody: JOB_BYTES, handle: cancel },
  { method: "POST", path: "/jobs/create", access: WRITE, maxBody: TRANSFER_BYTES, handle: createTransfer },
  { method: "GET", path: "/jobs", access: WRITE, handle: listTransfers },
  { method: "GET", path: "/jobs/:jobId", access: WRITE, handle: getTransfer },
  { method: "DELETE", path: "/jobs/:jobId", access: WRITE, handle: cancelTransfer },
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

async function createTransfer(request: HubRequest): Promise<HubResponse> {
  return { status: 200, json: await request.hub.transfers.create(readJson(request)) };
}

function listTransfers({ hub }: HubRequest): HubResponse {
  return { status: 200, json: hub.transfers.list() };
}

function getTransfer({ hub, params }: HubRequest): HubResponse {
  return { status: 200, json: hub.transfers.get(params["jobId"] ?? "") };
}

async function cancelTransfer({ hub, params }: HubRequest): Promise<HubResponse> {
  await hub.transfers.cancel(params["jobId"] ?? "");
  return { status: 204 };
}
