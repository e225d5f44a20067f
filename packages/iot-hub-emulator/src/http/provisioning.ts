/** The device API of the provisioning service over HTTPS, and how all its routes answer. */
import { asProvisioningError, errorDocument } from "../provisioning/errors.ts";
import type { ProvisioningError } from "../provisioning/errors.ts";
import type { DeviceAnswer, Provisioning } from "../provisioning/provisioning.ts";
import type { Caller } from "../provisioning/sign-in.ts";
import { readJson } from "./exchange.ts";
import type { HubRequest, HubResponse, Route } from "./exchange.ts";
import { enrollmentRoutes, requireVersion } from "./enrollments.ts";

const REQUEST_BYTES = 64 * 1024;

/** All routes of the service. They sign callers in themselves, because neither tokens nor refusals are the hub's. */
export function provisioningRoutes(provisioning: Provisioning): readonly Route[] {
  return [...deviceRoutes(provisioning), ...enrollmentRoutes(provisioning)].map((route) => ({
    ...route,
    handle: (request) => answered(route, request),
  }));
}

function deviceRoutes(provisioning: Provisioning): readonly Route[] {
  const route = (
    method: Route["method"],
    path: string,
    operate: (caller: Caller, request: HubRequest) => DeviceAnswer | Promise<DeviceAnswer>,
  ): Route => ({
    method,
    path,
    access: { kind: "public" },
    maxBody: REQUEST_BYTES,
    handle: async (request) => {
      requireVersion(request);
      return deviceResponse(await operate(callerOf(request), request));
    },
  });
  return [
    route("PUT", "/:idScope/registrations/:registrationId/register", (caller, request) =>
      provisioning.register(caller, documentOf(request)),
    ),
    route("GET", "/:idScope/registrations/:registrationId/operations/:operationId", (caller, { params }) =>
      provisioning.operation(caller, params["operationId"] ?? ""),
    ),
    route("POST", "/:idScope/registrations/:registrationId", (caller) => provisioning.lookUp(caller)),
  ];
}

function callerOf({ params, headers, peerCertificates }: HubRequest): Caller {
  const { authorization } = headers;
  return {
    idScope: params["idScope"] ?? "",
    registrationId: params["registrationId"] ?? "",
    certificates: authorization === undefined ? peerCertificates() : [],
    ...(authorization === undefined ? {} : { token: authorization }),
  };
}

function documentOf(request: HubRequest): unknown {
  return request.body.length === 0 ? {} : readJson(request);
}

function deviceResponse({ status, document, retryAfterSeconds }: DeviceAnswer): HubResponse {
  const headers = retryAfterSeconds === undefined ? {} : { "Retry-After": String(retryAfterSeconds) };
  return { status, json: document, headers };
}

// Faults of ours are told as the hub tells them, and reported there.
async function answered(route: Route, request: HubRequest): Promise<HubResponse> {
  try {
    return await route.handle(request);
  } catch (error) {
    const refusal = asProvisioningError(error);
    if (refusal === undefined) throw error;
    return refused(refusal, request.hub.now());
  }
}

function refused(error: ProvisioningError, now: number): HubResponse {
  return { status: error.status, json: errorDocument(error, now) };
}
